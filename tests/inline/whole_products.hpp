// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole products, fold by fold, the way docs/dataflows.md (sections 3 and 4) walks them: an example of driving each of
// the seven.
#pragma once

#include <algorithm>
#include <set>
#include <vector>

#include "septet/inline/folds.hpp"

namespace inline_test {

namespace fold = septet::fold;
using fold::Sum;
using septet::Index;
using septet::MatrixView;

inline constexpr int kH = 5, kW = 7;
inline constexpr int kLanes = 3;

// The example: a whole product on an array of H x W, weight-stationary. C starts as the preload (or zero); with
// Sum::fold_then_add it is the separate accumulator. k-tiles ascend.
template <int H, int W, Sum kSum = Sum::chained, class A, class B, class C, class Mac>
void dws_product(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index m = 0; m < a.rows; m += W) {
    for (Index k = 0; k < a.cols; k += H) {
      const Index weights = std::min<Index>(W, a.rows - m), depth = std::min<Index>(H, a.cols - k);
      fold::dWS<H, W, kSum>(a.block(m, k, weights, depth), b.block(k, 0, depth, b.cols), c.block(m, 0, weights, c.cols),
                            mac);
    }
  }
}

template <class A, class B, class C, class Mac>
void dos_product(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index m = 0; m < a.rows; m += kH)
    for (Index n = 0; n < b.cols; n += kW) {
      const Index rows = std::min<Index>(kH, a.rows - m), cols = std::min<Index>(kW, b.cols - n);
      fold::dOS<kH, kW>(a.block(m, 0, rows, a.cols), b.block(0, n, b.rows, cols), c.block(m, n, rows, cols), mac);
    }
}

template <Sum kSum = Sum::chained, class A, class B, class C, class Mac>
void dis_product(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index n = 0; n < b.cols; n += kW)
    for (Index k = 0; k < a.cols; k += kH) {
      const Index cols = std::min<Index>(kW, b.cols - n), depth = std::min<Index>(kH, a.cols - k);
      fold::dIS<kH, kW, kSum>(a.block(0, k, a.rows, depth), b.block(k, n, depth, cols), c.block(0, n, c.rows, cols),
                              mac);
    }
}

/// The k in [0, K) for which rows [m, m + rows) of A have something that is not `zero`.
template <class A>
std::vector<int> live_columns(MatrixView<A> a, Index m, Index rows, A zero) {
  std::vector<int> live;
  for (Index k = 0; k < a.cols; ++k) {
    bool any = false;
    for (Index i = 0; i < rows; ++i) any = any || a(m + i, k) != zero;
    if (any) live.push_back(static_cast<int>(k));
  }
  return live;
}

/// Those columns of those rows, densely: what the decompression unit hands to the array.
template <class A>
std::vector<A> gather_columns(MatrixView<A> a, Index m, Index rows, const int* live, Index count) {
  std::vector<A> dense;
  for (Index i = 0; i < rows; ++i)
    for (Index t = 0; t < count; ++t) dense.push_back(a(m + i, live[t]));
  return dense;
}

template <class A, class B, class C, class Mac>
void sos_product(MatrixView<A> a, A zero, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index m = 0; m < a.rows; m += kH) {
    const Index rows = std::min<Index>(kH, a.rows - m);
    const auto live = live_columns(a, m, rows, zero);
    const Index steps = static_cast<Index>(live.size());
    const auto dense = gather_columns(a, m, rows, live.data(), steps);
    for (Index n = 0; n < b.cols; n += kW) {
      const Index cols = std::min<Index>(kW, b.cols - n);
      fold::sOS<kH, kW>(septet::row_major(dense.data(), rows, steps), live.data(), b.block(0, n, b.rows, cols),
                        c.block(m, n, rows, cols), mac);
    }
  }
}

template <Sum kSum = Sum::chained, class A, class B, class C, class Mac>
void sws_product(MatrixView<A> a, A zero, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index m = 0; m < a.rows; m += kW) {
    const Index rows = std::min<Index>(kW, a.rows - m);
    const auto live = live_columns(a, m, rows, zero);
    for (std::size_t from = 0; from < live.size(); from += kH) {
      const Index depth = std::min<Index>(kH, static_cast<Index>(live.size() - from));
      const auto dense = gather_columns(a, m, rows, live.data() + from, depth);
      fold::sWS<kH, kW, kSum>(septet::row_major(dense.data(), rows, depth), live.data() + from, b,
                              c.block(m, 0, rows, c.cols), mac);
    }
  }
}

template <Sum kSum = Sum::chained, class A, class B, class C, class Mac>
void sis_product(MatrixView<A> a, A zero, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index n = 0; n < b.cols; n += kW)
    for (Index k = 0; k < a.cols; k += kH) {
      const Index cols = std::min<Index>(kW, b.cols - n), depth = std::min<Index>(kH, a.cols - k);
      const auto tile = a.block(0, k, a.rows, depth).transposed();
      const auto live = live_columns(tile, 0, depth, zero);  // live rows of the tile
      const Index steps = static_cast<Index>(live.size());
      if (steps == 0) continue;
      const auto dense = gather_columns(tile, 0, depth, live.data(), steps);  // depth x steps
      fold::sIS<kH, kW, kSum>(septet::row_major(dense.data(), depth, steps).transposed(), live.data(),
                              b.block(k, n, depth, cols), c.block(0, n, c.rows, cols), mac);
    }
}

/// One m-tile's steps, combined in order: a column joins the newest step if there is a lane and no row in common.
template <class A>
struct Combined {
  std::vector<int> columns;              // steps x kLanes
  std::vector<fold::Weight<A>> weights;  // steps x rows

  Combined(MatrixView<A> a, Index m, Index rows, A zero) {
    std::set<Index> taken;
    int lanes = kLanes;
    for (const int k : live_columns(a, m, rows, zero)) {
      std::set<Index> needs;
      for (Index i = 0; i < rows; ++i)
        if (a(m + i, k) != zero) needs.insert(i);
      const bool clash = std::any_of(needs.begin(), needs.end(), [&](Index i) { return taken.count(i) != 0; });
      if (lanes == kLanes || clash) {
        columns.insert(columns.end(), kLanes, -1);
        weights.insert(weights.end(), static_cast<std::size_t>(rows), {zero, 255, false});
        taken.clear();
        lanes = 0;
      }
      columns[columns.size() - static_cast<std::size_t>(kLanes - lanes)] = k;
      for (const Index i : needs) {
        weights[weights.size() - static_cast<std::size_t>(rows - i)] = {a(m + i, k), static_cast<std::uint8_t>(lanes),
                                                                        true};
      }
      taken.insert(needs.begin(), needs.end());
      ++lanes;
    }
  }
};

template <class A, class B, class C, class Mac>
void csos_product(MatrixView<A> a, A zero, MatrixView<B> b, MatrixView<C> c, const Mac& mac) {
  for (Index m = 0; m < a.rows; m += kH) {
    const Index rows = std::min<Index>(kH, a.rows - m);
    const Combined<A> tile(a, m, rows, zero);
    const Index steps = static_cast<Index>(tile.columns.size()) / kLanes;
    for (Index n = 0; n < b.cols; n += kW) {
      const Index cols = std::min<Index>(kW, b.cols - n);
      fold::csOS<kH, kW>(septet::row_major(tile.weights.data(), steps, rows).transposed(),
                         septet::row_major(tile.columns.data(), steps, kLanes), b.block(0, n, b.rows, cols),
                         c.block(m, n, rows, cols), mac);
    }
  }
}

}  // namespace inline_test
