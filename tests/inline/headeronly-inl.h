// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The body of headeronly.hpp's two functions.
#include "headeronly.hpp"
#include "septet/inline/folds.hpp"
#include "septet/inline/gemm_fixed.hpp"
#include "septet/septet.hpp"

namespace {

template <class T, class C, class Mac>
std::uint64_t folds_of(const Mac& mac) {
  constexpr int kRows = 5, kCols = 21, kDepth = 6;
  T a[kRows * kDepth], b[kDepth * kCols];
  C c[kRows * kCols];
  const int live[kDepth] = {0, 1, 2, 3, 4, 5};
  for (int i = 0; i < kRows * kDepth; ++i) a[i] = static_cast<T>(i * 37 % 101 / T(3));
  for (int i = 0; i < kDepth * kCols; ++i) b[i] = static_cast<T>(i * 53 % 97 / T(3));
  for (int i = 0; i < kRows * kCols; ++i) c[i] = static_cast<C>(i * 7 % 31);
  const septet::MatrixView<T> va{a, kRows, kDepth, kDepth, 1}, vb{b, kDepth, kCols, kCols, 1};
  const septet::MatrixView<C> vc{c, kRows, kCols, kCols, 1};
  namespace fold = septet::fold;
  fold::dOS<kRows, kCols>(va, vb, vc, mac);
  fold::sWS<kDepth, kRows, fold::Sum::fold_then_add>(va, live, vb, vc, mac);
  fold::dIS<kDepth, kCols>(va, vb, vc, mac);
  fold::gemm_fixed<kRows, kCols, kDepth, fold::Sum::chained>(a, b, c, mac);
  fold::gemm_fixed<kRows, 4, kDepth, fold::Sum::chained>(a, kDepth, b, kCols, c, kCols, mac);
  std::uint64_t hash = 1469598103934665603u;
  const auto* bytes = reinterpret_cast<const unsigned char*>(c);
  for (unsigned i = 0; i < sizeof(c); ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

// Every bit pattern of the narrow floats, there and back.
std::uint64_t narrow_floats() {
  std::uint64_t hash = 1469598103934665603u;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float wide = static_cast<float>(septet::f16::from_bits(static_cast<std::uint16_t>(bits)));
    const float wider = static_cast<float>(septet::bf16::from_bits(static_cast<std::uint16_t>(bits)));
    hash = (hash ^ septet::f16(wider).bits ^ std::uint64_t{septet::bf16(wide).bits} << 16) * 1099511628211u;
  }
  return hash;
}

HeaderOnlyResult result() {
  return {xsimd::default_arch::name(),
          septet::fold::Lane<float>::kWidth,
          folds_of<float, float>(septet::fold::Fused{}),
          folds_of<float, float>(septet::fold::Unfused{}),
          folds_of<std::int8_t, std::int32_t>(septet::fold::Exact{3, -2}),
          narrow_floats()};
}

}  // namespace
