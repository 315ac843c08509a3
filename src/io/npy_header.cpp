// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "npy.hpp"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

namespace septet::io {
namespace {

struct Dtype {
  std::string_view name;
  Element element;
};

constexpr Dtype kDtypes[] = {{"f2", Element::f16}, {"f4", Element::f32}, {"f8", Element::f64}, {"i1", Element::s8},
                             {"u1", Element::u8},  {"i2", Element::s16}, {"u2", Element::u16}, {"i4", Element::s32},
                             {"u4", Element::u32}, {"i8", Element::s64}, {"u8", Element::u64}};

// What the dtypes that no matrix of numbers has are called.
const char* kind_of_dtype(char kind) {
  switch (kind) {
    case 'b':
      return "truth values: convert with .astype('u1')";
    case 'c':
      return "complex numbers";
    case 'f':
      return "floats of this size";
    case 'i':
    case 'u':
      return "integers of this size";
    case 'O':
      return "Python objects, which are never unpickled";
    case 'S':
    case 'a':
    case 'U':
      return "strings";
    case 'V':
      return "raw bytes";
    case 'M':
    case 'm':
      return "dates and times";
    default:
      return "nothing known";
  }
}

// The subset of Python literals that NumPy writes: strings without escapes, True, False, tuples of whole numbers.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text, Index offset)
      : path_(path), text_(text), offset_(offset) {}

  NpyHeader parse();

 private:
  void parse_item(NpyHeader& header);
  void parse_descr(NpyHeader& header);
  bool parse_bool();
  std::vector<Index> parse_shape();
  Index parse_dimension();
  std::string_view parse_string(const char* what);

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  char peek() {  // NUL at the end
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* what) {
    if (!take(c)) fail("the header is no dict as NumPy writes it: '{}' {} is expected", c, what);
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    io::fail(path_, fmt::format("byte {}: ", offset_ + static_cast<Index>(at_)) +
                        fmt::format(format, std::forward<Args>(args)...));
  }

  const std::string& path_;
  std::string_view text_;
  Index offset_;
  std::size_t at_ = 0;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

NpyHeader HeaderParser::parse() {
  NpyHeader header;
  expect('{', "at its beginning");
  while (!take('}')) {
    parse_item(header);
    if (take('}')) break;
    expect(',', "or '}' between its items");
  }
  if (peek() != '\0' || at_ != text_.size()) fail("unexpected text behind the header's dict");
  if (text_.back() != '\n') fail("the header does not end with a newline");
  const char* missing = !has_descr_ ? "descr" : !has_order_ ? "fortran_order" : !has_shape_ ? "shape" : nullptr;
  if (missing != nullptr) fail("the header has no key '{}'", missing);
  return header;
}

void HeaderParser::parse_item(NpyHeader& header) {
  const std::string_view key = parse_string("a key");
  bool* seen = key == "descr" ? &has_descr_ : key == "fortran_order" ? &has_order_ : &has_shape_;
  if (seen == &has_shape_ && key != "shape") fail("unknown header key {}", quoted(key));
  if (std::exchange(*seen, true)) fail("header key {} appears twice", quoted(key));
  expect(':', "after a key");
  if (seen == &has_descr_) {
    parse_descr(header);
  } else if (seen == &has_order_) {
    header.fortran_order = parse_bool();
  } else {
    header.shape = parse_shape();
  }
}

std::string_view HeaderParser::parse_string(const char* what) {
  const char quote = peek();
  if (quote != '\'' && quote != '"') fail("the header is no dict as NumPy writes it: {} in quotes is expected", what);
  const std::size_t begin = ++at_;
  const std::size_t end = text_.find(quote, begin);
  if (end == std::string_view::npos) fail("a string in the header does not end");
  at_ = end + 1;
  return text_.substr(begin, end - begin);
}

// Byte order, kind, size: "<f4". A byte has no order: "|i1".
void HeaderParser::parse_descr(NpyHeader& header) {
  if (peek() == '[' || peek() == '(' || peek() == '{') fail("a structured dtype is not a matrix of numbers");
  const std::string_view descr = parse_string("a dtype");
  const char order = descr.empty() ? '\0' : descr[0];
  const std::string_view dtype = descr.substr(descr.empty() ? 0 : 1);
  for (const Dtype& known : kDtypes) {
    if (dtype != known.name) continue;
    const bool byte = known.element == Element::s8 || known.element == Element::u8;
    if (order != '<' && order != '>' && !(byte && order == '|')) {
      fail("dtype {} has no byte order: < or > is expected", quoted(descr));
    }
    header.element = known.element;
    header.big_endian = order == '>';
    return;
  }
  const bool ordered = order == '<' || order == '>' || order == '|';
  if (!ordered || dtype.empty()) fail("dtype {} has no byte order: <, > or | is expected", quoted(descr));
  const bool known_kind = dtype.find_first_not_of("0123456789", 1) == std::string_view::npos;
  fail("dtype {} is not supported: {}", quoted(descr), known_kind ? kind_of_dtype(dtype[0]) : "nothing known");
}

bool HeaderParser::parse_bool() {
  skip_blanks();
  if (take_word("True")) return true;
  if (take_word("False")) return false;
  fail("fortran_order is neither True nor False");
}

std::vector<Index> HeaderParser::parse_shape() {
  std::vector<Index> shape;
  expect('(', "at the beginning of the shape");
  while (!take(')')) {
    shape.push_back(parse_dimension());
    const bool comma = take(',');
    if (take(')')) {
      if (shape.size() == 1 && !comma) fail("the shape is a number in parentheses, not a tuple");
      break;
    }
    if (!comma) fail("the shape is not a tuple of whole numbers");
  }
  return shape;
}

Index HeaderParser::parse_dimension() {
  const char first = peek();
  if (first == '-') fail("negative dimension in the shape");
  const std::size_t digits = at_;
  Index size = 0;
  const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
  if (result.ec == std::errc::invalid_argument) fail("the shape is not a tuple of whole numbers");
  if (result.ec != std::errc()) fail("a dimension in the shape does not fit 64 bits");
  at_ = static_cast<std::size_t>(result.ptr - text_.data());
  if (first == '0' && at_ - digits > 1) fail("a dimension in the shape begins with 0");
  take_word("L");  // how Python 2 wrote a long
  return size;
}

}  // namespace

NpyHeader parse_npy_header(const std::string& path, std::string_view header, Index offset) {
  return HeaderParser(path, header, offset).parse();
}

}  // namespace septet::io
