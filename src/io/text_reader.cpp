// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "text_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

namespace septet::io {
namespace {

constexpr std::size_t kBufferSize = 1 << 16;
// Longer than any number that someone may have printed in full (5e-324 has 1074 digits after the point).
constexpr std::size_t kMaxWord = 4096;
static_assert(kMaxWord < kBufferSize, "a word must fit into the buffer");

bool is_separator(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_printable(char c) { return c > 0x20 && c < 0x7f; }

// from_chars takes no plus sign, though Fortran and C print and read one.
std::string_view without_plus(std::string_view word) {
  const bool plus = word.size() > 1 && word[0] == '+' && word[1] != '-';
  return plus ? word.substr(1) : word;
}

// Of a well-formed number beyond double's range: is it too small, rather than too large? Its first digit that is not
// zero stands for a power of ten; that power decides.
bool is_tiny(std::string_view number) {
  const std::size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_of("123456789");
  const auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  std::int64_t exponent = 0;
  if (e != std::string_view::npos) {
    const std::string_view digits = without_plus(number.substr(e + 1));
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (result.ec != std::errc()) return digits[0] == '-';  // beyond 64 bits: its sign is enough
  }
  return exponent < -magnitude;
}

}  // namespace

TextReader::TextReader(const std::string& path) : file_(path), buffer_(kBufferSize) {}

// Reads more behind end_, keeping what is not taken. False at the end of the file.
bool TextReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t count = file_.read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += count;
  return count > 0;
}

bool TextReader::next_line() {
  while (line_ > 0) {
    const void* newline = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
    if (newline != nullptr) {
      begin_ = static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data()) + 1;
      break;
    }
    begin_ = end_;
    if (!refill()) return false;
  }
  if (begin_ == end_ && !refill()) return false;
  ++line_;
  return true;
}

char TextReader::peek() {
  for (;; ++begin_) {
    if (begin_ == end_ && !refill()) return '\n';
    const char c = buffer_[begin_];
    if (c == ' ' || c == '\t') continue;
    if (c != '\r') return c;
    const bool last = begin_ + 1 == end_ && !refill();
    if (last || buffer_[begin_ + 1] == '\n') return '\n';
    fail("a carriage return without a line feed");
  }
}

bool TextReader::next_word(std::string_view& word) {
  if (peek() == '\n') return false;
  std::size_t length = 0;
  while (begin_ + length < end_ || refill()) {
    const char c = buffer_[begin_ + length];
    if (is_separator(c)) break;
    if (!is_printable(c)) fail("byte 0x{:02x} is not text", static_cast<unsigned char>(c));
    if (++length > kMaxWord) fail("a word of more than {} characters", kMaxWord);
  }
  word = std::string_view(buffer_.data() + begin_, length);
  begin_ += length;
  return true;
}

Parsed parse_integer(std::string_view word, std::int64_t& value) {
  const std::string_view digits = without_plus(word);
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) return Parsed::malformed;
  return result.ec == std::errc() ? Parsed::ok : Parsed::out_of_range;
}

Parsed parse_real(std::string_view word, double& value) {
  const std::string_view number = without_plus(word);
  const char* end = number.data() + number.size();
  if (number.empty() || number.back() == ')') return Parsed::malformed;  // nan(…): no two libraries agree on it
  const auto result = std::from_chars(number.data(), end, value);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) return Parsed::malformed;
  if (result.ec == std::errc()) return Parsed::ok;
  if (!is_tiny(number[0] == '-' ? number.substr(1) : number)) return Parsed::out_of_range;
  value = number[0] == '-' ? -0.0 : 0.0;
  return Parsed::ok;
}

}  // namespace septet::io
