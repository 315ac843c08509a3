// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Output-stationary folds: a tile of C stays in the array, T steps stream past it.
//
// Computes, for r <= H rows and c <= W columns in use, t ascending, every output one sequence of MACs:
//
//   dOS    C[h][w] <- MAC(C[h][w], A[h][t], B[t][w])                      t = 0 … T - 1 is k
//   sOS    C[h][w] <- MAC(C[h][w], A[h][t], B[live[t]][w])                A holds live columns only
//   csOS   C[h][w] <- MAC(C[h][w], x.value, B[columns[t][x.lane]][w])     x = weights[h][t], if x.present
//
// Views: A is r x T, B is K x c (dOS: K = T), C is r x c; r, c and T come from the views, any strides, no alignment.
// Unit column strides of B and C are worked in vectors, others one element at a time; the bits are the same.
//
// The call: dOS<H, W, sum>(a, b, c, mac), with sum = Sum::chained (C is the preload) or Sum::from_zero (C is not
// read), and mac from mac.hpp, by default Fused for floats and Exact for int32_t. A whole product, tile by tile:
//
//   for (Index m = 0; m < M; m += 8)
//     for (Index n = 0; n < N; n += 16) {
//       const Index r = std::min<Index>(8, M - m), c = std::min<Index>(16, N - n);
//       septet::fold::dOS<8, 16>(A.block(m, 0, r, K), B.block(0, n, K, c), C.block(m, n, r, c));
//     }
//
// Source: FlexiSAGA (Müller, Lübeck, Jung, Steinmetz, Bringmann, arXiv 2506.01566, 2025), the seven dataflows; csOS:
// column combining (Kung, McDanel, Zhang, ASPLOS 2019).
#pragma once

#include <cstdint>

#include "septet/inline/tile.hpp"

namespace septet::fold {

/// What one PE row holds in one step of csOS. Any struct with these three members will do.
template <class A>
struct Weight {
  A value{};
  std::uint8_t lane = 0;  ///< which of the step's columns the value belongs to
  bool present = false;   ///< false: the row idles, and the other two mean nothing
};

namespace detail {

template <class OneWeight, class IndexT, class Right>
struct CombinedSteps {
  using RightElement = typename Right::Element;
  const OneWeight* weights;
  Index row_stride, step_stride;
  const IndexT* columns;
  Index columns_step_stride, columns_lane_stride;
  Index lanes;
  Right right;

  template <int kRows, int kVecs, bool kFull, class L, class Stepper, class Acc>
  SEPTET_ALWAYS_INLINE void run(const Stepper& step, Acc& acc, Index i, Index j, int n, Index p) const {
    unroll<kRows>([&](int r) SEPTET_ALWAYS_INLINE_LAMBDA {
      const OneWeight& weight = weights[(i + r) * row_stride + p * step_stride];
      if (!weight.present) return;
      assert(static_cast<Index>(weight.lane) < lanes);
      const Index k = static_cast<Index>(columns[p * columns_step_stride + weight.lane * columns_lane_stride]);
      const auto a = step.left(&weight.value);
      unroll<kVecs>([&](int v) SEPTET_ALWAYS_INLINE_LAMBDA {
        step.run(acc.at[r * kVecs + v], a, step.template right<kFull>(right.at(j + v * L::kWidth, k), n));
      });
    });
  }
};

template <int H, int W, Sum kSum, class Arch, class A, class B, class C, class MapK, class Mac>
SEPTET_ALWAYS_INLINE void output_stationary(const MatrixView<A>& a, const MatrixView<B>& b, const MatrixView<C>& c,
                                            MapK k, const Mac& mac) {
  static_assert(check<H, W, kSum, C, Mac>());
  static_assert(kSum != Sum::fold_then_add, "septet: output-stationary folds have no fold-then-add");
  assert(c.rows <= H && c.cols <= W && a.rows == c.rows && b.cols == c.cols);
  const auto left = rows_of(a, Same{});
  const auto right = columns_of(b, k);
  along_columns<Arch, H, W>(mac, kSum, DenseSteps<decltype(left), decltype(right)>{left, right}, output_of(c, Same{}),
                            c.rows, c.cols, a.cols);
}

}  // namespace detail

/// One dOS fold: C <- C + A * B, k ascending.
///
/// a: r x T, r <= H.  b: T x c, c <= W.  c: r x c. Elements; any strides, but C's elements are distinct.
/// Aliasing: c touches no element of a or b. T = 0 leaves C (Sum::from_zero: clears it).
/// Errors: none at run time; shapes are asserted. Throws only what a MAC of your own throws.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class Mac = DefaultMac<C>>
void dOS(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  assert(a.cols == b.rows);
  detail::output_stationary<H, W, kSum, Arch>(a, b, c, detail::Same{}, mac);
}

/// One sOS fold: as dOS over the live columns of A's tile, in the list's order (ascending in Septet's formats).
///
/// a: r x T, column t is A's column live[t], zeros injected: they cost their MAC, as on the array. Under a zero
/// point, an injected zero is the zero point.  live: T numbers in [0, K), of any integer type.  b: K x c, all rows;
/// only live ones are read.  c: r x c. Aliasing and errors as dOS; the list's entries are not checked.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class IndexT, class Mac = DefaultMac<C>>
void sOS(MatrixView<A> a, const IndexT* live, MatrixView<B> b, MatrixView<C> c,
         const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  detail::output_stationary<H, W, kSum, Arch>(a, b, c, detail::Listed<IndexT>{live}, mac);
}

/// One csOS fold: T steps of up to L columns of A's tile that never need the same PE row.
///
/// weights: r x T of Weight<A> (or a struct like it): row h in step t has a weight or idles: no MAC, nothing
/// injected.  columns: T x L, entry (t, l) is the k of lane l in step t; lanes that no weight names are not read.
/// b: K x c, all rows.  c: r x c. Aliasing and errors as dOS; lanes are asserted, the k are not checked.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class OneWeight, class IndexT,
          class B, class C, class Mac = DefaultMac<C>>
void csOS(MatrixView<OneWeight> weights, MatrixView<IndexT> columns, MatrixView<B> b, MatrixView<C> c,
          const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  static_assert(detail::check<H, W, kSum, C, Mac>());
  static_assert(kSum != Sum::fold_then_add, "septet: output-stationary folds have no fold-then-add");
  static_assert(std::is_integral_v<IndexT>, "septet: the columns of a step are integers");
  assert(c.rows <= H && c.cols <= W && weights.rows == c.rows && b.cols == c.cols && columns.rows == weights.cols);
  const auto right = detail::columns_of(b, detail::Same{});
  const detail::CombinedSteps<std::remove_const_t<OneWeight>, std::remove_const_t<IndexT>,
                              std::remove_const_t<decltype(right)>>
      steps{weights.data,       weights.row_stride, weights.col_stride, columns.data,
            columns.row_stride, columns.col_stride, columns.cols,       right};
  detail::along_columns<Arch, H, W>(mac, kSum, steps, detail::output_of(c, detail::Same{}), c.rows, c.cols,
                                    weights.cols);
}

}  // namespace septet::fold
