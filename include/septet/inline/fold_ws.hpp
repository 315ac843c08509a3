// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Weight-stationary folds: a tile of A stays in the array (m along its columns, k along its rows), N columns of B
// stream past it.
//
// Computes, for c <= W weights rows m and r <= H k's in use, for every streamed n: a partial sum enters per m, meets
// its r weights in ascending k, and leaves:
//
//   dWS    for h = 0 … r - 1:   C[m][n] <- MAC(C[m][n], A[m][h], B[h][n])
//   sWS    for h = 0 … r - 1:   C[m][n] <- MAC(C[m][n], A[m][h], B[live[h]][n])     A holds live columns only
//
// Views: A is c x r (rows are m), B is r x N (sWS: K x N), C is c x N; c, r and N come from the views, any strides,
// no alignment. Vectors run along n if B and C have unit stride there, else along m if A and C have, else elements go
// one by one; the bits are the same.
//
// The call: dWS<H, W, sum>(a, b, c, mac), with sum = Sum::chained (C is the partial sum that enters and leaves),
// Sum::from_zero (zero enters, C is not read) or Sum::fold_then_add (zero enters, C is the separate accumulator),
// and mac from mac.hpp, by default Fused for floats and Exact for int32_t. A whole product on a 16 x 8 array, fold
// by fold, C starting as the preload or zero:
//
//   for (Index m = 0; m < M; m += 8)
//     for (Index k = 0; k < K; k += 16) {
//       const Index c = std::min<Index>(8, M - m), r = std::min<Index>(16, K - k);
//       septet::fold::dWS<16, 8>(A.block(m, k, c, r), B.block(k, 0, r, N), C.block(m, 0, c, N));
//     }
//
// Source: FlexiSAGA (Müller, Lübeck, Jung, Steinmetz, Bringmann, arXiv 2506.01566, 2025), the seven dataflows.
#pragma once

#include "septet/inline/tile.hpp"

namespace septet::fold {

namespace detail {

template <int H, int W, Sum kSum, class Arch, class A, class B, class C, class MapK, class Mac>
SEPTET_ALWAYS_INLINE void weight_stationary(const MatrixView<A>& a, const MatrixView<B>& b, const MatrixView<C>& c,
                                            MapK k, const Mac& mac) {
  static_assert(check<H, W, kSum, C, Mac>());
  assert(a.rows <= W && a.cols <= H && a.rows == c.rows && b.cols == c.cols);
  const auto left = rows_of(a, Same{});
  const auto right = columns_of(b, k);
  if constexpr (kTakesLanes<Mac> && kHasBatch<C, Arch>) {
    // The transposed fold, C' = B' * A', if it is the one with unit strides.
    if ((c.col_stride != 1 || b.col_stride != 1) && c.row_stride == 1 && a.row_stride == 1) {
      const DenseSteps<std::remove_const_t<decltype(right)>, std::remove_const_t<decltype(left)>> steps{right, left};
      const Output<C, Same> out{c.data, c.col_stride, c.row_stride, Same{}};
      return product<BatchLane<C, Arch>, ScalarLane<C, Arch>, 0, W>(Swapped<Mac>{mac}, kSum, steps, out, c.cols, 0,
                                                                    c.rows, a.cols);
    }
  }
  const DenseSteps<std::remove_const_t<decltype(left)>, std::remove_const_t<decltype(right)>> steps{left, right};
  along_columns<Arch, W, 0>(mac, kSum, steps, output_of(c, Same{}), c.rows, c.cols, a.cols);
}

}  // namespace detail

/// One dWS fold: C <- C + A * B, or C <- C + (0 + A * B), k ascending.
///
/// a: c x r, the stationary tile, c <= W rows m, r <= H columns k.  b: r x N.  c: c x N. Elements; any strides, but
/// C's elements are distinct. Aliasing: c touches no element of a or b. r = 0 is no fold: nothing enters but C or 0.
/// Errors: none at run time; shapes are asserted. Throws only what a MAC of your own throws.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class Mac = DefaultMac<C>>
void dWS(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  assert(a.cols == b.rows);
  detail::weight_stationary<H, W, kSum, Arch>(a, b, c, detail::Same{}, mac);
}

/// One sWS fold: as dWS; its k's are the next (at most H) entries of the list of live columns of A's m-tile.
///
/// a: c x r, column h is A's column live[h], zeros injected: they cost their MAC, as on the array. Under a zero point,
/// an injected zero is the zero point.  live: r numbers in [0, K), of any integer type, ascending in Septet's formats.
/// b: K x N, all rows; only live ones are read.  c: c x N. Aliasing and errors as dWS; the list is not checked.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class IndexT, class Mac = DefaultMac<C>>
void sWS(MatrixView<A> a, const IndexT* live, MatrixView<B> b, MatrixView<C> c,
         const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  detail::weight_stationary<H, W, kSum, Arch>(a, b, c, detail::Listed<IndexT>{live}, mac);
}

}  // namespace septet::fold
