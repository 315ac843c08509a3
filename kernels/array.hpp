// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the emulated array's kernels: rows of processing elements (PE) through a number of cycles. A vector
// holds neighbours of one row; what a register hands to its right neighbour is the same line of values, read one place
// further on:
//
//   line of row h    … a[2]  a[1]  a[0]         in step i PE(h, w) holds element i - w: the window that begins at i,
//                    `--------- window w = 0 …  towards older elements. A step later it begins one place further left.
//
// Row h is stepped h cycles behind row 0 (docs/emulator.md): what moves down one row per cycle then stays in its place.
// Step i is therefore cycle start + i + h of row h, and every PE does at most one multiply-accumulate in it.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

struct Narrow;

/// Rows are whole multiples of this many PEs in memory; what lies beyond the array's width is computed and not used.
constexpr Index kArrayPad = 16;

/// Sums stay: acc[h][w] <- mac(acc[h][w], a[h][i - w], b[i][w]), i = 0 … steps - 1. Elements have the sums' type;
/// strides count elements.
struct OutputsCall {
  Index rows = 0;   ///< rows of PEs
  Index width = 0;  ///< of a row, padded
  Index steps = 0;
  const void* a =
      nullptr;         ///< line of row 0: its window at the last step; the one of step i begins steps - 1 - i later
  Index a_stride = 0;  ///< to the next row's line
  const void* b = nullptr;  ///< [steps][width], what passes through the top of each column
  Index b_stride = 0;
  void* acc = nullptr;  ///< [rows][width]
  Index acc_stride = 0;
  bool gated = false;  ///< where an element of a is zero, a sum stays as it is
  /// csOS. b has `lanes` of its matrices, and `lane` is a line like a: the lane whose b is multiplied, or -1: none.
  int lanes = 0;
  Index b_lane_stride = 0;
  const void* lane = nullptr;
  const Narrow* narrow = nullptr;  ///< of the narrow arithmetics (narrow.hpp)
};

/// Which operand's zeros leave a sum as it is.
enum class Gate : std::uint8_t { none, kept, streamed };

/// An operand stays, sums pass: for every step i and column w, sums[i][w] goes through rows h = 0, 1, …:
///   sum <- mac(sum, streamed[h][i - w], kept[h][w])
struct PassingCall {
  Index rows = 0;
  Index width = 0;
  Index steps = 0;
  const void* streamed = nullptr;  ///< lines, as OutputsCall::a
  Index streamed_stride = 0;
  const void* kept = nullptr;  ///< [rows][width]
  Index kept_stride = 0;
  void* sums = nullptr;  ///< [steps][width], in place: from the top of the array to its bottom
  Index sums_stride = 0;
  Gate gate = Gate::none;
  const Narrow* narrow = nullptr;
};

/// The kernels of one instruction set for one arithmetic. They cannot fail.
struct ArrayKernels {
  void (*outputs)(const OutputsCall&) = nullptr;
  void (*passing)(const PassingCall&) = nullptr;
};

}  // namespace septet::kernels
