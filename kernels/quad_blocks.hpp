// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse blocks of bytes in groups of four along k, where the CPU multiplies them so (quad.hpp): as BlocksCall, with a
// quad of bytes for every element of A and B, int32 sums, and blocks of one quad (block_cols and k_end are not looked
// at). One of A and B is unsigned, the other signed.
#pragma once

#include "kernels/rows.hpp"

namespace septet::kernels {

constexpr Index kLineBytes = 64;

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
};

/// Of the target in use; null if it has none.
const QuadBlockKernels* quad_block_kernels();

}  // namespace septet::kernels
