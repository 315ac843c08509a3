// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A run for people at a terminal.
#pragma once

#include "results.hpp"

#include <string>

namespace septet::cli {

/// The machine; a table of speed-ups per group, or with --details every result; what could not be measured.
std::string table_text(const Run& run);

/// "41 %", "below 50 %" or "none up to 95 %".
std::string text_of(const Crossover& crossover);
/// "50 %", "87.5 %".
std::string sparsity_text(double sparsity);
/// A line on what the caches held.
std::string cache_text(const Run& run);
/// "CPU, 2 logical CPUs; L1 …", as far as known.
std::string machine_text(const Machine& machine);
/// Each reason once: "nm: …".
std::vector<std::string> remarks_of(const Run& run);

}  // namespace septet::cli
