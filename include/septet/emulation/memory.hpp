// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What lies between an array and its off-chip memory: one double-buffered on-chip buffer per operand. docs/memory.md
// has the model in formulas. It never changes a value, nor the array's own cycles: its stalls come on top of them.
//
//   septet::emulation::ArrayOptions array;
//   array.memory = {64 << 10, 64 << 10, 128 << 10, 16};
//   const auto report = septet::emulation::cycles(64, 3136, 576, Type::s8, Type::s8, options, array);
//   // report.memory.loop_order, report.memory.off_chip_reads_b_bytes, report.memory.cycles_with_memory, …
#pragma once

#include "septet/types.hpp"

#include <vector>

namespace septet::emulation {

/// The buffers, and the channel that fills them. All 0: none, the array is fed by a memory without limits. Half of a
/// buffer holds what the array works on while the other is filled or emptied; it has to hold what the array's edge
/// moves in a cycle: A: H words (WS: W), B: W words (csOS: one per lane; WS: H), C: W sums.
struct MemorySystem {
  Index a_bytes = 0, b_bytes = 0, c_bytes = 0;
  Index off_chip_bandwidth = 0;  ///< bytes per cycle, both directions together; 0: not a limit

  bool given() const { return a_bytes != 0 || b_bytes != 0 || c_bytes != 0 || off_chip_bandwidth != 0; }
};

/// A way to walk the folds: the tile loops from outer to inner ("m n"; "m n m": blocks of m-tiles, n-tiles, the tiles
/// of a block), and how many tiles of an operand its buffer keeps while the inner loops run. 0: its tiles are larger
/// than half of the buffer and pass through it, fold by fold.
struct MemoryWalk {
  const char* loop_order = "";
  Index resident_a_tiles = 0, resident_b_tiles = 0, resident_c_tiles = 0;
  Index cycles_stall_memory = 0;  ///< cycles in which the array waits for the off-chip channel
  Index off_chip_bytes = 0;       ///< read and written
};

/// Counts of the walk with the fewest stalls, of those the one with the fewest off-chip bytes, of those the first.
struct MemoryReport {
  MemorySystem system;  ///< as asked for; not given: everything here is 0
  MemoryWalk chosen;
  Index cycles_with_memory = 0;  ///< the array's cycles and cycles_stall_memory
  /// Between the buffers and the array: values and metadata. Under fold-then-add, the adds beside the buffer of C read
  /// what would have entered the array.
  Index buffer_reads_a_bytes = 0, buffer_reads_b_bytes = 0, buffer_reads_c_bytes = 0, buffer_writes_c_bytes = 0;
  /// Between the buffers and off-chip memory. Outputs that no fold writes are among the last.
  Index off_chip_reads_a_bytes = 0, off_chip_reads_b_bytes = 0, off_chip_reads_c_bytes = 0, off_chip_writes_c_bytes = 0;
  std::vector<MemoryWalk> walks;  ///< everything that was tried, the chosen one included
};

/// Calls f("key", value) for every key that a memory system adds to a report, in the public order; loop_order, a name,
/// is the caller's to add.
template <class F>
void for_each_memory_count(const MemoryReport& r, F&& f) {
  f("buffer_a_bytes", r.system.a_bytes);
  f("buffer_b_bytes", r.system.b_bytes);
  f("buffer_c_bytes", r.system.c_bytes);
  f("off_chip_bandwidth_bytes_per_cycle", r.system.off_chip_bandwidth);
  f("resident_a_tiles", r.chosen.resident_a_tiles);
  f("resident_b_tiles", r.chosen.resident_b_tiles);
  f("resident_c_tiles", r.chosen.resident_c_tiles);
  f("cycles_stall_memory", r.chosen.cycles_stall_memory);
  f("cycles_with_memory", r.cycles_with_memory);
  f("buffer_reads_a_bytes", r.buffer_reads_a_bytes);
  f("buffer_reads_b_bytes", r.buffer_reads_b_bytes);
  f("buffer_reads_c_bytes", r.buffer_reads_c_bytes);
  f("buffer_writes_c_bytes", r.buffer_writes_c_bytes);
  f("off_chip_reads_a_bytes", r.off_chip_reads_a_bytes);
  f("off_chip_reads_b_bytes", r.off_chip_reads_b_bytes);
  f("off_chip_reads_c_bytes", r.off_chip_reads_c_bytes);
  f("off_chip_writes_c_bytes", r.off_chip_writes_c_bytes);
}

}  // namespace septet::emulation
