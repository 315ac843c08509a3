// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// An object of a JSON file and where in it it is, so that every complaint names the file, the place and the key.
#pragma once

#include "json_file.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace septet::io {

/// Everything throws Error; a key without a default has to be there.
class JsonObject {
 public:
  /// Refuses what is no object. `json` has to outlive it.
  JsonObject(std::string path, std::string where, const Json& json);

  const std::string& path() const { return path_; }
  const Json& json() const { return *json_; }
  bool has(const std::string& key) const { return json_->contains(key); }
  /// The value is a text (rather than a number).
  bool is_text(const std::string& key) const;
  /// It is null, which is not known.
  bool is_null(const std::string& key) const { return value(key).is_null(); }

  Index integer(const std::string& key) const;
  Index integer(const std::string& key, Index otherwise) const { return has(key) ? integer(key) : otherwise; }
  double real(const std::string& key) const;
  double real(const std::string& key, double otherwise) const { return has(key) ? real(key) : otherwise; }
  bool truth(const std::string& key, bool otherwise) const;
  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
  }
  std::vector<Index> integers(const std::string& key) const;
  /// Empty where the key is missing.
  JsonObject object(const std::string& key) const;
  std::vector<JsonObject> objects(const std::string& key) const;

  /// Every key is one of these.
  void require_known(std::initializer_list<const char*> keys) const;

  /// Throws Error about the object.
  [[noreturn]] void fail(const std::string& message) const;
  /// "where: key".
  std::string place(const std::string& key) const;

 private:
  const Json& value(const std::string& key) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& message) const;
  Index integer_of(const std::string& key, const Json& number) const;

  std::string path_, where_;
  const Json* json_;
};

}  // namespace septet::io
