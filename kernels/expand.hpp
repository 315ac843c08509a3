// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Bitmaps of narrow tiles against few columns, where the CPU loads values to the lanes that a mask names: vectors run
// along the rows of a tile, and a step is one column of A. Where there is no element a zero is injected, as on the
// array.
//
//   for s = 0 … steps - 1:  lanes <- the next values where mask s has bits, zeros elsewhere
//                           for each column j of C: sum[j] = mac(sum[j], lanes, b[k_s][j])
//
// What it is for is a matrix by a vector: nothing is read but the values and a bit for each place, and no gather is
// needed. f32.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

constexpr Index kExpandRows = 16;
constexpr Index kExpandCols = 4;

/// One m-tile of the two-stage bitmap (docs/dataflows.md, section 5).
struct ExpandTile {
  const std::byte* bits = nullptr;  ///< mask s: `rows` bits from first_bit + s * rows on; four more bytes may be read
  Index first_bit = 0;
  Index rows = 0;  ///< at most kExpandRows
  const std::int32_t* k = nullptr;
  Index steps = 0;
  const float* values = nullptr;  ///< of any alignment
  float* c = nullptr;
};

struct ExpandCall {
  ExpandTile tiles[2];  ///< side by side, to hide the latency of sums that wait for themselves
  const float* b = nullptr;
  Index b_step = 0, b_col = 0;  ///< elements from k to k, from column to column
  Index c_row = 0, c_col = 0;   ///< elements
  Index cols = 0;               ///< at most kExpandCols
  bool zero = false;            ///< C is not read: it counts as zero
};

struct ExpandKernels {
  void (*run[2])(const ExpandCall&);  ///< [unfused]
};

/// Of the target in use; null if it has none.
const ExpandKernels* expand_kernels();

}  // namespace septet::kernels
