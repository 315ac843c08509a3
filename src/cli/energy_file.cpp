// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "energy_file.hpp"

#include "errors.hpp"
#include "io/json_file.hpp"
#include "output.hpp"

#include <algorithm>
#include <utility>

namespace septet::cli {
namespace {

// No table of two dozen entries is larger: what is, is another file.
constexpr Index kMaxBytes = 1 << 20;

[[noreturn]] void refuse_file(const std::string& path, std::string why) {
  throw Error(Status(Cause::bad_file, path, std::move(why)));
}

double value_of(const std::string& path, const std::string& key, const Json& entry) {
  if (!entry.is_object()) refuse_file(path, cli::quoted(key) + R"( is not of the form {"value": x, "source": "..."})");
  for (const auto& field : entry.items()) {
    if (field.key() != "value" && field.key() != "source") {
      refuse_file(path, cli::quoted(key) + " has an unknown field " + cli::quoted(field.key()));
    }
  }
  const auto value = entry.find("value"), source = entry.find("source");
  if (value == entry.end()) refuse_file(path, cli::quoted(key) + " has no \"value\"");
  if (!value->is_number()) refuse_file(path, cli::quoted(key) + ": the value is not a number");
  if (source == entry.end()) refuse_file(path, cli::quoted(key) + " has no \"source\"");
  if (!source->is_string()) refuse_file(path, cli::quoted(key) + ": the source is not a text");
  return value->get<double>();
}

}  // namespace

emulation::EnergyTable read_energy_table(const std::string& path) {
  const Json json = io::read_json(path, kMaxBytes, "an energy table");
  if (!json.is_object()) refuse_file(path, "is not a JSON object of entries");
  const auto& entries = emulation::energy_entries();
  for (const auto& field : json.items()) {
    const bool known = std::any_of(entries.begin(), entries.end(),
                                   [&](const emulation::EnergyEntry& entry) { return field.key() == entry.key; });
    if (!known) refuse_file(path, cli::quoted(field.key()) + " is no entry of an energy table");
  }
  emulation::EnergyTable table;
  for (const emulation::EnergyEntry& entry : entries) {
    const auto found = json.find(entry.key);
    if (found == json.end()) refuse_file(path, cli::quoted(entry.key) + " is missing");
    table.*entry.value = value_of(path, entry.key, *found);
  }
  const Status status = emulation::check_energy(table);
  if (!status.ok()) refuse_file(path, cli::quoted(status.argument().substr(6)) + " " + status.message());  // "table."
  return table;
}

std::string energy_table_json() {
  const emulation::EnergyTable table;
  Json json;
  for (const emulation::EnergyEntry& entry : emulation::energy_entries()) {
    json[entry.key] = {{"value", table.*entry.value}, {"source", entry.source}};
  }
  std::string text = dump(json);
  text.pop_back();  // the line's end, which whoever prints it adds
  return text;
}

}  // namespace septet::cli
