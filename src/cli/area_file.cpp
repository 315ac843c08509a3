// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "area_file.hpp"

#include "entry_table.hpp"

namespace septet::cli {

using emulation::AreaEntry;
using emulation::AreaTable;

AreaTable read_area_table(const std::string& path) {
  return read_entry_table<AreaTable>(path, "an area table", emulation::area_entries(), emulation::check_area);
}

std::string area_table_json() { return entry_table_json<AreaTable>(emulation::area_entries()); }

}  // namespace septet::cli
