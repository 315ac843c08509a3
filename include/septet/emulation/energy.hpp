// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a run costs in picojoules: the counts of a report, from the emulator or the closed form, times a table that you
// may replace. docs/memory.md has the formulas and where the defaults come from.
//
//   const auto report = septet::emulation::cycles(64, 3136, 576, Type::s8, Type::s8, options, array);
//   const auto energy = septet::emulation::energy(report);
//   // energy.mac_pj, energy.off_chip_pj, …, energy.total_pj()
#pragma once

#include "septet/emulation/report.hpp"
#include "septet/status.hpp"

#include <vector>

namespace septet::emulation {

/// Picojoules. The defaults are of 45 nm and 0.9 V; energy_entries() has the source of each.
struct EnergyTable {
  double multiply_8_bit_pj = 0.2, multiply_16_bit_pj = 0.8;
  double multiply_bf16_pj = 1.1, multiply_f16_pj = 1.1, multiply_f32_pj = 3.7, multiply_f64_pj = 18;
  double add_s32_pj = 0.1, add_f16_pj = 0.4, add_f32_pj = 0.9, add_f64_pj = 2;  ///< in the accumulator's type
  double multiply_by_zero_pj = 0;  ///< by an injected zero; its addition comes on top
  double idle_pe_cycle_pj = 0.007;
  double register_hop_pj_per_byte = 0.072;  ///< from one PE to the next, or into the first
  double buffer_8_kib_pj_per_byte = 1.25, buffer_32_kib_pj_per_byte = 2.5, buffer_1_mib_pj_per_byte = 12.5;
  double buffer_bytes_without_memory = 65536;  ///< size of each buffer where the report has no memory system
  double off_chip_pj_per_byte = 243.75;
  double decompression_pj_per_word = 0;
};

/// One entry: its key, where it is, why its default is what it is.
struct EnergyEntry {
  const char* key;
  double EnergyTable::*value;
  const char* source;
};

/// All of them, once.
SEPTET_API const std::vector<EnergyEntry>& energy_entries();

/// By component.
struct EnergyReport {
  double mac_pj = 0;             ///< multiply-accumulates but those with injected zeros
  double injected_zeros_pj = 0;  ///< those
  double fold_adds_pj = 0;       ///< fold-then-add: the adder beside the buffer
  double idle_pj = 0;            ///< PEs that do no MAC in a cycle, stalls included
  double registers_pj = 0;       ///< operands and sums on their way from PE to PE
  double decompression_pj = 0;   ///< words of a sparse A
  double buffer_a_pj = 0, buffer_b_pj = 0, buffer_c_pj = 0;
  double off_chip_pj = 0;  ///< 0 without a memory system

  double total_pj() const {
    return mac_pj + injected_zeros_pj + fold_adds_pj + idle_pj + registers_pj + decompression_pj + buffer_a_pj +
           buffer_b_pj + buffer_c_pj + off_chip_pj;
  }
};

/// Bytes between the buffers and the array, values and metadata, of whole folds; under fold-then-add also what the
/// adder beside the buffer of C reads.
struct BufferTraffic {
  double a_bytes = 0, b_bytes = 0, c_bytes = 0;

  double total() const { return a_bytes + b_bytes + c_bytes; }
};
/// Of a report of one product, with or without a memory system.
SEPTET_API BufferTraffic buffer_traffic(const Report& report);

/// Of one byte that enters or leaves a buffer of so many bytes: on the straight lines through the table's three points
/// in logarithms of both, and beyond them.
SEPTET_API double buffer_pj_per_byte(const EnergyTable& table, double buffer_bytes);

/// Error: bad_option, an entry that is negative, not finite or above 10^6 pJ, a buffer's point below 10^-6 pJ, or a
/// buffer's size that is not 1 to 2^62 bytes. So every energy of every report is finite.
SEPTET_API Status check_energy(const EnergyTable& table);
SEPTET_API Status try_energy(const Report& report, const EnergyTable& table, EnergyReport& result);
SEPTET_API EnergyReport energy(const Report& report, const EnergyTable& table = {});

/// Calls f("key", picojoules) for every key in the public order, the total last.
template <class F>
void for_each_energy(const EnergyReport& r, F&& f) {
  f("energy_mac_pj", r.mac_pj);
  f("energy_injected_zeros_pj", r.injected_zeros_pj);
  f("energy_fold_adds_pj", r.fold_adds_pj);
  f("energy_idle_pj", r.idle_pj);
  f("energy_registers_pj", r.registers_pj);
  f("energy_decompression_pj", r.decompression_pj);
  f("energy_buffer_a_pj", r.buffer_a_pj);
  f("energy_buffer_b_pj", r.buffer_b_pj);
  f("energy_buffer_c_pj", r.buffer_c_pj);
  f("energy_off_chip_pj", r.off_chip_pj);
  f("energy_total_pj", r.total_pj());
}

}  // namespace septet::emulation
