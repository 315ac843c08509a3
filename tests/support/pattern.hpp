// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where A has non-zeros, and what the page dataflows.md, section 4, derives from that: live vectors and the steps of
// csOS. Shared by the tests' reference (values) and the tests' array model (counts), and by nothing in the library.
#pragma once

#include "number.hpp"
#include "septet/gemm.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace septet::support {

/// Which elements of an m x k matrix are not zero.
struct Pattern {
  Index rows = 0;
  Index cols = 0;
  std::vector<std::uint8_t> marks;  ///< row-major; 1: not zero

  Pattern() = default;
  Pattern(Index rows_, Index cols_, bool value = false)
      : rows(rows_), cols(cols_), marks(static_cast<std::size_t>(rows_ * cols_), value ? 1 : 0) {}

  bool operator()(Index i, Index j) const { return marks[static_cast<std::size_t>(i * cols + j)] != 0; }
  void set(Index i, Index j, bool value = true) { marks[static_cast<std::size_t>(i * cols + j)] = value ? 1 : 0; }
};

/// The pattern of `a`: an element is zero when it compares equal to the zero point (0 for floats, so -0 is zero).
template <class T>
Pattern pattern_of(const MatrixView<T>& a, int zero_point = 0) {
  Pattern pattern(a.rows, a.cols);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < a.cols; ++j) pattern.set(i, j, !is_zero<std::remove_cv_t<T>>(a(i, j), zero_point));
  }
  return pattern;
}

/// Non-zeros in rows [i, i + height) of columns [j, j + width).
Index count_nonzeros(const Pattern& a, Index i, Index j, Index height, Index width);
Index count_nonzeros(const Pattern& a);

/// Every k for which a row in [m0, m0 + height) has a non-zero, ascending.
std::vector<Index> live_columns(const Pattern& a, Index m0, Index height);

/// Every m for which a column in [k0, k0 + depth) has a non-zero, ascending.
std::vector<Index> live_rows(const Pattern& a, Index k0, Index depth);

/// The steps of csOS over rows [m0, m0 + height): the columns of each, in lane order.
std::vector<std::vector<Index>> combine_columns(const Pattern& a, Index m0, Index height, const Combine& combine);

/// What `automatic` stands for: dOS, or dWS for fold-then-add; csOS, or sWS, if A is a sparse view.
Dataflow resolve(Dataflow dataflow, Accumulate accumulate, bool a_is_sparse);

}  // namespace septet::support
