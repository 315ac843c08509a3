// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The strip microkernel (strip.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_STRIP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_STRIP_INL_H_
#undef SEPTET_KERNELS_STRIP_INL_H_
#else
#define SEPTET_KERNELS_STRIP_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/strip.hpp"

#include <cmath>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Register budget. A strip of R rows and V vectors keeps R * V accumulators, V vectors of B and one broadcast.
//   32 registers: 14 * 2 + 2 + 1 = 31.   16 registers: 6 * 2 + 2 + 1 = 15.
// Two vectors per row are enough to hide the latency of an FMA (4 to 5 cycles, two ports): R * V >= 10.
// A single row needs its chains from the vectors alone: 8.
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64
constexpr int kTallHeights[] = {14, 8, 4, 2, 1};
#else
constexpr int kTallHeights[] = {6, 4, 2, 1};
#endif
constexpr int kSingleHeights[] = {1};
constexpr int kWideVectors = 2;
constexpr int kSingleVectors = 8;

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

// A Mac policy turns one group of steps into vectors: LoadB fetches columns [column, column + lanes) of the group's
// panel rows, Broadcast one row's elements of A, Step does the group's MACs.
template <class T>
struct FusedMac {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using Elem = T;
  static constexpr Index kGroup = 1;

  static HWY_INLINE V LoadB(const T* row, const T* /*next*/, size_t column) { return hn::LoadU(D(), row + column); }
  static HWY_INLINE V Broadcast(const T* a) { return hn::Set(D(), *a); }
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
  static HWY_INLINE V Broadcast(const Elem* a) {
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

template <class Mac, class Acc, int kRows, int kVectors>
HWY_NOINLINE void RunStrip(const StripCall& call, size_t lanes) {
  using Elem = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  const Index cols = static_cast<Index>(kVectors * lanes);
  Acc* out[kRows];
  V acc[kRows][kVectors];
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i) {
    out[i] = static_cast<Acc*>(call.acc) + (call.row_index ? call.row_index[i] : call.row0 + i) * cols;
    HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) acc[i][v] = call.fold ? hn::Zero(d) : hn::LoadU(d, out[i] + v * lanes);
  }
  const Elem* HWY_RESTRICT a = static_cast<const Elem*>(call.a);
  const Elem* HWY_RESTRICT b = static_cast<const Elem*>(call.b);
  for (Index s = 0; s < call.steps; s += Mac::kGroup) {
    // The partner of an odd last step has weight 0; any row that exists will do.
    const Index s1 = s + Mac::kGroup - 1 < call.steps ? s + Mac::kGroup - 1 : s;
    const Elem* row = b + (call.k_index ? call.k_index[s] : call.k0 + s) * cols;
    const Elem* next = b + (call.k_index ? call.k_index[s1] : call.k0 + s1) * cols;
    V columns[kVectors];
    HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) columns[v] = Mac::LoadB(row, next, v * lanes);
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i) {
      const V weight = Mac::Broadcast(a + i * Mac::kGroup);
      HWY_UNROLL(16)
      for (int v = 0; v < kVectors; ++v) acc[i][v] = Mac::Step(acc[i][v], weight, columns[v]);
    }
    a += kRows * Mac::kGroup;
  }
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i) {
    HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) {
      Acc* to = out[i] + v * lanes;
      hn::StoreU(call.fold ? hn::Add(hn::LoadU(d, to), acc[i][v]) : acc[i][v], d, to);
    }
  }
}

template <class Mac, class Acc, int kVectors, bool kTall>
void RunHeight(const StripCall& call) noexcept {
  const size_t lanes = hn::Lanes(typename Mac::D());
  if constexpr (kTall) {
    switch (call.rows) {
      case kTallHeights[0]:
        return RunStrip<Mac, Acc, kTallHeights[0], kVectors>(call, lanes);
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64
      case 8:
        return RunStrip<Mac, Acc, 8, kVectors>(call, lanes);
#endif
      case 4:
        return RunStrip<Mac, Acc, 4, kVectors>(call, lanes);
      case 2:
        return RunStrip<Mac, Acc, 2, kVectors>(call, lanes);
      default:
        break;
    }
  }
  return RunStrip<Mac, Acc, 1, kVectors>(call, lanes);
}

/// The set of one arithmetic on this target.
template <class Mac, class Acc>
KernelSet MakeKernelSet() {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  return {{kWideVectors * lanes, kTallHeights, &RunHeight<Mac, Acc, kWideVectors, true>},
          {lanes, kTallHeights, &RunHeight<Mac, Acc, 1, true>},
          {kSingleVectors * lanes, kSingleHeights, &RunHeight<Mac, Acc, kSingleVectors, false>},
          {lanes, kSingleHeights, &RunHeight<Mac, Acc, 1, false>}};
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
