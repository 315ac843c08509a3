// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "smtx.hpp"

#include "text_reader.hpp"

#include <algorithm>
#include <utility>

namespace septet::io {
namespace {

class SmtxReader {
 public:
  explicit SmtxReader(const std::string& path) : text_(path) { matrix_.path = path; }

  FileMatrix read() {
    matrix_.element = Element::pattern;
    matrix_.coordinate = true;
    read_sizes();
    read_offsets();
    read_columns();
    expect_file_end();
    sort_rows();
    return std::move(matrix_);
  }

 private:
  void read_sizes();
  void read_offsets();
  void read_columns();
  void expect_file_end();
  void sort_rows();

  Index parse_number(const std::string& what, std::string_view word) const;
  template <class Take>
  void read_list(const char* one, const char* many, Index count, Take take);

  TextReader text_;
  FileMatrix matrix_;
  std::vector<std::int64_t> offsets_;
};

Index SmtxReader::parse_number(const std::string& what, std::string_view word) const {
  std::int64_t value = 0;
  const Parsed parsed = parse_integer(word, value);
  if (parsed == Parsed::malformed) text_.fail("{} {} is not a whole number", what, quoted(word));
  if (parsed == Parsed::out_of_range) text_.fail("{} {} does not fit 64 bits", what, quoted(word));
  if (value < 0) text_.fail("{} {} is negative", what, value);
  return value;
}

void SmtxReader::read_sizes() {
  if (!text_.next_line()) io::fail(matrix_.path, "the file is empty");
  // Blanks around the commas are free: one string of all words, cut at the commas.
  std::string line;
  std::string_view word;
  for (int words = 0; words < 6 && text_.next_word(word); ++words) {
    if (!line.empty() && line.back() != ',' && word[0] != ',') line += ' ';
    line += word;
  }
  if (std::count(line.begin(), line.end(), ',') != 2) text_.fail("'rows, cols, nnz' is expected, not {}", quoted(line));
  const std::size_t first = line.find(','), second = line.rfind(',');
  matrix_.rows = parse_number("the number of rows", std::string_view(line).substr(0, first));
  matrix_.cols = parse_number("the number of columns", std::string_view(line).substr(first + 1, second - first - 1));
  matrix_.stored = parse_number("the number of entries", std::string_view(line).substr(second + 1));
  if (std::max(matrix_.rows, matrix_.cols) > kMaxFileDimension) {
    text_.fail("{} x {}: at most {} rows or columns", matrix_.rows, matrix_.cols, kMaxFileDimension);
  }
  if (matrix_.stored > matrix_.rows * matrix_.cols) {
    text_.fail("{} entries do not fit into {} x {} elements", matrix_.stored, matrix_.rows, matrix_.cols);
  }
}

// One line of exactly `count` numbers. Their count is the file's claim, so whatever `take` fills must grow.
template <class Take>
void SmtxReader::read_list(const char* one, const char* many, Index count, Take take) {
  std::string_view word;
  Index found = 0;
  for (; text_.next_word(word); ++found) {
    if (found == count) text_.fail("more than the expected {} {}", count, many);
    take(found, parse_number(one, word));
  }
  if (found < count) text_.fail("{} of {} {}", found, count, many);
}

void SmtxReader::read_offsets() {
  if (!text_.next_line()) text_.fail("the file ends before the row offsets");
  Index previous = 0;
  read_list("row offset", "row offsets", matrix_.rows + 1, [&](Index row, Index offset) {
    if (row == 0 && offset != 0) text_.fail("the first row offset is {}, not 0", offset);
    if (offset < previous) text_.fail("row offset {} ({}) is less than the one before ({})", row, offset, previous);
    if (offset - previous > matrix_.cols) {
      text_.fail("row {} has {} entries in {} columns", row - 1, offset - previous, matrix_.cols);
    }
    previous = offset;
    offsets_.push_back(offset);
  });
  if (previous != matrix_.stored) text_.fail("the last row offset is {}, not nnz = {}", previous, matrix_.stored);
}

void SmtxReader::read_columns() {
  if (!text_.next_line()) {
    if (matrix_.stored == 0) return;
    text_.fail("the file ends before the column indices");
  }
  std::size_t row = 0;
  read_list("column index", "column indices", matrix_.stored, [&](Index position, Index column) {
    if (column >= matrix_.cols) {
      text_.fail("column index {} in a matrix of {} columns, indices are 0-based", column, matrix_.cols);
    }
    while (offsets_[row + 1] <= position) ++row;
    matrix_.entries.push_back({static_cast<std::int32_t>(row), static_cast<std::int32_t>(column), 1.0});
  });
}

void SmtxReader::expect_file_end() {
  while (text_.next_line()) {
    if (text_.peek() != '\n') text_.fail("unexpected text after the column indices");
  }
}

void SmtxReader::sort_rows() {
  const auto before = [](const Entry& a, const Entry& b) { return std::pair(a.row, a.col) < std::pair(b.row, b.col); };
  if (!std::is_sorted(matrix_.entries.begin(), matrix_.entries.end(), before)) {
    std::sort(matrix_.entries.begin(), matrix_.entries.end(), before);
  }
  const auto equal = [&](const Entry& a, const Entry& b) { return !before(a, b); };  // for sorted neighbours
  const auto repeated = std::adjacent_find(matrix_.entries.begin(), matrix_.entries.end(), equal);
  if (repeated != matrix_.entries.end()) {
    io::fail(matrix_.path, fmt::format("line 3: row {} holds column {} twice", repeated->row, repeated->col));
  }
}

}  // namespace

FileMatrix read_smtx(const std::string& path) { return SmtxReader(path).read(); }

}  // namespace septet::io
