// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One multiply-accumulate step on vectors, compiled once per target: what strips and tiles share. Include guard by
// Highway's toggle.
#if defined(SEPTET_KERNELS_MAC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_MAC_INL_H_
#undef SEPTET_KERNELS_MAC_INL_H_
#else
#define SEPTET_KERNELS_MAC_INL_H_
#endif

#include "hwy/highway.h"
#include "septet/types.hpp"

#include <cmath>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// acc + a * b with one rounding. Where the instruction is missing, lane by lane through the C library, which is exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V FusedMultiplyAdd(D d, V acc, V a, V b) {
#if HWY_NATIVE_FMA
  (void)d;
  return hn::MulAdd(a, b, acc);
#else
  using T = hn::TFromD<D>;
  HWY_ALIGN T sum[hn::MaxLanes(D())];
  HWY_ALIGN T x[hn::MaxLanes(D())];
  HWY_ALIGN T y[hn::MaxLanes(D())];
  hn::Store(acc, d, sum);
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  for (size_t i = 0; i < hn::Lanes(d); ++i) sum[i] = std::fma(x[i], y[i], sum[i]);
  return hn::Load(d, sum);
#endif
}

// A Mac policy turns one step into vectors. kGroup elements of a step lie side by side; Broadcast fetches one row's
// elements of A, Step does the step's MACs. For strips, LoadB fetches columns [column, column + lanes) of the step's
// panel rows; for tiles, LoadB fetches vector v of a row of groups.
template <class T>
struct FusedMac {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using Elem = T;
  static constexpr Index kGroup = 1;

  static HWY_INLINE V LoadB(const T* row, const T* /*next*/, size_t column) { return hn::LoadU(D(), row + column); }
  template <int kVectors, bool kPartial, class Columns>
  static HWY_INLINE V LoadB(const char* row, const Columns& columns, int v) {
    return columns.load(reinterpret_cast<const T*>(row), v);
  }
  static HWY_INLINE V Broadcast(const void* a) { return hn::Set(D(), *static_cast<const T*>(a)); }
  static HWY_INLINE V Step(V acc, V a, V b) { return FusedMultiplyAdd(D(), acc, a, b); }
};

template <class T>
struct UnfusedMac : FusedMac<T> {
  using V = typename FusedMac<T>::V;
  // Two roundings. The build forbids contraction, or the compiler would make one instruction of these two.
  static HWY_INLINE V Step(V acc, V a, V b) { return hn::Add(acc, hn::Mul(a, b)); }
};

// Two steps at once: 16-bit pairs, multiplied exactly and added modulo 2^32.
template <class T>
struct PairMac {
  using D = hn::ScalableTag<std::int32_t>;
  using V = hn::Vec<D>;
  using Elem = std::int16_t;
  static constexpr Index kGroup = 2;

  static HWY_INLINE V LoadB(const Elem* row, const Elem* next, size_t column) {
    const D d;
    const hn::Repartition<std::uint32_t, D> du;
    const hn::Rebind<std::uint16_t, D> half;
    const auto even = hn::PromoteTo(du, hn::LoadU(half, reinterpret_cast<const std::uint16_t*>(row) + column));
    const auto odd = hn::PromoteTo(du, hn::LoadU(half, reinterpret_cast<const std::uint16_t*>(next) + column));
    return hn::BitCast(d, hn::Or(even, hn::ShiftLeft<16>(odd)));
  }
  template <int kVectors, bool kPartial, class Columns>
  static HWY_INLINE V LoadB(const char* row, const Columns& columns, int v) {
    return hn::LoadU(D(), reinterpret_cast<const std::int32_t*>(row) + v * columns.lanes);  // always a packed panel
  }
  static HWY_INLINE V Broadcast(const void* a) {
    std::int32_t pair;
    std::memcpy(&pair, a, sizeof(pair));
    return hn::Set(D(), pair);
  }
  static HWY_INLINE V Step(V acc, V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
    // pmaddwd, or vpdpwssd: neighbours meet in one 32-bit lane. The one sum of two products that does not fit it,
    // 2 * (-2^15)^2, wraps to -2^31.
    const hn::Repartition<std::int16_t, D> d16;
    V unused = hn::Zero(D());
    return hn::ReorderWidenMulAccumulate(D(), hn::BitCast(d16, a), hn::BitCast(d16, b), acc, unused);
#else
    const auto low = [](V v) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(v)); };
    const auto high = [](V v) { return hn::ShiftRight<16>(v); };
    return hn::Add(acc, hn::Add(hn::Mul(low(a), low(b)), hn::Mul(high(a), high(b))));
#endif
  }
};

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
