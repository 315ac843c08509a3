// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pages of HTML that the command writes.
#pragma once

#include "cli_test_support.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli::test {

/// One well-formed page that asks for nothing else.
void check_page_alone(const std::string& html);

/// HTML's text without its entities.
std::string plain(std::string text);
/// The first text between them; "" where there is none.
std::string between(const std::string& text, const std::string& left, const std::string& right);

struct Cell {
  std::string text;
  std::optional<double> value;  ///< beside the text, exactly
};
/// Rows of a table, cells by their headers.
std::vector<std::map<std::string, Cell>> rows_of(const std::string& html, const std::string& id);
/// 1234567 as "1,234,567".
std::string grouped(long long number);
/// What a page says behind a name.
std::string fact_of(const std::string& html, const std::string& what);

/// The page as a browser shows it, looked at from within: what it loaded, its headings, drawings and their parts, what
/// is outside of them; null where there is no browser. Leaves page.png in the folder.
Json rendered(const Folder& folder, const std::string& html);

}  // namespace septet::cli::test
