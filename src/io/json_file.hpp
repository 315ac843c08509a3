// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// JSON that a user wrote.
#pragma once

#include "septet/types.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace septet::io {

/// Keys stay in the order in which they were put in.
using Json = nlohmann::ordered_json;

/// Throws Error with the line and byte of what is no JSON; of a key that an object has twice; and of a file of more
/// than `max_bytes`, "too large for `what`".
Json read_json(const std::string& path, Index max_bytes, const std::string& what);

}  // namespace septet::io
