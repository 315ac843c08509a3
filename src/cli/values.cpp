// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "values.hpp"

#include "errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <system_error>

namespace septet::cli {
namespace {

constexpr std::initializer_list<Dataflow> kDataflows = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                                        Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

// All of `text` as a number.
template <class Number>
std::errc parse_number(std::string_view text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc()) return result.ec;
  return result.ptr == text.data() + text.size() ? std::errc() : std::errc::invalid_argument;
}

template <class E>
E parse_name(const std::string& flag, const std::string& text, std::initializer_list<E> values) {
  std::string known;
  for (const E value : values) {
    if (text == name(value)) return value;
    known += (known.empty() ? "" : ", ") + std::string(name(value));
  }
  refuse(flag, quoted(text) + " is none of " + known);
}

}  // namespace

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string parse_file(const std::string& flag, const std::string& text) {
  if (text.empty()) refuse(flag, "'' is no file's name");
  return text;
}

Index parse_whole(const std::string& flag, const std::string& text, Index least, Index most) {
  Index value = 0;
  const std::errc error = parse_number(text, value);
  if (error == std::errc::invalid_argument) refuse(flag, quoted(text) + " is not a whole number");
  if (error == std::errc() && value >= least && value <= most) return value;
  if (most == std::numeric_limits<Index>::max()) refuse(flag, fmt::format("{} is not {} to 2^63 - 1", text, least));
  refuse(flag, fmt::format("{} is not {} to {}", text, least, most));
}

double parse_real(const std::string& flag, const std::string& text) {
  double value = 0;
  const std::errc error = parse_number(text, value);
  if (error == std::errc::invalid_argument) refuse(flag, quoted(text) + " is not a number");
  if (error != std::errc()) refuse(flag, quoted(text) + " is out of the range of f64");
  return value;
}

ArrayShape parse_array(const std::string& flag, const std::string& text) {
  const std::vector<std::string> sides = split(text, 'x');
  ArrayShape array;
  const bool shape = sides.size() == 2 && parse_number(sides[0], array.height) == std::errc() &&
                     parse_number(sides[1], array.width) == std::errc();
  if (!shape) refuse(flag, quoted(text) + " is no shape: height x width, as in 16x32, is expected");
  return array;
}

Index parse_bytes(const std::string& flag, const std::string& text) {
  Index unit = 1;
  std::string digits = text;
  if (!text.empty() && (text.back() == 'K' || text.back() == 'M')) {
    unit = text.back() == 'K' ? 1 << 10 : 1 << 20;
    digits.pop_back();
  }
  Index value = 0;
  const std::errc error = parse_number(digits, value);
  if (error == std::errc::invalid_argument) refuse(flag, quoted(text) + " is no number of bytes: 65536, 64K, 1M, ...");
  if (error != std::errc() || value < 1 || value > std::numeric_limits<Index>::max() / unit) {
    refuse(flag, fmt::format("{} is not 1 to 2^63 - 1 bytes", text));
  }
  return value * unit;
}

BlockShape parse_block(const std::string& flag, const std::string& text) {
  const std::vector<std::string> sides = split(text, 'x');
  BlockShape block;
  const bool shape = sides.size() == 2 && parse_number(sides[0], block.rows) == std::errc() &&
                     parse_number(sides[1], block.cols) == std::errc();
  if (!shape) refuse(flag, quoted(text) + " is no shape: rows x columns, as in 8x1, is expected");
  return block;
}

GroupShape parse_group(const std::string& flag, const std::string& text) {
  const std::vector<std::string> numbers = split(text, ':');
  GroupShape group;
  const bool shape = numbers.size() == 2 && parse_number(numbers[0], group.n) == std::errc() &&
                     parse_number(numbers[1], group.m) == std::errc();
  if (!shape) refuse(flag, quoted(text) + " is no group: N:M, as in 2:4, is expected");
  return group;
}

Type parse_type(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {Type::f32, Type::f64, Type::bf16, Type::f16, Type::s8, Type::u8, Type::s16});
}

