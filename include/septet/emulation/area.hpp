// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an array, its buffers and its vector unit take of silicon: a proxy, good for comparing designs with each other,
// made of a table that you may replace. docs/explore.md has the formula and where the defaults come from.
//
//   const auto area = septet::emulation::area({32, 32}, Type::s8, Type::s8, {64 << 10, 64 << 10, 128 << 10, 16}, 16);
//   // area.pe_um2, area.buffers_um2, area.vector_um2, area.total_mm2()
#pragma once

#include "septet/emulation/memory.hpp"
#include "septet/status.hpp"

#include <vector>

namespace septet::emulation {

/// Square micrometres. The defaults are of 45 nm; area_entries() has the source of each.
struct AreaTable {
  double multiply_8_bit_um2 = 282, multiply_16_bit_um2 = 1128;
  double multiply_bf16_um2 = 1640, multiply_f16_um2 = 1640, multiply_f32_um2 = 7700, multiply_f64_um2 = 37550;
  double add_s32_um2 = 137, add_f16_um2 = 1360, add_f32_um2 = 4184, add_f64_um2 = 9240;  ///< in the accumulator's type
  double register_um2_per_byte = 47.9;  ///< in every PE: a word of A, one of B, a sum
  double buffer_um2_per_byte = 3.6;
  double vector_lane_um2 = 11884;
};

/// One entry: its key, where it is, why its default is what it is.
struct AreaEntry {
  const char* key;
  double AreaTable::*value;
  const char* source;
};

/// All of them, once.
SEPTET_API const std::vector<AreaEntry>& area_entries();

/// By component.
struct AreaReport {
  double pe_um2 = 0;  ///< all PEs
  double buffers_um2 = 0;
  double vector_um2 = 0;

  double total_mm2() const { return (pe_um2 + buffers_um2 + vector_um2) * 1e-6; }
};

/// Error: bad_option "table.…", an entry that is negative, not finite or above 10^9.
SEPTET_API Status check_area(const AreaTable& table);

/// pe_um2 = H * W * (multiplier of a_type + adder + registers), the adder in the type that products of a_type
/// accumulate in, or of `accumulator` bits: of integers in proportion to them, an f16 one of 16. buffers_um2: all three
/// buffers' bytes; vector_um2: the lanes. Errors: check_area(); bad_option, an array without PEs, a
/// negative buffer or number of lanes; bad_type, s32.
SEPTET_API Status try_area(const ArrayShape& array, Type a_type, Type b_type, const MemorySystem& memory,
                           Index vector_lanes, const AreaTable& table, AreaReport& result,
                           const Accumulator& accumulator = {});
SEPTET_API AreaReport area(const ArrayShape& array, Type a_type, Type b_type, const MemorySystem& memory,
                           Index vector_lanes, const AreaTable& table = {}, const Accumulator& accumulator = {});

}  // namespace septet::emulation
