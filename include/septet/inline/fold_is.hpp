// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Input-stationary folds: a tile of B stays in the array (k along its rows, n along its columns), rows of A stream
// past it.
//
// Computes, for r <= H k's and c <= W columns n in use, for every streamed row: a partial sum enters per n, meets its
// r inputs in ascending k, and leaves:
//
//   dIS    for h = 0 … r - 1:   C[m][n] <- MAC(C[m][n], A[m][h], B[h][n])             m = 0 … M - 1
//   sIS    for h = 0 … r - 1:   C[live[t]][n] <- MAC(C[live[t]][n], A[t][h], B[h][n])   t = 0 … T - 1
//
// Views: A is M x r (sIS: T x r), B is r x c, C is M x c; sizes come from the views, any strides, no alignment. Unit
// column strides of B and C are worked in vectors, others one element at a time; the bits are the same.
//
// The call: dIS<H, W, sum>(a, b, c, mac), with sum = Sum::chained (C is the partial sum that enters and leaves),
// Sum::from_zero (zero enters, C is not read) or Sum::fold_then_add (zero enters, C is the separate accumulator),
// and mac from mac.hpp, by default Fused for floats and Exact for int32_t. A whole product on a 16 x 8 array, fold
// by fold, C starting as the preload or zero:
//
//   for (Index n = 0; n < N; n += 8)
//     for (Index k = 0; k < K; k += 16) {
//       const Index c = std::min<Index>(8, N - n), r = std::min<Index>(16, K - k);
//       septet::fold::dIS<16, 8>(A.block(0, k, M, r), B.block(k, n, r, c), C.block(0, n, M, c));
//     }
//
// Source: FlexiSAGA (Müller, Lübeck, Jung, Steinmetz, Bringmann, arXiv 2506.01566, 2025), the seven dataflows.
#pragma once

#include "septet/inline/tile.hpp"

namespace septet::fold {

namespace detail {

template <int H, int W, Sum kSum, class Arch, class A, class B, class C, class MapRow, class Mac>
SEPTET_ALWAYS_INLINE void input_stationary(const MatrixView<A>& a, const MatrixView<B>& b, const MatrixView<C>& c,
                                           MapRow row, const Mac& mac) {
  static_assert(check<H, W, kSum, C, Mac>());
  assert(b.rows <= H && b.cols <= W && a.cols == b.rows && b.cols == c.cols);
  const auto left = rows_of(a, Same{});
  const auto right = columns_of(b, Same{});
  const DenseSteps<std::remove_const_t<decltype(left)>, std::remove_const_t<decltype(right)>> steps{left, right};
  along_columns<Arch, 0, W>(mac, kSum, steps, output_of(c, row), a.rows, c.cols, a.cols);
}

}  // namespace detail

/// One dIS fold: C <- C + A * B, or C <- C + (0 + A * B), k ascending.
///
/// a: M x r, streamed.  b: r x c, the stationary tile, r <= H, c <= W.  c: M x c. Elements; any strides, but C's
/// elements are distinct. Aliasing: c touches no element of a or b. r = 0 is no fold: nothing enters but C or 0.
/// Errors: none at run time; shapes are asserted. Throws only what a MAC of your own throws.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class Mac = DefaultMac<C>>
void dIS(MatrixView<A> a, MatrixView<B> b, MatrixView<C> c, const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  assert(a.rows == c.rows);
  detail::input_stationary<H, W, kSum, Arch>(a, b, c, detail::Same{}, mac);
}

/// One sIS fold: as dIS; only the live rows of A's k-tile stream, and only their rows of C change.
///
/// a: T x r, row t is A's row live[t], zeros injected: they cost their MAC, as on the array. Under a zero point, an
/// injected zero is the zero point.  live: T different numbers in [0, M), of any integer type.  b: r x c.  c: M x c,
/// all rows. Over several folds, start C as the preload or zero and chain: a row may be live in some folds only.
/// Aliasing and errors as dIS; the list is not checked.
template <int H, int W, Sum kSum = Sum::chained, class Arch = xsimd::default_arch, class A, class B, class C,
          class IndexT, class Mac = DefaultMac<C>>
void sIS(MatrixView<A> a, const IndexT* live, MatrixView<B> b, MatrixView<C> c,
         const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  detail::input_stationary<H, W, kSum, Arch>(a, b, c, detail::Listed<IndexT>{live}, mac);
}

}  // namespace septet::fold
