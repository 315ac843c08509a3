// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulated array's kernels (array.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_ARRAY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_ARRAY_INL_H_
#undef SEPTET_KERNELS_ARRAY_INL_H_
#else
#define SEPTET_KERNELS_ARRAY_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/array.hpp"
#include "kernels/mac-inl.h"
#include "kernels/narrow_mac-inl.h"

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Eight chains hide the latency of a multiply-accumulate (4 cycles, two ports), and 16 registers hold them beside their
// operands. Lanes of csOS need a mask for each.
constexpr int kArrayRows = 8;
constexpr int kLaneRows = 4;

// Words of 16 bits in lanes of 32: one multiplication of pairs, the second pair being 0 * something.
struct WordArrayMac : PairMac<std::int32_t> {
  using Elem = std::int32_t;
  static HWY_INLINE V Prepare(V v) { return hn::And(v, hn::Set(D(), 0xffff)); }
};

template <class T>
struct FusedArrayMac : FusedMac<T> {
  using V = typename FusedMac<T>::V;
  static HWY_INLINE V Prepare(V v) { return v; }
};

template <class T>
struct UnfusedArrayMac : UnfusedMac<T> {
  using V = typename UnfusedMac<T>::V;
  static HWY_INLINE V Prepare(V v) { return v; }
};

template <class Narrowing>
struct NarrowArrayMac : Narrowing {
  using V = typename Narrowing::V;
  explicit NarrowArrayMac(const Narrow* narrow) : Narrowing(*narrow) {}
  HWY_INLINE V Prepare(V v) const { return v; }
};

template <class Mac, class Call>
HWY_INLINE Mac MakeMac(const Call& call) {
  if constexpr (std::is_default_constructible_v<Mac>) {
    return Mac();
  } else {
    return Mac(call.narrow);
  }
}

template <class Mac, bool kGated, class V>
HWY_INLINE V StepUnlessZero(const Mac& mac, V sum, V a, V b, V weight) {
  if constexpr (!kGated) return mac.Step(sum, a, b);
  const typename Mac::D d;
  return hn::IfThenElse(hn::Eq(weight, hn::Zero(d)), sum, mac.Step(sum, a, b));
}

template <class Mac, int kRows, bool kGated>
HWY_INLINE void StepOutputs(const Mac& mac, const OutputsCall& call, Index row, Index column) {
  using T = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  const T* a[kRows];
  T* out[kRows];
  V acc[kRows];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    a[r] = static_cast<const T*>(call.a) + (row + r) * call.a_stride + column + call.steps - 1;
    out[r] = static_cast<T*>(call.acc) + (row + r) * call.acc_stride + column;
    acc[r] = hn::LoadU(d, out[r]);
  }
  const T* b = static_cast<const T*>(call.b) + column;
  for (Index i = 0; i < call.steps; ++i, b += call.b_stride) {
    const V top = mac.Prepare(hn::LoadU(d, b));
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const V left = hn::LoadU(d, a[r] - i);
      acc[r] = StepUnlessZero<Mac, kGated>(mac, acc[r], left, top, left);
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) hn::StoreU(acc[r], d, out[r]);
}

