// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "matrix_market.hpp"

#include "text_reader.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <utility>

namespace septet::io {
namespace {

enum class Symmetry : std::uint8_t { general, symmetric, skew };

constexpr std::int64_t kMaxExactInteger = std::int64_t{1} << 53;  // every integer up to here is a double

std::string lower_case(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

class MatrixMarketReader {
 public:
  explicit MatrixMarketReader(const std::string& path) : text_(path) { matrix_.path = path; }

  FileMatrix read() {
    read_banner();
    read_sizes();
    if (matrix_.coordinate) {
      read_entries();
    } else {
      read_array();
    }
    return std::move(matrix_);
  }

 private:
  void read_banner();
  void read_field(const std::string& field);
  void read_symmetry(const std::string& symmetry);
  void read_sizes();
  void read_entries();
  void read_array();

  bool next_content_line();
  void expect_line_end(const char* after);
  void expect_file_end(const char* what);
  Index read_size(const char* what);
  std::int32_t read_index(const char* what, Index limit);
  double read_value();
  double read_integer(std::string_view word);
  void add(const Entry& entry);
  void sort_and_merge();
  void merge(Entry& sum, const Entry& entry);
  double mirrored(double value) const;

  TextReader text_;
  FileMatrix matrix_;
  Symmetry symmetry_ = Symmetry::general;
};

// The next line with something on it that is no comment.
bool MatrixMarketReader::next_content_line() {
  while (text_.next_line()) {
    const char first = text_.peek();
    if (first != '\n' && first != '%') return true;
  }
  return false;
}

void MatrixMarketReader::expect_line_end(const char* after) {
  std::string_view word;
  if (text_.next_word(word)) text_.fail("unexpected {} after {}", quoted(word), after);
}

void MatrixMarketReader::expect_file_end(const char* what) {
  if (next_content_line()) text_.fail("more than the declared {} {}", matrix_.stored, what);
}

void MatrixMarketReader::read_banner() {
  if (!text_.next_line()) io::fail(matrix_.path, "the file is empty");
  std::string_view word;
  if (!text_.next_word(word) || lower_case(word) != "%%matrixmarket") {
    text_.fail("the %%MatrixMarket banner is missing");
  }
  std::string words[4];  // object, format, field, symmetry
  for (std::string& each : words) {
    if (!text_.next_word(word)) text_.fail("the banner needs four words: matrix, format, field and symmetry");
    each = lower_case(word);
  }
  expect_line_end("the banner");
  if (words[0] != "matrix") text_.fail("object {} is not supported: only matrix is", quoted(words[0]));
  if (words[1] != "coordinate" && words[1] != "array") {
    text_.fail("unknown format {}: coordinate or array is expected", quoted(words[1]));
  }
  matrix_.coordinate = words[1] == "coordinate";
  read_field(words[2]);
  read_symmetry(words[3]);
}

void MatrixMarketReader::read_field(const std::string& field) {
  if (field == "real" || field == "double") {
    matrix_.element = Element::real;
  } else if (field == "integer") {
    matrix_.element = Element::integer;
  } else if (field == "pattern") {
    matrix_.element = Element::pattern;
    if (!matrix_.coordinate) text_.fail("field pattern needs the coordinate format");
  } else if (field == "complex") {
    text_.fail("field complex is not supported: real, integer or pattern is expected");
  } else {
    text_.fail("unknown field {}: real, integer or pattern is expected", quoted(field));
  }
}

void MatrixMarketReader::read_symmetry(const std::string& symmetry) {
  if (symmetry == "general") {
    symmetry_ = Symmetry::general;
  } else if (symmetry == "symmetric") {
    symmetry_ = Symmetry::symmetric;
  } else if (symmetry == "skew-symmetric") {
    symmetry_ = Symmetry::skew;
    if (matrix_.element == Element::pattern) text_.fail("a pattern cannot be skew-symmetric: it has no signs");
  } else if (symmetry == "hermitian") {
    text_.fail("symmetry hermitian is not supported: it needs the field complex");
  } else {
    text_.fail("unknown symmetry {}: general, symmetric or skew-symmetric is expected", quoted(symmetry));
  }
  matrix_.symmetry = symmetry;
}

Index MatrixMarketReader::read_size(const char* what) {
  std::string_view word;
  if (!text_.next_word(word)) {
    text_.fail("the size line has no number of {}: {} is expected", what,
               matrix_.coordinate ? "rows, columns, entries" : "rows, columns");
  }
  std::int64_t value = 0;
  const Parsed parsed = parse_integer(word, value);
  if (parsed == Parsed::malformed) text_.fail("the number of {}, {}, is not a whole number", what, quoted(word));
  if (parsed == Parsed::out_of_range) text_.fail("the number of {}, {}, does not fit 64 bits", what, quoted(word));
  if (value < 0) text_.fail("the number of {} is negative: {}", what, value);
  return value;
}

void MatrixMarketReader::read_sizes() {
  if (!next_content_line()) text_.fail("the file ends before the size line");
  const Index rows = read_size("rows");
  const Index cols = read_size("columns");
  for (const Index size : {rows, cols}) {
    if (size > kMaxFileDimension) text_.fail("{} x {}: at most {} rows or columns", rows, cols, kMaxFileDimension);
  }
  matrix_.rows = rows;
  matrix_.cols = cols;
  if (matrix_.coordinate) {
    matrix_.stored = read_size("entries");
    if (matrix_.stored > rows * cols) {
      text_.fail("{} entries do not fit into {} x {} elements", matrix_.stored, rows, cols);
    }
  }
  expect_line_end("the size line");
  if (symmetry_ == Symmetry::general) return;
  if (rows != cols) text_.fail("a {} matrix must be square, not {} x {}", matrix_.symmetry, rows, cols);
}

std::int32_t MatrixMarketReader::read_index(const char* what, Index limit) {
  std::string_view word;
  if (!text_.next_word(word)) text_.fail("the entry has no {} index", what);
  std::int64_t index = 0;
  const Parsed parsed = parse_integer(word, index);
  if (parsed == Parsed::malformed) text_.fail("{} index {} is not a whole number", what, quoted(word));
  if (parsed == Parsed::out_of_range) text_.fail("{} index {} is out of range", what, quoted(word));
  if (index == 0) text_.fail("{} index 0, indices are 1-based", what);
  if (index < 0) text_.fail("negative {} index {}", what, index);
  if (index > limit) text_.fail("{} index {}, the matrix has {}", what, index, limit);
  return static_cast<std::int32_t>(index - 1);
}

double MatrixMarketReader::read_integer(std::string_view word) {
  std::int64_t value = 0;
  const Parsed parsed = parse_integer(word, value);
  if (parsed == Parsed::malformed) text_.fail("value {} is not an integer", quoted(word));
  if (parsed == Parsed::out_of_range || value > kMaxExactInteger || value < -kMaxExactInteger) {
    text_.fail("value {} is beyond 2^53, where integers stop being exact", quoted(word));
  }
  return static_cast<double>(value);
}

double MatrixMarketReader::read_value() {
  if (matrix_.element == Element::pattern) return 1;
  std::string_view word;
  if (!text_.next_word(word)) text_.fail("the entry has no value");
  if (matrix_.element == Element::integer) return read_integer(word);
  double value = 0;
  const Parsed parsed = parse_real(word, value);
  if (parsed == Parsed::malformed) text_.fail("value {} is not a number", quoted(word));
  if (parsed == Parsed::out_of_range) text_.fail("value {} overflows a double", quoted(word));
  return value;
}

// What a stored value is on the other side of the diagonal. 0 - x, unlike -x, makes no negative zeros.
double MatrixMarketReader::mirrored(double value) const { return symmetry_ == Symmetry::skew ? 0 - value : value; }

void MatrixMarketReader::add(const Entry& entry) {
  matrix_.entries.push_back(entry);
  if (entry.value == 0) ++matrix_.explicit_zeros_stored;
  if (symmetry_ == Symmetry::general) return;
  if (entry.row < entry.col) {
    text_.fail("row {}, column {} is above the diagonal of a {} matrix", entry.row + 1, entry.col + 1,
               matrix_.symmetry);
  }
  if (entry.row != entry.col) {
    matrix_.entries.push_back({entry.col, entry.row, mirrored(entry.value)});
  } else if (symmetry_ == Symmetry::skew && entry.value != 0) {
    text_.fail("value {} on the diagonal of a skew-symmetric matrix", entry.value);
  }
}

// The number of entries is the file's claim, so `entries` grows as they come.
void MatrixMarketReader::read_entries() {
  for (Index count = 0; count < matrix_.stored; ++count) {
    if (!next_content_line()) text_.fail("the file ends after {} of {} entries", count, matrix_.stored);
    Entry entry{};
    entry.row = read_index("row", matrix_.rows);
    entry.col = read_index("column", matrix_.cols);
    entry.value = read_value();
    expect_line_end("the entry");
    add(entry);
  }
  expect_file_end("entries");
  sort_and_merge();
}

// Adds an entry to an earlier one of the same position. What the file's fields promise holds for the sum as well.
void MatrixMarketReader::merge(Entry& sum, const Entry& entry) {
  const bool finite = std::isfinite(sum.value) && std::isfinite(entry.value);
  sum.value += entry.value;
  const double limit = static_cast<double>(kMaxExactInteger);
  const bool inexact = matrix_.element == Element::integer && std::abs(sum.value) > limit;
  if ((finite && !std::isfinite(sum.value)) || inexact) {
    io::fail(matrix_.path, fmt::format("the repeated entries at row {}, column {} sum up to {}, which overflows",
                                       sum.row + 1, sum.col + 1, sum.value));
  }
  // An entry above the diagonal of a symmetric matrix is a mirror image: the file repeats one position, not two.
  const bool in_file = symmetry_ == Symmetry::general || entry.row >= entry.col;
  if (in_file) ++matrix_.duplicates_stored;
}

// Stable, so that duplicates are summed in the order of the file.
void MatrixMarketReader::sort_and_merge() {
  std::vector<Entry>& entries = matrix_.entries;
  const auto before = [](const Entry& a, const Entry& b) { return std::pair(a.row, a.col) < std::pair(b.row, b.col); };
  if (!std::is_sorted(entries.begin(), entries.end(), before)) {
    std::stable_sort(entries.begin(), entries.end(), before);
  }
  std::size_t kept = 0;
  for (const Entry& entry : entries) {
    if (kept > 0 && !before(entries[kept - 1], entry)) {
      merge(entries[kept - 1], entry);
    } else {
      entries[kept++] = entry;
    }
  }
  entries.resize(kept);
}

// Column by column; symmetric: from the diagonal down, skew-symmetric: from below it.
void MatrixMarketReader::read_array() {
  const Index rows = matrix_.rows, cols = matrix_.cols;
  const Index below = symmetry_ == Symmetry::skew ? 1 : 0;
  const auto first_row = [&](Index col) { return symmetry_ == Symmetry::general ? 0 : col + below; };
  matrix_.stored = symmetry_ == Symmetry::general ? rows * cols : (rows + 1 - below) * (rows - below) / 2;
  std::vector<double> values;
  for (Index count = 0; count < matrix_.stored; ++count) {
    if (!next_content_line()) text_.fail("the file ends after {} of {} values", count, matrix_.stored);
    values.push_back(read_value());
    expect_line_end("the value: an array file has one per line");
  }
  expect_file_end("values");

  matrix_.bytes.resize(static_cast<std::size_t>(rows * cols) * sizeof(double));
  const auto store = [&](Index row, Index col, double value) {
    std::memcpy(matrix_.bytes.data() + static_cast<std::size_t>(row * cols + col) * sizeof(double), &value,
                sizeof(double));
  };
  const double* value = values.data();
  for (Index col = 0; col < cols; ++col) {
    for (Index row = first_row(col); row < rows; ++row, ++value) {
      store(row, col, *value);
      if (symmetry_ != Symmetry::general && row != col) store(col, row, mirrored(*value));
    }
  }
}

}  // namespace

FileMatrix read_matrix_market(const std::string& path) { return MatrixMarketReader(path).read(); }

}  // namespace septet::io
