// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "config_list.hpp"

#include "input.hpp"

#include <fmt/format.h>

namespace septet::io {
namespace {

constexpr Index kMaxBytes = Index{1} << 26;

}  // namespace

bool is_config_list(const std::string& path) { return read_json(path, kMaxBytes, "a model's description").is_array(); }

ConfigList::ConfigList(const std::string& path) : path_(path), json_(read_json(path, kMaxBytes, "a list of models")) {
  if (!json_.is_array() || json_.empty()) fail(path, "is no list of models");
}

JsonObject ConfigList::named(const std::string& model) const {
  std::vector<std::string> names;
  std::size_t found = json_.size();
  for (std::size_t i = 0; i < json_.size(); ++i) {
    names.push_back(JsonObject(path_, fmt::format("[{}]", i), json_[i]).text("name"));
    const bool wanted = model.empty() ? json_.size() == 1 : names.back() == model;
    if (wanted && found < json_.size()) fail(path_, fmt::format("[{}]: {} is there twice", i, io::quoted(model)));
    if (wanted) found = i;
  }
  if (found == json_.size()) {
    fail(path_, fmt::format("{} of its models has to be named, by --config: {}",
                            model.empty() ? "one" : io::quoted(model) + " is none; one", fmt::join(names, ", ")));
  }
  return {path_, fmt::format("[{}] ({})", found, names[found]), json_[found]};
}

}  // namespace septet::io
