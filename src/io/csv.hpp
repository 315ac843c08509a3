// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Values separated by commas, without quotes: a header and lines below it. Blanks around values, commas at the ends of
// lines, empty lines and a byte order mark count for nothing.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::io {

struct CsvLine {
  Index number = 0;  ///< in the file, 1-based
  std::vector<std::string> values;
};

struct CsvFile {
  std::string path;
  std::vector<std::string> header;  ///< in lower case
  std::vector<CsvLine> lines;
};

/// Throws Error.
CsvFile read_csv(const std::string& path);

/// A line's values by the names of their columns. Everything throws Error about file, line and column.
class CsvRow {
 public:
  CsvRow(const CsvFile& file, const CsvLine& line) : file_(&file), line_(&line) {}

  bool has(const std::string& column) const;
  /// Where a column is; the first of that name.
  std::size_t find(const std::string& column) const;

  /// "" beyond the line's end.
  std::string text(std::size_t column) const;
  std::string text(const std::string& column) const { return text(find(column)); }
  /// At least `least`.
  Index integer(std::size_t column, Index least) const;
  Index integer(const std::string& column, Index least) const { return integer(find(column), least); }

  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail(std::size_t column, const std::string& message) const;
  [[noreturn]] void fail(const std::string& column, const std::string& message) const { fail(find(column), message); }

  /// The product, which has to fit 64 bits.
  Index product(std::initializer_list<Index> factors) const;
  /// The column holds `expected`, which `what` makes.
  void require(const std::string& column, Index expected, const std::string& what) const;

 private:
  const CsvFile* file_;
  const CsvLine* line_;
};

}  // namespace septet::io
