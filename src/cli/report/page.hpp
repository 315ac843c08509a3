// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Reports as one file of HTML that opens anywhere, without a network: the frame, its styles, and pieces of tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// `body` is HTML, `script` JavaScript; the others are text.
struct Page {
  std::string title;
  std::string heading;
  std::string lead;
  std::string body;
  std::string script;
};
std::string page(const Page& page);

/// A line of a <dl>; nothing where there is no value.
std::string fact(const std::string& what, const std::string& value);

struct Column {
  std::string header;
  bool word;
};
/// Rows are <tr>s with a cell for each column.
std::string sortable_table(const std::string& id, const std::vector<Column>& columns,
                           const std::vector<std::string>& rows);
/// With the exact number beside the text, by which it is sorted; empty where there is none.
std::string number_cell(const char* format, std::optional<double> value, const char* cell_class = "");
std::string word_cell(const std::string& text);

}  // namespace septet::cli
