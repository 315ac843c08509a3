// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "entry_table.hpp"

namespace septet::cli {
namespace {

// No table of two dozen entries is larger: what is, is another file.
constexpr Index kMaxBytes = 1 << 20;

}  // namespace

void refuse_table(const std::string& path, std::string why) {
  throw Error(Status(Cause::bad_file, path, std::move(why)));
}

double entry_value(const std::string& path, const std::string& key, const Json& entry) {
  if (!entry.is_object()) refuse_table(path, cli::quoted(key) + R"( is not of the form {"value": x, "source": "..."})");
  for (const auto& field : entry.items()) {
    if (field.key() != "value" && field.key() != "source") {
      refuse_table(path, cli::quoted(key) + " has an unknown field " + cli::quoted(field.key()));
    }
  }
  const auto value = entry.find("value"), source = entry.find("source");
  if (value == entry.end()) refuse_table(path, cli::quoted(key) + " has no \"value\"");
  if (!value->is_number()) refuse_table(path, cli::quoted(key) + ": the value is not a number");
  if (source == entry.end()) refuse_table(path, cli::quoted(key) + " has no \"source\"");
  if (!source->is_string()) refuse_table(path, cli::quoted(key) + ": the source is not a text");
  return value->get<double>();
}

Json read_entries(const std::string& path, const std::string& what) {
  Json json = io::read_json(path, kMaxBytes, what);
  if (!json.is_object()) refuse_table(path, "is not a JSON object of entries");
  return json;
}

}  // namespace septet::cli
