// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Words of a text file, line by line, in constant memory however long its lines are, and strict numbers from words.
//
// Lines end with LF or CR LF; words are separated by blanks and tabs. A carriage return alone, a control character
// or a byte beyond ASCII in a word is an error; lines that are skipped unread (comments) may hold anything.
#pragma once

#include "input.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace septet::io {

class TextReader {
 public:
  explicit TextReader(const std::string& path);

  /// Goes to the beginning of the next line, skipping what is left of this one. False at the end of the file.
  bool next_line();
  /// The next character of this line that is neither blank nor tab, without taking it; '\n' at the end of the line.
  char peek();
  /// The next word of this line, valid until the next call. False at the end of the line.
  bool next_word(std::string_view& word);

  const std::string& path() const { return file_.path(); }
  /// 1-based; at the end of the file the last line.
  Index line() const { return line_; }

  /// Throws Error about this line.
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    io::fail(path(), fmt::format("line {}: ", line_) + fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  bool refill();

  InputFile file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // buffer_[begin_, end_) is read but not taken
  std::size_t end_ = 0;
  Index line_ = 0;
};

enum class Parsed : std::uint8_t { ok, malformed, out_of_range };

/// Decimal digits with an optional sign, and nothing else.
Parsed parse_integer(std::string_view word, std::int64_t& value);

/// A decimal number with optional sign, fraction and exponent (e or E), or inf, infinity, nan in any case. Rounded to
/// nearest even; what is too small becomes zero, what is too large is out of range.
Parsed parse_real(std::string_view word, double& value);

}  // namespace septet::io
