// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tables for people.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// Rows of cells under headers, each column as wide as its widest cell.
class TextTable {
 public:
  enum class Align { left, right };
  struct Column {
    std::string header;
    Align align = Align::right;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells);
  /// Headers (unless all are empty), then the rows, each line indented by two.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 as "1,234,567".
std::string grouped(Index number);
/// A share as "12.34 %".
std::string percent(double share);
/// Seconds as "1.234 ms".
std::string milliseconds(double seconds);

}  // namespace septet::cli
