// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// An exploration as CSV, as JSON, whose keys are a public contract, and as tables for people.
#pragma once

#include "explore_summary.hpp"
#include "output.hpp"

#include <string>

namespace septet::cli {

/// A line for every design, in the sweep's order.
std::string explore_csv(const Exploration& exploration);
Json explore_json(const Exploration& exploration, const Summary& summary);
std::string explore_table(const Exploration& exploration, const Summary& summary);

/// "32x32 s8, 64K:64K:128K, 16 bytes per cycle, auto".
std::string design_text(const network::Design& design);
/// The same without the dataflow.
std::string machine_text(const network::Design& design);
/// Picojoules as "1.234 mJ".
std::string energy_text(double picojoules);
/// Bytes as "64K", "1M", or in full.
std::string bytes_text(Index bytes);

}  // namespace septet::cli
