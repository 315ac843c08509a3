// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One m-tile of a CSR matrix, turned to columns: what both bitmap formats of m-tiles are written from.
#pragma once

#include "csr.hpp"

#include <vector>

namespace septet::detail {

/// For the c-th of the given columns: rows[ptr[c] … ptr[c + 1]) within the tile, ascending, and where the values lie.
struct TileColumns {
  std::vector<Index> ptr;
  std::vector<std::int32_t> rows;
  std::vector<Index> source;  ///< position in the CSR's values
};

/// Rows [begin, end) of `csr`; `columns` holds every column they use, in any order. `position` is scratch of
/// csr.cols elements.
inline void turn_to_columns(const CsrArrays& csr, Index begin, Index end, const std::int32_t* columns, Index count,
                            std::vector<Index>& position, TileColumns& tile) {
  position.resize(csr.cols);
  for (Index c = 0; c < count; ++c) position[columns[c]] = c;
  tile.ptr.assign(count + 1, 0);
  for (Index p = csr.row_ptr[begin]; p < csr.row_ptr[end]; ++p) ++tile.ptr[position[csr.col_idx[p]] + 1];
  for (Index c = 0; c < count; ++c) tile.ptr[c + 1] += tile.ptr[c];
  tile.rows.resize(tile.ptr.back());
  tile.source.resize(tile.ptr.back());
  std::vector<Index> next(tile.ptr.begin(), tile.ptr.end() - 1);
  for (Index i = begin; i < end; ++i) {
    for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
      const Index at = next[position[csr.col_idx[p]]]++;
      tile.rows[at] = static_cast<std::int32_t>(i - begin);
      tile.source[at] = p;
    }
  }
}

}  // namespace septet::detail
