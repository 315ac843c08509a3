// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Must not compile; SEPTET_MISUSE says why, and the test looks for our sentence about it.
#include "septet/inline/folds.hpp"
#include "septet/inline/gemm_fixed.hpp"

namespace fold = septet::fold;

struct Opaque {};
template <class T>
septet::MatrixView<T> view() {
  return {nullptr, 1, 1, 1, 1};
}

int main() {
#if SEPTET_MISUSE == 1
  fold::dOS<4, 4, fold::Sum::fold_then_add>(view<float>(), view<float>(), view<float>());
#elif SEPTET_MISUSE == 2
  fold::dWS<4, 4>(view<std::int8_t>(), view<std::int8_t>(), view<std::int32_t>(), fold::Fused{});
#elif SEPTET_MISUSE == 3
  fold::dIS<4, 4>(view<Opaque>(), view<Opaque>(), view<Opaque>());
#elif SEPTET_MISUSE == 4
  fold::dIS<4, 4>(view<double>(), view<double>(), view<float>());
#elif SEPTET_MISUSE == 5
  fold::dIS<4, 0>(view<float>(), view<float>(), view<float>());
#elif SEPTET_MISUSE == 6
  fold::dOS<4, 4>(view<float>(), view<float>(), view<const float>());
#elif SEPTET_MISUSE == 7
  fold::dOS<4, 4>(view<Opaque>(), view<Opaque>(), view<Opaque>(), [](Opaque, int, int) { return Opaque(); });
#elif SEPTET_MISUSE == 8
  fold::dWS<4, 4, fold::Sum::fold_then_add>(view<Opaque>(), view<Opaque>(), view<Opaque>(),
                                            [](Opaque, Opaque, Opaque) { return Opaque(); });
#elif SEPTET_MISUSE == 9
  fold::gemm_fixed<4, 65, 4>(static_cast<float*>(nullptr), static_cast<float*>(nullptr), static_cast<float*>(nullptr));
#elif SEPTET_MISUSE == 10
  fold::gemm_fixed<4, 4, 4>(static_cast<int*>(nullptr), static_cast<int*>(nullptr), static_cast<long*>(nullptr));
#endif
  return 0;
}
