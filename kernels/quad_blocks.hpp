// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse blocks of bytes in groups of four along k, where the CPU multiplies them so (quad.hpp): as BlocksCall, with a
// quad of bytes for every element of A and B, int32 sums, and blocks of one quad (block_cols and k_end are not looked
// at). One of A and B is unsigned, the other signed.
#pragma once

#include "kernels/rows.hpp"

namespace septet::kernels {

constexpr Index kLineBytes = 64;

/// out(i, r) <- requantise(sums(i, r) + bias[r]), lines of bytes from lines of sums, as RequantiseCall has it under
/// gemmlowp_double with shifts of -2 to -22 and multipliers of 0 and more, or under fp32_nearest_even; clamped.
struct LinesEnd {
  const std::int32_t* sums = nullptr;  ///< [positions][rows][64]
  char* out = nullptr;                 ///< [rows][64] bytes, positions `step` bytes apart
  Index positions = 0, rows = 0, step = 0;
  const std::int32_t* bias = nullptr;
  const std::int32_t* multiplier = nullptr;
  const std::int32_t* shift = nullptr;
  const float* scale = nullptr;  ///< or null: the two above
  bool is_signed = false;        ///< bytes
  std::int32_t zero_point = 0, low = 0, high = 0;
};

struct QuadBlockKernels {
  int vectors[kBlockHeightCount] = {};  ///< most vectors of strips of kBlockHeights[…] rows
  /// [A is signed][height][vectors - 1]; B has the other sign.
  void (*run[2][kBlockHeightCount][kMaxRowVectors])(const BlocksCall&) = {};
  /// B as run() takes it, [quads][64], of rows that are lines: quad g consists of lines index[4 g], … from `b` on. The
  /// bytes of a line, fours of them as elements of a matrix of 4 x 4, lie transposed then. `turn`: with the other sign,
  /// 128 more or less.
  void (*interleave)(const void* b, const std::int32_t* index, Index quads, bool turn, void* to) = nullptr;
  /// Transposes lines back.
  void (*reorder)(void* lines, Index count) = nullptr;
  /// Lines of such sums, back in order and requantised.
  void (*end)(const LinesEnd& call) = nullptr;
};

/// Of the target in use; null if it has none.
const QuadBlockKernels* quad_block_kernels();

}  // namespace septet::kernels
