// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Machines' results put together, of one process or of many.
#pragma once

#include "explore_summary.hpp"
#include "io/design_journal.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// `records`: all machines, in their order.
Exploration exploration_of(const io::JournalHeader& header, std::vector<io::MachineRecord> records);

/// Of the parts in these files, however they were cut. Throws Error: files that are none, of several explorations,
/// machines that are in two of them or in none.
Exploration merged(const std::vector<std::string>& paths);

}  // namespace septet::cli
