// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "json_object.hpp"

#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace septet::io {

JsonObject::JsonObject(std::string path, std::string where, const Json& json)
    : path_(std::move(path)), where_(std::move(where)), json_(&json) {
  if (!json.is_object()) fail("is not a JSON object");
}

void JsonObject::fail(const std::string& message) const {
  io::fail(path_, where_.empty() ? message : where_ + ": " + message);
}

std::string JsonObject::place(const std::string& key) const { return where_.empty() ? key : where_ + ": " + key; }

void JsonObject::refuse(const std::string& key, const std::string& message) const {
  io::fail(path_, place(key) + " " + message);
}

const Json& JsonObject::value(const std::string& key) const {
  const auto found = json_->find(key);
  if (found == json_->end()) refuse(key, "is missing");
  return *found;
}

bool JsonObject::is_text(const std::string& key) const { return has(key) && value(key).is_string(); }

Index JsonObject::integer_of(const std::string& key, const Json& number) const {
  if (!number.is_number_integer()) refuse(key, "is not a whole number");
  const bool large = number.is_number_unsigned() && number.get<std::uint64_t>() > std::numeric_limits<Index>::max();
  if (large) refuse(key, "does not fit 64 bits");
  return number.get<Index>();
}

Index JsonObject::integer(const std::string& key) const { return integer_of(key, value(key)); }

double JsonObject::real(const std::string& key) const {
  const Json& number = value(key);
  if (!number.is_number()) refuse(key, "is not a number");
  return number.get<double>();
}

bool JsonObject::truth(const std::string& key, bool otherwise) const {
  if (!has(key)) return otherwise;
  if (!value(key).is_boolean()) refuse(key, "is neither true nor false");
  return value(key).get<bool>();
}

std::string JsonObject::text(const std::string& key) const {
  const Json& text = value(key);
  if (!text.is_string()) refuse(key, "is not a text");
  return text.get<std::string>();
}

std::vector<Index> JsonObject::integers(const std::string& key) const {
  const Json& list = value(key);
  if (!list.is_array()) refuse(key, "is not a list of whole numbers");
  std::vector<Index> result;
  for (const Json& number : list) result.push_back(integer_of(key, number));
  return result;
}

JsonObject JsonObject::object(const std::string& key) const {
  static const Json empty = Json::object();
  return {path_, place(key), has(key) ? value(key) : empty};
}

std::vector<JsonObject> JsonObject::objects(const std::string& key) const {
  const Json& list = value(key);
  if (!list.is_array()) refuse(key, "is not a list of objects");
  std::vector<JsonObject> result;
  for (const Json& json : list) result.emplace_back(path_, fmt::format("{}[{}]", place(key), result.size()), json);
  return result;
}

void JsonObject::require_known(std::initializer_list<const char*> keys) const {
  for (const auto& field : json_->items()) {
    const bool known =
        std::any_of(keys.begin(), keys.end(), [&](const char* known_key) { return field.key() == known_key; });
    if (!known) fail("unknown key " + io::quoted(field.key()));
  }
}

}  // namespace septet::io
