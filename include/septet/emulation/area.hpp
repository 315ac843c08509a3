// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an array, its buffers and its vector unit take of silicon: a proxy, good for comparing designs with each other,
// made of a table that you may replace. docs/explore.md has the formula and where the defaults come from.
#pragma once

#include "septet/emulation/memory.hpp"
#include "septet/status.hpp"

#include <vector>

namespace septet::emulation {

/// Square micrometres of 45 nm.
struct AreaTable {
  double multiply_8_bit_um2 = 282, multiply_16_bit_um2 = 0;
  double multiply_bf16_um2 = 0, multiply_f16_um2 = 1640, multiply_f32_um2 = 7700, multiply_f64_um2 = 0;
  double add_s32_um2 = 137, add_f16_um2 = 1360, add_f32_um2 = 4184, add_f64_um2 = 0;  ///< in the accumulator's type
  double register_um2_per_byte = 0;  ///< operands and sums in every PE
  double buffer_um2_per_byte = 0;
  double vector_lane_um2 = 0;
};

/// One entry: its key, where it is, why its default is what it is.
struct AreaEntry {
  const char* key;
  double AreaTable::*value;
  const char* source;
};
SEPTET_API const std::vector<AreaEntry>& area_entries();

struct AreaReport {
  double pe_um2 = 0, buffers_um2 = 0, vector_um2 = 0;

  double total_mm2() const { return (pe_um2 + buffers_um2 + vector_um2) * 1e-6; }
};

/// Error: bad_option, an entry that is negative, not finite or above 10^9.
SEPTET_API Status check_area(const AreaTable& table);
SEPTET_API Status try_area(const ArrayShape& array, Type a_type, Type b_type, const MemorySystem& memory,
                           Index vector_lanes, const AreaTable& table, AreaReport& result);

}  // namespace septet::emulation
