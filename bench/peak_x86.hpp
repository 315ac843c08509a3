// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Loops on the dot-product instructions of x86, which a portable vector library does not name one by one.
#pragma once

#include "bench/peak.hpp"

namespace septet::bench {

/// The fastest that this CPU has for integers of `type`, or nothing if it has none or is not an x86.
std::vector<Loop> peak_loop_x86(Type type, InstructionLimit limit);

/// Asks the kernel for the tile registers of AMX, which a process has to do before any use. Whether it may have them.
bool allow_amx();

}  // namespace septet::bench
