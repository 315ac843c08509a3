// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels for rows that share nothing, and for blocks of rows that share their columns: a vector of
// C's columns stays in registers while the row's own elements pass.
//
//                      b + k * b_step: up to eight vectors of columns
//                    +----------------------------+
//   A's row i   -->  | rows k_0, k_1, … of B      |   for each row i, for its elements (k, value) in order:
//                    +----------------------------+     sum[j] = mac(sum[j], value, b[k][j])
//   c + i * c_row    | sums, in registers         |   one chain per output
//                    +----------------------------+
//
// Vectors run along the columns, never along k: the bits do not depend on their length.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

/// What becomes of complete sums of f32 on their way from the registers to C, as TileEnd (tile.hpp): one bias per row,
/// a residual of C's shape, relu. Absent: null.
struct RowEnd {
  const float* bias = nullptr;
  const float* residual = nullptr;
  Index residual_row = 0;  ///< bytes
  bool relu = false;
};

/// Rows of A, each with a list of its own. Elements of A, B and C have the sums' type; integers are words of 16 bits in
/// it, A's with zeros above them (word_weight), B's with their sign. Strides in bytes where nothing else is said. Row i
/// has the elements
///   row_ptr given   [row_ptr[i], row_ptr[i + 1])
///   else            `length[i]`, or `count` if that is null, from i * row_step on, `stride` elements apart.
struct RowsCall {
  const void* values = nullptr;
  const void* index = nullptr;  ///< k of each element, as wide as the kernel's name says
  Index rows = 0;
  const Index* row_ptr = nullptr;
  const std::int32_t* length = nullptr;
  Index count = 0;
  Index row_step = 0;
  Index stride = 1;
  const std::int32_t* row_idx = nullptr;  ///< C's row of each; null: 0, 1, …; negative: none, the row is passed over
  const void* b = nullptr;
  Index b_step = 0;
  void* c = nullptr;
  Index c_row = 0;
  Index cols = 0;     ///< of C: more than (vectors - 1) * lanes, at most vectors * lanes. B has whole vectors.
  bool zero = false;  ///< C is not read: it counts as zero
  const RowEnd* end = nullptr;  ///< rows32_ends: of C's row 0
};

/// A strip of rows, all of which have an element (perhaps a zero) wherever one has. Block s holds `block_cols` steps of
/// `height` elements each; block s covers k = block_idx[s] * block_cols …, and steps from k_end on are left out.
struct BlocksCall {
  const void* values = nullptr;  ///< of the strip's first row in its first block
  Index step = 0;                ///< elements of A from one k to the next
  const std::int32_t* block_idx = nullptr;
  Index blocks = 0;
  Index block_cols = 1;
  Index k_end = 0;
  const void* b = nullptr;
  Index b_step = 0;
  void* c = nullptr;
  Index c_row = 0;
  Index cols = 0;
  bool zero = false;
  const RowEnd* end = nullptr;  ///< f32; of the strip's first row. null: C becomes the sums
};

/// The elements of columns [k_begin, k_end), scattered to the rows of C; row indices count from `c`.
struct ColumnsCall {
  const void* values = nullptr;
  const std::int32_t* row_idx = nullptr;
  const Index* begin = nullptr;  ///< of each column: its first element …
  const Index* end = nullptr;    ///< … and the one behind its last
  Index k_begin = 0;
  Index k_end = 0;
  const void* b = nullptr;
  Index b_step = 0;
  void* c = nullptr;  ///< whole vectors of sums
  Index c_row = 0;
};

/// An integer weight (less its zero point), as the kernels take it.
constexpr std::int32_t word_weight(std::int32_t a) { return a & 0xffff; }

constexpr int kMaxRowVectors = 8;
constexpr int kBlockHeights[] = {8, 4, 2, 1};  ///< rows that one strip may have
constexpr int kBlockHeightCount = 4;

/// The kernels of one instruction set for one arithmetic, [vectors - 1].
struct RowSet {
  Index lanes = 0;
  void (*rows16[kMaxRowVectors])(const RowsCall&) = {};  ///< index of 16 bits
  void (*rows32[kMaxRowVectors])(const RowsCall&) = {};
  void (*rows32_ends[kMaxRowVectors])(const RowsCall&) = {};  ///< f32: sums are complete, and end
  /// C has one column: b_step is one element, whatever the call says, and so is c_row.
  void (*column16)(const RowsCall&) = nullptr;
  void (*column32)(const RowsCall&) = nullptr;
  void (*columns[kMaxRowVectors])(const ColumnsCall&) = {};
  int block_vectors[kBlockHeightCount] = {};  ///< most vectors of strips of kBlockHeights[…] rows
  void (*blocks[kBlockHeightCount][kMaxRowVectors])(const BlocksCall&) = {};
};

}  // namespace septet::kernels
