// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole products, fold by fold, the way dataflows.md (sections 3 and 4) walks them: an example of driving each of the
// seven, and the proof that chained they all give one result.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "septet/inline/folds.hpp"
#include "support.hpp"

using namespace inline_test;
namespace fold = septet::fold;

namespace {

constexpr int kH = 5, kW = 7;
constexpr int kLanes = 3;

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

/// Every output in one go, and in folds of `depth` that are added. No zeros are skipped: equal but for a zero's sign.
template <class A, class B, class C, class Plain>
std::vector<C> plain_product(MatrixView<A> a, MatrixView<B> b, const std::vector<C>& preload, const Plain& plain,
                             Index depth) {
  std::vector<C> out(preload);
  for (Index i = 0; i < a.rows; ++i)
    for (Index j = 0; j < b.cols; ++j) {
      C& acc = out[static_cast<std::size_t>(i * b.cols + j)];
      for (Index k = 0; k < a.cols; k += depth) {
        acc = sequence(
            plain, depth < a.cols ? Sum::fold_then_add : Sum::chained, acc, std::min(depth, a.cols - k),
            [&](Index p) { return a(i, k + p); }, [&](Index p) { return b(k + p, j); }, [](Index) { return true; });
      }
    }
  return out;
}

/// Random whole products: each of the seven, chained, gives the plain result; WS and IS fold-then-add theirs.
template <class A, class B, class C, class Mac, class Plain, class RandomA, class RandomB>
void products(const Mac& mac, const Plain& plain, A zero, RandomA random_a, RandomB random_b, std::uint64_t seed) {
  for (int round = 0; round < 40; ++round) {
    Random random{seed + static_cast<std::uint64_t>(round)};
    const Index rows = random.below(20), cols = random.below(40), depth = random.below(24);
    const Index one_in = 1 + random.below(6);
    std::vector<A> a(static_cast<std::size_t>(rows * depth));
    std::vector<B> b(static_cast<std::size_t>(depth * cols));
    std::vector<C> preload(static_cast<std::size_t>(rows * cols));
    for (A& value : a) value = random.below(one_in) == 0 ? random_a(random) : zero;
    for (B& value : b) value = random_b(random);
    for (C& value : preload) value = static_cast<C>(random_b(random));
    const auto va = septet::row_major(a.data(), rows, depth);
    const auto vb = septet::row_major(b.data(), depth, cols);
    const auto chained = plain_product(va, vb, preload, plain, std::max<Index>(depth, 1));
    const auto folded = plain_product(va, vb, preload, plain, kH);
    CAPTURE(seed);
    CAPTURE(round);
    std::vector<C> c;
    const auto check = [&](const char* what, const std::vector<C>& want, auto run) {
      c = preload;
      run(septet::row_major(c.data(), rows, cols));
      INFO(what);
      CHECK(c == want);
    };
    check("dOS", chained, [&](auto vc) { dos_product(va, vb, vc, mac); });
    check("dWS", chained, [&](auto vc) { dws_product<kH, kW>(va, vb, vc, mac); });
    check("dIS", chained, [&](auto vc) { dis_product(va, vb, vc, mac); });
    check("sOS", chained, [&](auto vc) { sos_product(va, zero, vb, vc, mac); });
    check("sWS", chained, [&](auto vc) { sws_product(va, zero, vb, vc, mac); });
    check("sIS", chained, [&](auto vc) { sis_product(va, zero, vb, vc, mac); });
    check("csOS", chained, [&](auto vc) { csos_product(va, zero, vb, vc, mac); });
    if (depth <= kH) continue;  // one fold or none: plain_product chains
    check("dWS, added", folded, [&](auto vc) { dws_product<kH, kW, Sum::fold_then_add>(va, vb, vc, mac); });
    check("dIS, added", folded, [&](auto vc) { dis_product<Sum::fold_then_add>(va, vb, vc, mac); });
    // A k-tile in which a row is dead adds nothing to it, or zeros: equal values either way.
    check("sIS, added", folded, [&](auto vc) { sis_product<Sum::fold_then_add>(va, zero, vb, vc, mac); });
    if (one_in > 1) continue;  // sWS cuts its folds from the live columns: the same ones only if all are live
    check("sWS, added", folded, [&](auto vc) { sws_product<Sum::fold_then_add>(va, zero, vb, vc, mac); });
  }
}

/// Not zero, and never so large or small that anything overflows or vanishes.
template <class T>
T moderate(Random& random) {
  const double fraction = 1 + static_cast<double>(random.next() >> 11) * 0x1p-53;
  return static_cast<T>((random.below(2) == 0 ? 1 : -1) * fraction);
}

}  // namespace

TEST_CASE("f32: seven dataflows, one result") {
  products<float, float, float>(fold::Fused{}, PlainFused{}, 0.0f, moderate<float>, moderate<float>, 61);
}

TEST_CASE("s8 times u8 with zero points: seven dataflows, one result") {
  const auto s8 = [](Random& random) { return static_cast<std::int8_t>(random.next()); };
  const auto u8 = [](Random& random) { return static_cast<std::uint8_t>(random.next()); };
  products<std::int8_t, std::uint8_t, std::int32_t>(fold::Exact{-3, 120}, PlainExact{-3, 120}, std::int8_t{-3}, s8, u8,
                                                    62);
}

TEST_CASE("the call of a fold needs no MAC where the sums say it all") {
  const float a[] = {1, 2, 3, 4}, b[] = {1, 0, 0, 1};
  float c[4], moved[4];
  fold::dOS<2, 2, Sum::from_zero>(septet::row_major(a, 2, 2), septet::row_major(b, 2, 2), septet::row_major(c, 2, 2));
  fold::product<2, 2, 2>(a, b, moved);
  for (int i = 0; i < 4; ++i) CHECK(c[i] == a[i]);
  for (int i = 0; i < 4; ++i) CHECK(moved[i] == a[i]);
  const std::int8_t x[] = {-128, 127};
  std::int32_t sum = 1;
  fold::dIS<4, 4>(septet::row_major(x, 1, 2), septet::column_major(x, 2, 1), septet::row_major(&sum, 1, 1));
  CHECK(sum == 1 + 128 * 128 + 127 * 127);
}
