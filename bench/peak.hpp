// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The machine's ceilings, measured beside what they are the ceilings of: loops that do nothing but multiply-adds in
// registers, or nothing but reads.
#pragma once

#include "bench/instructions.hpp"
#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::bench {

/// f32 operations per second of one core that does nothing but fused multiply-adds in registers: the best of several
/// short bursts. A multiply-add counts as two.
double peak_f32();

/// A loop on registers, of some tens of microseconds.
struct Loop {
  std::string name;   ///< the instruction: "fma f32", "vpdpbusd", "tdpbusd", …
  double operations;  ///< of one call on one core; a multiply-add counts as two
  void (*run)();      ///< one call
};

/// The fastest instruction that can compute sums of products of `type` as we define them: for floats of any width the
/// fused multiply-add of the accumulator, because a product of pairs rounds otherwise; for integers whatever adds
/// up most at once, because their order is free.
Loop peak_loop(Type type, InstructionLimit limit);

/// kChainLength fused multiply-adds, each waiting for the last.
constexpr Index kChainLength = 100000;
void run_chain(Type type);

/// Reads `bytes` (what is left over by a multiple of 512 is not read) from a 64-byte aligned address, over and over.
void read_memory(const void* data, Index bytes, Index times);

}  // namespace septet::bench
