// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The dense microkernel's contract: a tile of C in registers, all of whose outputs walk the same steps.
//
//                        b + s * b_step: `cols` columns, side by side
//                      +---------------------------+
//              s = 0   |                           |     for s = 0 … steps - 1, one chain per output:
//                …     |                           |       for i in rows, j in cols:
//                      +---------------------------+         sum[i][j] = mac(sum[i][j], A(i, s), B(s, j))
//   a + i * a_row      |                           |
//     + s * a_step     | c + i * c_row: the sums   |     Vectors run along the columns, never along k: that is what
//                      +---------------------------+     makes the bits independent of the vector length.
//
// A step is one k, or a group of them that the instruction multiplies together (s16: 2, s8 and u8: 4); its elements lie
// side by side in a and b. Rows of A are read one element (group) at a time and may lie anywhere, so operands that are
// packed, row-major and column-major are the same to the kernel.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

struct TileEnd;

/// Operands of one call. Every stride is in bytes.
struct TileCall {
  Index steps = 0;
  const void* a = nullptr;
  Index a_row = 0;
  Index a_step = 0;
  Index runs = 1;   ///< so many times `steps` in one go, if the set has_runs:
  Index a_run = 0;  ///< … A's so many bytes apart, B's one behind the other; without folds
  const void* b = nullptr;
  Index b_step = 0;
  Index b_outer = 0;  ///< for strided kernels: from column to column
  Index b_ahead = 0;  ///< what lies so far behind a step's columns is fetched into the first level meanwhile
  void* c = nullptr;
  Index c_row = 0;
  Index rows = 0;
  Index cols = 0;        ///< more than (vectors - 1) * lanes, at most vectors * lanes; no column beyond is touched
  Index fold_steps = 0;  ///< a new sum, added to c at its end, begins every so many steps; 0: one chain
  bool zero = false;     ///< c is not read: it counts as zero
  const void* ahead = nullptr;  ///< one line from here on, ahead_step apart, is fetched into the second level per step
  Index ahead_step = 0;
  const TileEnd* end = nullptr;  ///< f32, without folds, if the set has_runs; null: C becomes the sums
  const void* next_c = nullptr;  ///< rows of the tile that comes next, which are fetched meanwhile; or null
};

/// What becomes of sums of f32 on their way from the registers to C, each step rounded as in kernels/epilogue.hpp: one
/// bias per column, a residual of C's shape, relu. Absent: null.
struct TileEnd {
  const float* bias = nullptr;
  const float* residual = nullptr;
  Index residual_row = 0;  ///< bytes
  bool relu = false;
};

using TileKernel = void (*)(const TileCall&);

constexpr int kMaxTileVectors = 3;
constexpr int kMaxTileRows = 32;
constexpr int kMaxStridedRows = 4;

/// The dense kernels of one instruction set for one arithmetic.
struct TileSet {
  Index lanes = 0;                                     ///< columns per vector
  int rows[kMaxTileVectors] = {};                      ///< most rows of a tile 1, 2, 3 vectors wide
  int most_vectors = 0;                                ///< the widest there is
  int main_vectors = 0;                                ///< width of the tile that is fastest on long sums …
  int main_rows = 0;                                   ///< … and its height; divides panel_cols() unless a_by_rows
  Index row_unit = 1;                                  ///< heights are best multiples of this
  Index step_unit = 1;                                 ///< … and so are numbers of steps
  bool has_runs = false;                               ///< knows TileCall::runs, and of f32 `end`
  bool a_by_rows = false;                              ///< the steps of a row of A have to follow each other
  TileKernel run[kMaxTileVectors][kMaxTileRows] = {};  ///< [vectors - 1][rows - 1]
  /// Few rows by columns of B whose steps follow each other, transposed on the way; without folds. Or null.
  TileKernel strided[kMaxTileVectors][kMaxStridedRows] = {};
};

/// Columns (or rows) of a packed panel, for groups of 4 or 8 bytes: three cache lines per step.
constexpr Index panel_cols(Index unit_bytes) { return 192 / unit_bytes; }

/// Copies [outer][k] elements of a strided operand into one panel: [steps][width] groups of `group` elements, zeros
/// where the operand has ended. Strides in bytes.
struct PanelCall {
  const void* from = nullptr;
  Index outer_stride = 0;
  Index k_stride = 0;
  Index outer = 0;  ///< columns of B, or rows of A, that exist; at most width
  Index k = 0;
  void* to = nullptr;
  Index width = 0;
};

}  // namespace septet::kernels
