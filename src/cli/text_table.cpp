// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace septet::cli {
namespace {

constexpr const char* kIndent = "  ";
constexpr const char* kGap = "  ";

// Characters, not bytes: a name may hold any UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string TextTable::text() const {
  std::vector<std::string> headers;
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    headers.push_back(columns_[c].header);
    widths.push_back(width_of(columns_[c].header));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out = kIndent;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string padding(widths[c] - width_of(cells[c]), ' ');
      out += (c == 0 ? "" : kGap) + (columns_[c].align == Align::left ? cells[c] + padding : padding + cells[c]);
    }
    return out.substr(0, out.find_last_not_of(' ') + 1) + '\n';
  };
  const bool headed = std::any_of(headers.begin(), headers.end(), [](const std::string& h) { return !h.empty(); });
  std::string out = headed ? line(headers) : "";
  for (const auto& row : rows_) out += line(row);
  return out;
}

std::string grouped(Index number) {
  std::string digits = std::to_string(number);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string milliseconds(double seconds) { return fmt::format("{:.3f} ms", 1e3 * seconds); }

}  // namespace septet::cli
