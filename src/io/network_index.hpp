// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks in a folder: index.json, which lists tensors and steps, and .npy files of weights. docs/network_index.md
// defines every key.
#pragma once

#include "septet/network/network.hpp"

#include <string>

namespace septet::io {

/// Reads an index.json, or the one in a folder. What comes back has passed network::validate(). Throws Error, which
/// names the file, the step or key, and the cause; std::bad_alloc.
network::Network read_network(const std::string& path);

/// Writes a network that validate() accepts into `folder`, which is made if it is not there: its files appear all or
/// none. Throws Error, std::bad_alloc.
void write_network(const std::string& folder, const network::Network& network);

}  // namespace septet::io
