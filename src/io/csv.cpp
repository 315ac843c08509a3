// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "csv.hpp"

#include "input.hpp"
#include "text_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace septet::io {
namespace {

constexpr Index kMaxBytes = Index{1} << 26;

std::string read_text(const std::string& path) {
  InputFile file(path);
  if (file.size() > kMaxBytes) fail(path, "is too large for a table of layers");
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  text.resize(file.read(text.data(), text.size()));
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Without the empty ones at its end.
std::vector<std::string> values_of(const std::string& path, Index number, std::string_view line) {
  for (const char c : line) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r';
    if (control) fail(path, fmt::format("line {}: byte 0x{:02x} is not text", number, static_cast<unsigned char>(c)));
    if (c == '"') fail(path, fmt::format("line {}: quotes are not supported", number));
  }
  std::vector<std::string> values;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    values.emplace_back(trimmed(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  while (!values.empty() && values.back().empty()) values.pop_back();
  return values;
}

}  // namespace

CsvFile read_csv(const std::string& path) {
  const std::string content = read_text(path);
  std::string_view text = content;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  CsvFile file{path, {}, {}};
  for (Index number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    CsvLine line{number, values_of(path, number, text.substr(0, end))};
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.values.empty()) continue;
    if (file.header.empty()) {
      for (std::string& name : line.values) {
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
      file.header = std::move(line.values);
      continue;
    }
    if (line.values.size() > file.header.size()) {
      fail(path, fmt::format("line {}: {} values below {} columns", number, line.values.size(), file.header.size()));
    }
    file.lines.push_back(std::move(line));
  }
  if (file.header.empty()) fail(path, "the file is empty");
  return file;
}

bool CsvRow::has(const std::string& column) const {
  return std::find(file_->header.begin(), file_->header.end(), column) != file_->header.end();
}

std::size_t CsvRow::find(const std::string& column) const {
  const auto found = std::find(file_->header.begin(), file_->header.end(), column);
  if (found == file_->header.end()) io::fail(file_->path, "column " + column + " is missing");
  return static_cast<std::size_t>(found - file_->header.begin());
}

void CsvRow::fail(const std::string& message) const {
  io::fail(file_->path, fmt::format("line {}: {}", line_->number, message));
}

void CsvRow::fail(std::size_t column, const std::string& message) const {
  fail(fmt::format("column {} ({}): {}", column + 1, file_->header[column], message));
}

std::string CsvRow::text(std::size_t column) const {
  return column < line_->values.size() ? line_->values[column] : std::string();
}

Index CsvRow::integer(std::size_t column, Index least) const {
  const std::string word = text(column);
  if (word.empty()) fail(column, "is empty");
  Index value = 0;
  const Parsed parsed = parse_integer(word, value);
  if (parsed == Parsed::malformed) fail(column, quoted(word) + " is not a whole number");
  if (parsed == Parsed::out_of_range) fail(column, quoted(word) + " does not fit 64 bits");
  if (value < least) fail(column, fmt::format("{}: at least {} is expected", value, least));
  return value;
}

Index CsvRow::product(std::initializer_list<Index> factors) const {
  Index product = 1;
  for (const Index factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product)) fail("sizes whose product is beyond 64 bits");
  }
  return product;
}

void CsvRow::require(const std::string& column, Index expected, const std::string& what) const {
  const Index value = integer(column, 0);
  if (value != expected) fail(column, fmt::format("{}, but {} is {}", value, what, expected));
}

}  // namespace septet::io
