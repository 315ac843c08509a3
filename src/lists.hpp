// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A's formats as calls of the kernels for rows, columns and blocks (kernels/rows.hpp): every format has its own way
// here, and its elements go from its arrays to the kernel; only indices that are bits are written out first.
#pragma once

#include "aligned_buffer.hpp"
#include "formats/storage.hpp"
#include "kernels/quad_blocks.hpp"
#include "kernels/rows.hpp"

namespace septet::detail {

/// Copies rows of a panel of B.
class PanelSource {
 public:
  virtual ~PanelSource() = default;
  /// Rows [k0, k1), to the beginning of `to`.
  virtual void copy(Index k0, Index k1, std::byte* to) const = 0;
};

/// Where a product's operands lie for one panel: columns of B, side by side, and the same of C. Strides in bytes.
struct ListPanel {
  const char* b = nullptr;
  Index b_step = 0;
  char* c = nullptr;  ///< of the matrix's row 0, which need not exist
  Index c_row = 0;
  Index cols = 0;
  int vectors = 1;
  bool zero = false;                     ///< C is not read: it counts as zero
  const kernels::RowEnd* end = nullptr;  ///< of row 0 and the panel's first column; only if the lists end_rows()
  const PanelSource* source = nullptr;   ///< B is not there yet: its rows are copied to `buffer`, a tile at a time
  std::byte* buffer = nullptr;
};

/// What one thread needs to write bits out as indices.
struct ListScratch {
  std::vector<std::int32_t> index;
  Index m0 = 0, m1 = 0;  ///< rows that `index` has been written for, if it is by rows

  /// Whether `index` is still to be written for these rows: the next panel finds it there, if all rows are one block.
  bool claims(Index begin, Index end) {
    if (begin == m0 && end == m1) return false;
    m0 = begin, m1 = end;
    return true;
  }
  std::vector<Index> row_ptr;
  std::vector<Index> end;
};

/// A, ready to be multiplied. The packed matrix is referred to.
class Lists {
 public:
  virtual ~Lists() = default;
  /// Most vectors of columns that one pass takes.
  virtual int most_vectors(const kernels::RowSet& kernels) const {
    (void)kernels;
    return kernels::kMaxRowVectors;
  }
  /// Rows may be cut where this says: row `row` or the next one behind it.
  virtual Index cut(Index row) const { return row; }
  /// Elements (stored zeros included) of rows [0, row): a cut's share of the work.
  virtual Index before(Index row) const = 0;
  /// Most rows of B that run() reads between two tiles, if a panel can be copied by tiles; 0: it needs all of them.
  virtual Index tile_depth() const { return 0; }
  /// Every sum is complete when it leaves the registers, and ends there (ListPanel::end).
  virtual bool end_rows() const { return false; }
  /// Kernels for a single column of C are there.
  virtual bool has_column() const { return true; }
  /// Whether sums can be kept in C's own rows, partial vectors and all. If not, they need whole vectors.
  virtual bool keeps_to_columns() const { return true; }
  /// Rows [m0, m1), between two cuts. `column`: C has one column, B's elements lie side by side.
  virtual void run(const kernels::RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
                   ListScratch& scratch) const = 0;
  /// Memory that run() takes for rows [m0, m1), all of it.
  virtual void reserve(Index m0, Index m1, ListScratch& scratch) const { (void)m0, (void)m1, (void)scratch; }
};

/// `values`: A's slots in the type of the sums, those of bsr column by column; or with `quads` as they are.
std::unique_ptr<Lists> lists_of(const PackedStorage& a, const void* values, const kernels::QuadBlockKernels* quads);

/// The kernels that multiply this A's bytes as they lie, four k at a time; null if there are none for it.
const kernels::QuadBlockKernels* quads_for(const PackedStorage& a);

}  // namespace septet::detail
