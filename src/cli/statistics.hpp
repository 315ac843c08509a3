// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What there is to know about the elements of a matrix, and about the vectors that live in its tiles.
#pragma once

#include "io/matrix_file.hpp"

#include <optional>
#include <vector>

namespace septet::cli {

struct Statistics {
  Index nnz = 0;  ///< elements that are not zero (not the zero point)
  Index nan_count = 0, inf_count = 0;
  /// Rows and columns: over the stored entries of a sparse matrix, zeros included; over a dense one's non-zeros.
  Index empty_rows = 0, empty_cols = 0;
  Index max_row_nnz = 0, max_col_nnz = 0;
  double sum = 0, frobenius = 0;
  std::optional<double> min, max;  ///< of all elements, stored or not, NaNs apart; none: there are no such elements
};

/// `matrix`: of any type but s32, dense or sparse.
Statistics statistics_of(const io::OwnedMatrix& matrix, int zero_point);

/// For each tile, in ascending order, the numbers of its live vectors: those with a non-zero in the tile.
/// Non-zeros of every row, and the most that a group of `size` neighbours in a row has.
std::vector<Index> row_lengths(const io::OwnedMatrix& matrix, int zero_point);
Index fullest_group(const io::OwnedMatrix& matrix, Index size, int zero_point);

using LiveLists = std::vector<std::vector<Index>>;

/// Columns in m-tiles of `tile` rows.
LiveLists live_columns(const io::OwnedMatrix& matrix, Index tile, int zero_point);
/// Rows in k-tiles of `tile` columns.
LiveLists live_rows(const io::OwnedMatrix& matrix, Index tile, int zero_point);

}  // namespace septet::cli
