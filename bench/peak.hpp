// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The machine's ceilings, measured beside what they are the ceilings of: loops that do nothing but multiply-adds in
// registers, or nothing but reads.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::bench {

/// f32 operations per second of one core that does nothing but fused multiply-adds in registers: the best of several
/// short bursts. A multiply-add counts as two.
double peak_f32();

/// A loop on registers, of some tens of microseconds.
struct Loop {
  std::string name;        ///< the instruction: "fma f32", "vpdpbusd", "tdpbusd", …
  double operations;       ///< of one call on one core; a multiply-add counts as two
  void (*run)();           ///< one call
};

/// What this CPU has for products of `type`, fastest last. `amx`: whether tile instructions count.
std::vector<Loop> peak_loops(Type type, bool amx);

/// One fused multiply-add after the other, each waiting for the last: the loop below, per multiply-add.
constexpr Index kChainLength = 100000;
void run_chain(Type type);

/// Reads `bytes` (a multiple of 64 is used) from a 64-byte aligned address.
void read_memory(const void* data, Index bytes);

}  // namespace septet::bench
