// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// emulation/rtl/testbench/septet_system.sv, Verilated for one array: memories are filled, it is started, and what it
// writes is written down.
//
//   for (const auto& array : simulated_arrays()) array->run(inputs, max_clocks);
#pragma once

#include "septet/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace septet::rtl_test {

/// What the memories hold beyond `a`, `b` and `c` is random, from `seed`, and so are registers that nobody has reset.
struct Inputs {
  int dataflow = 1;  ///< as word 1 of the sizes
  Index m = 0, n = 0, k = 0;
  bool overlapped = false, fold_then_add = false, preload = false;
  bool a_unsigned = false, b_unsigned = false;
  int a_zero_point = 0, b_zero_point = 0;
  std::vector<std::byte> a;     ///< the packed weights
  std::vector<std::int8_t> b;   ///< row-major; uint8: the same bits
  std::vector<std::int32_t> c;  ///< what C's memory starts from, row-major
  std::uint64_t seed = 1;
  bool restless = false;  ///< `start` comes again and again while it is busy
};

/// One word on its way to C's memory.
struct Write {
  Index cycle = 0;  ///< the array's count at the clock edge that writes
  Index column = 0;
  Index address = 0;
  std::int32_t value = 0;
};

struct Outcome {
  bool done = false, refused = false;
  bool writes_late = false;          ///< after `done`
  Index cycles = 0;                  ///< as the array counts them
  Index running = 0;                 ///< clock cycles in which it runs
  bool counts_from_zero = true;      ///< and gives them the numbers 0, 1, …
  std::vector<Write> writes;         ///< by cycle, then by column
  std::vector<std::int32_t> c;       ///< afterwards
  bool nothing_else_written = true;  ///< beyond C
};

class SimulatedArray {
 public:
  virtual ~SimulatedArray() = default;
  virtual ArrayShape shape() const = 0;
  virtual int lanes() const = 0;
  /// 8: int8 without zero points; 9: uint8 and zero points, too.
  virtual int operand_bits() const = 0;
  /// The most that M, N and K can be.
  virtual Index largest_size() const = 0;
  /// Words of each memory.
  virtual Index capacity() const = 0;
  virtual void reset() = 0;
  virtual Outcome run(const Inputs& inputs, Index max_clocks) = 0;
};

using MakeArray = std::unique_ptr<SimulatedArray> (*)();
/// A fresh one of each shape that was built, the smallest first. They have to be gone when main() returns.
std::vector<std::unique_ptr<SimulatedArray>> simulated_arrays();
/// Each model calls it once, before main().
bool register_array(MakeArray make);

}  // namespace septet::rtl_test
