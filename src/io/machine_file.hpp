// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Lists of machines: as JSON, as CSV with the same keys, or as the table of hardware points that SimDIT's authors
// publish. docs/explore.md has the keys.
#pragma once

#include "septet/network/explore.hpp"

#include <string>
#include <vector>

namespace septet::io {

struct Machine {
  std::string place;  ///< in the file: "line 7", "[2]"
  ArrayShape array;
  network::Precision precision;
  network::Buffers buffers;
  Index bandwidth = 0;  ///< off-chip, bytes per cycle; 0: not a limit
};

/// At least one. What ends in .json is JSON. Throws Error, which names the file, the line or entry, the key, the cause.
std::vector<Machine> read_machines(const std::string& path);

}  // namespace septet::io
