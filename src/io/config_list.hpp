// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A file of models' configurations: a list of objects in JSON, each with a name.
#pragma once

#include "json_object.hpp"

#include <string>

namespace septet::io {

/// A file of such: a list, which no network's index is. Throws Error if it cannot be read.
bool is_config_list(const std::string& path);

class ConfigList {
 public:
  /// Throws Error.
  explicit ConfigList(const std::string& path);

  /// The model of that name; "": the only one. Refers to this list. Throws Error, which lists them.
  JsonObject named(const std::string& model) const;

 private:
  std::string path_;
  Json json_;
};

}  // namespace septet::io