template <class Mac, int kRows>
HWY_INLINE void StepLanes(const Mac& mac, const OutputsCall& call, Index row, Index column) {
  using T = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  const T* a[kRows];
  const T* lane[kRows];
  T* out[kRows];
  V acc[kRows];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    const Index line = (row + r) * call.a_stride + column + call.steps - 1;
    a[r] = static_cast<const T*>(call.a) + line, lane[r] = static_cast<const T*>(call.lane) + line;
    out[r] = static_cast<T*>(call.acc) + (row + r) * call.acc_stride + column;
    acc[r] = hn::LoadU(d, out[r]);
  }
  const T* b = static_cast<const T*>(call.b) + column;
  for (Index i = 0; i < call.steps; ++i, b += call.b_stride) {
    for (int l = 0; l < call.lanes; ++l) {
      const V top = mac.Prepare(hn::LoadU(d, b + l * call.b_lane_stride));
      const V this_lane = hn::Set(d, static_cast<T>(l));
      HWY_UNROLL(8)
      for (int r = 0; r < kRows; ++r) {
        const V sum = mac.Step(acc[r], hn::LoadU(d, a[r] - i), top);
        acc[r] = hn::IfThenElse(hn::Eq(hn::LoadU(d, lane[r] - i), this_lane), sum, acc[r]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) hn::StoreU(acc[r], d, out[r]);
}

template <class Mac, int kSteps, Gate kGate>
HWY_INLINE void PassSums(const Mac& mac, const PassingCall& call, Index first, Index column) {
  using T = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  T* out = static_cast<T*>(call.sums) + first * call.sums_stride + column;
  V sum[kSteps];
  HWY_UNROLL(8)
  for (int s = 0; s < kSteps; ++s) sum[s] = hn::LoadU(d, out + s * call.sums_stride);
  const T* kept = static_cast<const T*>(call.kept) + column;
  const T* streamed = static_cast<const T*>(call.streamed) + column + call.steps - 1 - first;
  for (Index h = 0; h < call.rows; ++h, kept += call.kept_stride, streamed += call.streamed_stride) {
    const V stays = mac.Prepare(hn::LoadU(d, kept));
    HWY_UNROLL(8)
    for (int s = 0; s < kSteps; ++s) {
      const V moves = hn::LoadU(d, streamed - s);
      sum[s] = StepUnlessZero<Mac, kGate != Gate::none>(mac, sum[s], moves, stays, kGate == Gate::kept ? stays : moves);
    }
  }
  HWY_UNROLL(8)
  for (int s = 0; s < kSteps; ++s) hn::StoreU(sum[s], d, out + s * call.sums_stride);
}

template <class Mac, bool kGated>
void StepAllOutputs(const Mac& mac, const OutputsCall& call) {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  for (Index column = 0; column < call.width; column += lanes) {
    Index row = 0;
    for (; row + kArrayRows <= call.rows; row += kArrayRows)
      StepOutputs<Mac, kArrayRows, kGated>(mac, call, row, column);
    for (; row + 2 <= call.rows; row += 2) StepOutputs<Mac, 2, kGated>(mac, call, row, column);
    for (; row < call.rows; ++row) StepOutputs<Mac, 1, kGated>(mac, call, row, column);
  }
}

template <class Mac>
void StepAllLanes(const Mac& mac, const OutputsCall& call) {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  for (Index column = 0; column < call.width; column += lanes) {
    Index row = 0;
    for (; row + kLaneRows <= call.rows; row += kLaneRows) StepLanes<Mac, kLaneRows>(mac, call, row, column);
    for (; row < call.rows; ++row) StepLanes<Mac, 1>(mac, call, row, column);
  }
}

template <class Mac, Gate kGate>
void PassAllSums(const Mac& mac, const PassingCall& call) {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  for (Index column = 0; column < call.width; column += lanes) {
    Index first = 0;
    for (; first + kArrayRows <= call.steps; first += kArrayRows) {
      PassSums<Mac, kArrayRows, kGate>(mac, call, first, column);
    }
    for (; first < call.steps; ++first) PassSums<Mac, 1, kGate>(mac, call, first, column);
  }
}

template <class Mac>
void RunOutputs(const OutputsCall& call) {
  const Mac mac = MakeMac<Mac>(call);
  if (call.lanes > 0) return StepAllLanes(mac, call);
  return call.gated ? StepAllOutputs<Mac, true>(mac, call) : StepAllOutputs<Mac, false>(mac, call);
}

template <class Mac>
void RunPassing(const PassingCall& call) {
  const Mac mac = MakeMac<Mac>(call);
  switch (call.gate) {
    case Gate::kept:
      return PassAllSums<Mac, Gate::kept>(mac, call);
    case Gate::streamed:
      return PassAllSums<Mac, Gate::streamed>(mac, call);
    default:
      return PassAllSums<Mac, Gate::none>(mac, call);
  }
}

template <class Mac>
ArrayKernels MakeArrayKernels() {
  static_assert(hn::MaxLanes(typename Mac::D()) <= kArrayPad, "septet: a vector reaches beyond a row's padding");
  return {&RunOutputs<Mac>, &RunPassing<Mac>};
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
