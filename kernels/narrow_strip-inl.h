// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The strip microkernel (strip.hpp) that does every step as narrow.hpp states it, compiled once per target. Its
// operands are those of the other strips. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_NARROW_STRIP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_NARROW_STRIP_INL_H_
#undef SEPTET_KERNELS_NARROW_STRIP_INL_H_
#else
#define SEPTET_KERNELS_NARROW_STRIP_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/narrow_mac-inl.h"
#include "kernels/strip.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A step is 6 to 30 instructions in a row: four chains at a time hide what they wait for each other.
constexpr int kNarrowHeights[] = {4, 1};
constexpr int kNarrowSingleHeights[] = {1};
constexpr int kNarrowSingleVectors = 4;

template <class D, class Elem>
HWY_INLINE hn::Vec<D> LoadAs(D d, const Elem* from) {
  if constexpr (std::is_same_v<Elem, hn::TFromD<D>>) {
    return hn::LoadU(d, from);
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<Elem, D>(), from));
  }
}

template <class Mac, class Elem, int kRows, int kVectors>
HWY_NOINLINE void RunNarrowStrip(const StripCall& call) {
  using T = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  const Mac mac(*call.narrow);
  // A's elements of neighbouring steps lie together where other kernels multiply them so.
  constexpr Index kGroup = sizeof(Elem) == 2 ? 2 : 1;
  const size_t lanes = hn::Lanes(d);
  const Index cols = static_cast<Index>(kVectors * lanes);
  T* out[kRows];
  V acc[kRows][kVectors];
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) {
    out[i] = static_cast<T*>(call.acc) + (call.row_index ? call.row_index[i] : call.row0 + i) * cols;
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) acc[i][v] = call.fold ? hn::Zero(d) : hn::LoadU(d, out[i] + v * lanes);
  }
  const Elem* HWY_RESTRICT a = static_cast<const Elem*>(call.a);
  const Elem* HWY_RESTRICT b = static_cast<const Elem*>(call.b);
  for (Index s = 0; s < call.steps; ++s) {
    const Elem* row = b + (call.k_index ? call.k_index[s] : call.k0 + s) * cols;
    const Elem* weights = a + s / kGroup * kRows * kGroup + s % kGroup;
    V columns[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) columns[v] = LoadAs(d, row + v * lanes);
    HWY_UNROLL(8)
    for (int i = 0; i < kRows; ++i) {
      const V weight = hn::Set(d, static_cast<T>(weights[i * kGroup]));
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) acc[i][v] = mac.Step(acc[i][v], weight, columns[v]);
    }
  }
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      T* to = out[i] + v * lanes;
      hn::StoreU(call.fold ? mac.Add(hn::LoadU(d, to), acc[i][v]) : acc[i][v], d, to);
    }
  }
}

template <class Mac, class Elem>
void RunNarrowTall(const StripCall& call) noexcept {
  if (call.rows == kNarrowHeights[0]) return RunNarrowStrip<Mac, Elem, kNarrowHeights[0], 1>(call);
  RunNarrowStrip<Mac, Elem, 1, 1>(call);
}

template <class Mac, class Elem>
void RunNarrowSingle(const StripCall& call) noexcept {
  RunNarrowStrip<Mac, Elem, 1, kNarrowSingleVectors>(call);
}

/// The set of one narrow arithmetic on this target.
template <class Mac, class Elem>
KernelSet MakeNarrowSet() {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  const StripKernel tall{lanes, kNarrowHeights, &RunNarrowTall<Mac, Elem>};
  const StripKernel single{kNarrowSingleVectors * lanes, kNarrowSingleHeights, &RunNarrowSingle<Mac, Elem>};
  return {tall, tall, single, single};
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
