// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "energy_file.hpp"

#include "entry_table.hpp"

namespace septet::cli {

using emulation::EnergyEntry;
using emulation::EnergyTable;

EnergyTable read_energy_table(const std::string& path) {
  return read_entry_table<EnergyTable>(path, "an energy table", emulation::energy_entries(), emulation::check_energy);
}

std::string energy_table_json() { return entry_table_json<EnergyTable>(emulation::energy_entries()); }

}  // namespace septet::cli