Dataflow parse_dataflow(const std::string& flag, const std::string& text) {
  if (text == name(Dataflow::automatic)) return Dataflow::automatic;
  for (const Dataflow dataflow : kDataflows) {
    if (text == name(dataflow)) return dataflow;
  }
  refuse(flag, quoted(text) + " is none of auto, dOS, dWS, dIS, sOS, sWS, sIS, csOS");
}

Accumulate parse_accumulate(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {Accumulate::chained, Accumulate::fold_then_add});
}

NamedAccumulator parse_accumulator(const std::string& flag, const std::string& text) {
  const auto is_none = [&] {
    refuse(flag, quoted(text) + " is none of s16 to s32, f16, f32, f64, each alone or with ,clamp or ,wrap");
  };
  const std::vector<std::string> parts = split(text, ',');
  NamedAccumulator named;
  Accumulator& sum = named.accumulator;
  if (parts.size() > 2) is_none();
  if (parts.size() == 2) sum.overflow = parse_name(flag, parts[1], {Overflow::clamp, Overflow::wrap});
  const std::string& type = parts[0];
  if (type.size() == 3 && type[0] == 's') {
    if (parse_number(std::string_view(type).substr(1), sum.bits) != std::errc() || sum.bits < 16 || sum.bits > 32) {
      is_none();
    }
    return named;
  }
  if (type == name(Type::f16)) {
    sum.bits = 16, named.type = Type::f16;
  } else if (type == name(Type::f32) || type == name(Type::f64)) {
    named.type = type == name(Type::f32) ? Type::f32 : Type::f64;
    if (sum.overflow == Overflow::clamp) refuse(flag, type + " goes to infinity: only f16 is clamped");
  } else {
    is_none();
  }
  return named;
}

Mac parse_mac(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {Mac::fused, Mac::unfused});
}

Engine parse_engine(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {Engine::registers, Engine::plan, Engine::plain});
}

Timing parse_timing(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {Timing::serial, Timing::overlapped, Timing::scalesim});
}

Format parse_format(const std::string& flag, const std::string& text) {
  return parse_name(flag, text,
                    {Format::automatic, Format::dense, Format::csr, Format::csc, Format::coo, Format::bsr, Format::ell,
                     Format::sell, Format::bitmap, Format::tsb, Format::csb, Format::nm, Format::tcsr});
}

CombinePolicy parse_combine(const std::string& flag, const std::string& text) {
  return parse_name(flag, text, {CombinePolicy::in_order, CombinePolicy::first_fit});
}

std::vector<Dataflow> all_dataflows(Accumulate accumulate) {
  std::vector<Dataflow> dataflows;
  for (const Dataflow dataflow : kDataflows) {
    if (accumulate == Accumulate::chained || !is_output_stationary(dataflow)) dataflows.push_back(dataflow);
  }
  return dataflows;
}

std::vector<Dataflow> parse_dataflows(const std::string& flag, const std::string& text) {
  std::vector<Dataflow> dataflows;
  for (const std::string& part : split(text, ',')) {
    const Dataflow dataflow = parse_name(flag, part, kDataflows);
    if (std::find(dataflows.begin(), dataflows.end(), dataflow) != dataflows.end()) {
      refuse(flag, part + " is named twice");
    }
    dataflows.push_back(dataflow);
  }
  return dataflows;
}

bool parse_product_shape(const std::string& text, ProductShape& shape) {
  const std::vector<std::string> sides = split(text, 'x');
  if (sides.size() != 3) return false;
  Index* numbers[] = {&shape.m, &shape.n, &shape.k};
  for (int i = 0; i < 3; ++i) {
    const std::errc error = parse_number(sides[i], *numbers[i]);
    if (error == std::errc::invalid_argument) return false;
    if (error != std::errc()) refuse(text, sides[i] + " does not fit 64 bits");
  }
  return true;
}

}  // namespace septet::cli
