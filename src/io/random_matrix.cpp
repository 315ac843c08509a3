// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "random_matrix.hpp"

#include "element.hpp"
#include "input.hpp"
#include "text_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <system_error>
#include <utility>

namespace septet::io {
namespace {

constexpr std::string_view kPrefix = "random:";

struct RandomSpec {
  Index rows = 0;
  Index cols = 0;
  Index zeros = 0;
  std::uint64_t seed = 1;
  Element element = Element::f32;
};

class SpecParser {
 public:
  explicit SpecParser(const std::string& spec) : spec_(spec), rest_(std::string_view(spec).substr(kPrefix.size())) {}
  RandomSpec parse();

 private:
  void parse_shape(std::string_view shape);
  void parse_option(std::string_view option);
  void parse_zeros(std::string_view text);
  std::string_view next_part();
  template <class Number>
  bool whole(std::string_view text, Number& number) const;
  [[noreturn]] void fail(std::string message) const {
    throw Error(Status(Cause::bad_option, spec_, std::move(message)));
  }

  const std::string& spec_;
  std::string_view rest_;
  RandomSpec parsed_;
  double zeros_ = 0;
  bool has_zeros_ = false, has_seed_ = false, has_dtype_ = false;
};

// What comes before the next comma. A comma at the very end leaves an empty part, which no option is.
std::string_view SpecParser::next_part() {
  const std::size_t comma = std::min(rest_.find(','), rest_.size());
  const std::string_view part = rest_.substr(0, comma);
  rest_ = comma == rest_.size() ? std::string_view() : rest_.substr(comma);
  return part;
}

template <class Number>
bool SpecParser::whole(std::string_view text, Number& number) const {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && text[0] != '-';
}

void SpecParser::parse_shape(std::string_view shape) {
  const std::size_t x = std::min(shape.find('x'), shape.size());
  const bool numbers =
      x < shape.size() && whole(shape.substr(0, x), parsed_.rows) && whole(shape.substr(x + 1), parsed_.cols);
  if (!numbers) fail(fmt::format("{} is no shape: rows x columns, as in random:64x576, are expected", quoted(shape)));
  if (std::max(parsed_.rows, parsed_.cols) > kMaxFileDimension) {
    fail(fmt::format("at most {} rows or columns", kMaxFileDimension));
  }
}

void SpecParser::parse_zeros(std::string_view text) {
  const bool percent = !text.empty() && text.back() == '%';
  const std::string_view number = text.substr(0, text.size() - (percent ? 1 : 0));
  const bool real = parse_real(number, zeros_) == Parsed::ok;
  if (percent) zeros_ /= 100;
  if (!real || !(zeros_ >= 0 && zeros_ <= 1)) {  // NaN is refused by the comparison
    fail(fmt::format("zeros={} is no share from 0 to 1, or from 0% to 100%", quoted(text)));
  }
}

void SpecParser::parse_option(std::string_view option) {
  const std::size_t equals = std::min(option.find('='), option.size());
  const std::string_view key = option.substr(0, equals);
  const std::string_view value = option.substr(std::min(equals + 1, option.size()));
  bool* seen = key == "zeros" ? &has_zeros_ : key == "seed" ? &has_seed_ : key == "dtype" ? &has_dtype_ : nullptr;
  if (seen == nullptr || equals == option.size()) {
    fail(fmt::format("{} is none of zeros=..., seed=..., dtype=...", quoted(option)));
  }
  if (std::exchange(*seen, true)) fail(fmt::format("{} is given twice", quoted(key)));
  if (key == "zeros") return parse_zeros(value);
  if (key == "seed") {
    if (!whole(value, parsed_.seed)) fail(fmt::format("seed={} is no whole number of 64 bits", quoted(value)));
    return;
  }
  for (const Element element :
       {Element::f32, Element::f64, Element::bf16, Element::f16, Element::s8, Element::u8, Element::s16}) {
    if (value != name(element)) continue;
    parsed_.element = element;
    return;
  }
  fail(fmt::format("dtype={} is none of f32, f64, bf16, f16, s8, u8, s16", quoted(value)));
}

RandomSpec SpecParser::parse() {
  parse_shape(next_part());
  while (!rest_.empty()) {
    rest_.remove_prefix(1);  // the comma
    parse_option(next_part());
  }
  const Index count = parsed_.rows * parsed_.cols;
  if (count * size_of(parsed_.element) > kMaxDenseBytes) {
    fail(fmt::format("{} x {} elements of {} are more than {} bytes", parsed_.rows, parsed_.cols, name(parsed_.element),
                     kMaxDenseBytes));
  }
  parsed_.zeros = static_cast<Index>(std::llround(zeros_ * static_cast<double>(count)));
  return parsed_;
}

// A sign and 24 bits that are not all zero, from the generator's own bits: the standard distributions differ between
// libraries, std::mt19937_64 does not.
std::int32_t next_fraction(std::mt19937_64& generator) {
  for (;;) {
    const std::uint64_t bits = generator();
    const auto magnitude = static_cast<std::int32_t>(bits >> 40);
    if (magnitude != 0) return (bits & 1) != 0 ? -magnitude : magnitude;
  }
}

// The upper bits of one output, not all zero.
template <class T>
T next_integer(std::mt19937_64& generator) {
  for (;;) {
    const auto value = static_cast<T>(generator() >> (64 - 8 * sizeof(T)));
    if (value != 0) return value;
  }
}

template <class T>
T next_value(std::mt19937_64& generator) {
  if constexpr (std::is_integral_v<T>) {
    return next_integer<T>(generator);
  } else if constexpr (kIsNarrowFloat<T>) {
    return T(static_cast<float>(next_fraction(generator)) * 0x1p-24F);
  } else {
    return static_cast<T>(next_fraction(generator)) * static_cast<T>(0x1p-24);
  }
}

// Magnitude as float: exact for all types, of f64 for the values that are drawn.
template <class T>
float magnitude(T value) {
  return std::abs(static_cast<float>(value));
}

template <class T>
void prune(std::vector<T>& values, Index zeros) {
  if (zeros == 0) return;
  std::vector<float> magnitudes(values.size());
  std::transform(values.begin(), values.end(), magnitudes.begin(), magnitude<T>);
  const auto last = magnitudes.begin() + static_cast<std::ptrdiff_t>(zeros - 1);
  std::nth_element(magnitudes.begin(), last, magnitudes.end());
  const float threshold = *last;
  const auto smaller = [threshold](float each) { return each < threshold; };
  Index ties = zeros - std::count_if(magnitudes.begin(), magnitudes.end(), smaller);
  for (T& value : values) {
    const float size = magnitude(value);
    if (size < threshold || (size == threshold && ties-- > 0)) value = T{};
  }
}

}  // namespace

bool is_random_spec(std::string_view path) { return path.substr(0, kPrefix.size()) == kPrefix; }

FileMatrix make_random(const std::string& text) {
  const RandomSpec spec = SpecParser(text).parse();
  FileMatrix matrix;
  matrix.path = text;
  matrix.element = spec.element;
  matrix.rows = spec.rows;
  matrix.cols = spec.cols;
  matrix.stored = spec.rows * spec.cols;
  Type type{};
  native_type(matrix, type);
  visit_type(type, [&](auto zero) {
    std::mt19937_64 generator(spec.seed);
    std::vector<decltype(zero)> values(static_cast<std::size_t>(matrix.stored));
    for (auto& value : values) value = next_value<decltype(zero)>(generator);
    prune(values, spec.zeros);
    matrix.bytes.resize(values.size() * sizeof zero);
    if (!values.empty()) std::memcpy(matrix.bytes.data(), values.data(), matrix.bytes.size());
  });
  return matrix;
}

}  // namespace septet::io
