// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Area tables as JSON (entry_table.hpp).
#pragma once

#include "septet/emulation/area.hpp"

#include <string>

namespace septet::cli {

/// Throws Error: what is no such table, naming the file, the entry and why.
emulation::AreaTable read_area_table(const std::string& path);

/// The default table as a file.
std::string area_table_json();

}  // namespace septet::cli
