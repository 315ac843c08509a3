// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the formats of rows, columns and blocks store (docs/formats.md). In each, `values` holds one element per slot,
// in the order that the comment gives; rows are m, columns are k. Sizes and offsets are Index, indices 32 bits.
#pragma once

#include "septet/types.hpp"

#include <vector>

namespace septet::detail {

/// csc: column k holds slots [col_ptr[k], col_ptr[k + 1]); rows ascend.
struct CscArrays {
  std::vector<Index> col_ptr{0};
  std::vector<std::int32_t> row_idx;
};

/// coo: slot p lies at (row_idx[p], col_idx[p]); by rows, then columns, ascending.
struct CooArrays {
  std::vector<std::int32_t> row_idx;
  std::vector<std::int32_t> col_idx;
};

/// bsr: block row i holds blocks [block_ptr[i], block_ptr[i + 1]) in block columns block_idx, ascending. A block has
/// options.block.rows x options.block.cols slots, column by column, so that the rows of one k lie side by side; where
/// blocks of bytes are a multiple of four columns wide, by four columns at a time, each row's four side by side
/// (BsrSlots). Blocks over the matrix's edge are whole; what lies beyond is zero, and never multiplied.
struct BsrArrays {
  std::vector<Index> block_ptr{0};
  std::vector<std::int32_t> block_idx;
};

/// Where the elements of a block are: [cols / group][rows][group].
struct BsrSlots {
  Index rows, cols, group;

  BsrSlots(const BlockShape& block, Type type)
      : rows(block.rows), cols(block.cols), group(size_of(type) == 1 && block.cols % 4 == 0 ? 4 : 1) {}
  Index area() const { return rows * cols; }
  Index slot(Index row, Index k) const { return (k / group * rows + row) * group + k % group; }
};

/// ell: row i has row_length[i] slots from i * width on; the rest of `width` (the longest row's) is padding: index 0,
/// value zero, never multiplied.
struct EllArrays {
  Index width = 0;
  std::vector<std::int32_t> row_length;
  std::vector<std::int32_t> col_idx;  ///< one per slot
};

/// sell: slice s holds rows row_order[s * height … ), height = options.slice.height, of row_length[…] elements, and is
/// as wide as the longest of them. Slot j of the slice's row r is slice_ptr[s] + j * height + r. Padding as in ell; the
/// last slice is filled up with rows that do not exist (row_length 0, row_order -1).
struct SellArrays {
  std::vector<Index> slice_ptr{0};
  std::vector<std::int32_t> row_order;
  std::vector<std::int32_t> row_length;
  std::vector<std::int32_t> col_idx;  ///< one per slot
};

/// bitmap: words_per_row() 64-bit words per row, bit k % 64 of word k / 64 set where an element is; slots row by row, k
/// ascending. row_ptr (the slots before each row) follows from the bits and is not counted by the footprint.
struct BitmapArrays {
  std::vector<std::uint64_t> words;
  std::vector<Index> row_ptr{0};
};

/// nm: every group of options.group.m columns of a row has n slots, in ascending position; rows one after the other,
/// ceil(cols / m) groups each. A position takes ceil(log2(m)) bits; a row's start on a byte. Where a group has fewer
/// elements, the smallest free positions are filled with zeros, which are multiplied (but for strict_nonfinite);
/// positions beyond the last column never are.
struct NmArrays {
  std::vector<std::byte> positions;  ///< least significant bit first
};

/// tcsr, ours: A in blocks of `block_rows` rows, these in tiles of `tile_cols` columns, whose part of a panel of B fits
/// the first-level cache while all rows of the block pass over it. The rows of a tile are sorted by their number of
/// elements (most first, stable), so that the loops over them end where the CPU expects it. Rows without any are not
/// listed, but for a block's first tile, which lists all its rows: that is where sums begin.
///
/// Tile t = block * tiles_per_block + (k / tile_cols): runs [run_ptr[t], run_ptr[t + 1]), each of run_rows[…] rows with
/// run_count[…] elements; the rows are row_idx[row_ptr[t] …), their slots, row by row, k ascending, begin at
/// slot_ptr[t]; col_offset is k % tile_cols.
struct TcsrArrays {
  Index block_rows = 1;
  Index tile_cols = 1;
  std::vector<Index> run_ptr{0};
  std::vector<std::int32_t> run_rows;
  std::vector<std::int32_t> run_count;
  std::vector<Index> row_ptr{0};
  std::vector<std::int32_t> row_idx;
  std::vector<Index> slot_ptr{0};
  std::vector<std::uint16_t> col_offset;
};

}  // namespace septet::detail
