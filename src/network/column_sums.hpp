// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sums down the columns of a row-major matrix, a column's always from the first row to the last: threads have columns
// of their own, so that no sum depends on how many there are.
#pragma once

#include "share.hpp"

namespace septet::network {

/// f(first, last) for blocks of columns: some cache lines of each row.
template <class F>
void share_columns(Index rows, Index columns, Index operations_each, const F& f) {
  constexpr Index kBlock = 32;
  const Index blocks = (columns + kBlock - 1) / kBlock, elements = rows * columns;
  share(blocks, threads_for(blocks, elements * operations_each, elements),
        [&](Index block, int /*worker*/) { f(block * kBlock, std::min((block + 1) * kBlock, columns)); });
}

/// sums[j] <- sums[j] + term(i, j) for the rows i, one after the other, added in f64 and rounded to Sum each.
template <class Sum, class F>
void add_columns(Index rows, Index columns, Sum* sums, const F& term) {
  constexpr Index kOperations = 4;
  share_columns(rows, columns, kOperations, [&](Index first, Index last) {
    for (Index i = 0; i < rows; ++i) {
      for (Index j = first; j < last; ++j) sums[j] = static_cast<Sum>(sums[j] + term(i, j));
    }
  });
}

}  // namespace septet::network
