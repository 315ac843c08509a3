// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A whole small product of fixed shape: one dOS fold on an array as large as C.
//
// Computes C = A * B for M, N, K known at compile time: per output one sequence of MACs from zero, k ascending.
//
// Views: none: A is M x K, B is K x N, C is M x N, row after row without padding.
//
// The call: product<M, N, K>(a, b, c, mac), mac from mac.hpp, by default Fused for floats and Exact for int32_t.
//
//   float rotation[9], points[3 * 8], moved[3 * 8];
//   septet::fold::product<3, 8, 3>(rotation, points, moved);
#pragma once

#include "septet/inline/fold_os.hpp"

namespace septet::fold {

/// C = A * B. a: M * K elements, b: K * N, c: M * N, all row-major and any alignment; c touches neither a nor b and is
/// not read. No run-time errors; throws only what a MAC of your own throws.
template <int M, int N, int K, class Arch = xsimd::default_arch, class A, class B, class C, class Mac = DefaultMac<C>>
void product(const A* a, const B* b, C* c, const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  static_assert(M > 0 && N > 0 && K >= 0, "septet: a fixed product has rows, columns and a depth that is not negative");
  dOS<M, N, Sum::from_zero, Arch>(MatrixView<const A>{a, M, K, K, 1}, MatrixView<const B>{b, K, N, N, 1},
                                  MatrixView<C>{c, M, N, N, 1}, mac);
}

}  // namespace septet::fold
