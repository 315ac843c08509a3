// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tables of numbers with their sources as JSON: {"off_chip_pj_per_byte": {"value": 243.75, "source": "where it is
// from"}, …}, all entries once. An entry is a key, a member of the table, and why its default is what it is.
#pragma once

#include "errors.hpp"
#include "io/json_file.hpp"
#include "output.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace septet::cli {

[[noreturn]] void refuse_table(const std::string& path, std::string why);
/// What an entry says. Throws Error about its form.
double entry_value(const std::string& path, const std::string& key, const Json& entry);
/// The object in the file; `what`: "an energy table". Throws Error.
Json read_entries(const std::string& path, const std::string& what);

/// `check(table)`: a Status about "table.KEY". Throws Error, which names the file, the entry and why.
template <class Table, class Entry, class Check>
Table read_entry_table(const std::string& path, const std::string& what, const std::vector<Entry>& entries,
                       Check check) {
  const Json json = read_entries(path, what);
  for (const auto& field : json.items()) {
    const bool known =
        std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return field.key() == entry.key; });
    if (!known) refuse_table(path, cli::quoted(field.key()) + " is no entry of " + what);
  }
  Table table;
  for (const Entry& entry : entries) {
    const auto found = json.find(entry.key);
    if (found == json.end()) refuse_table(path, cli::quoted(entry.key) + " is missing");
    table.*entry.value = entry_value(path, entry.key, *found);
  }
  const Status status = check(table);
  if (!status.ok()) refuse_table(path, cli::quoted(status.argument().substr(6)) + " " + status.message());  // "table."
  return table;
}

/// The default table as a file, without its last line's end, which whoever prints it adds.
template <class Table, class Entry>
std::string entry_table_json(const std::vector<Entry>& entries) {
  const Table table;
  Json json;
  for (const Entry& entry : entries) json[entry.key] = {{"value", table.*entry.value}, {"source", entry.source}};
  std::string text = dump(json);
  text.pop_back();
  return text;
}

}  // namespace septet::cli
