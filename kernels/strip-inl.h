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
#include "kernels/items-inl.h"
#include "kernels/mac-inl.h"
#include "kernels/pack-inl.h"
#include "kernels/strip.hpp"
#include "kernels/tile-inl.h"

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

template <class Mac>
ItemsKernel FindItems(Index m, Index n, Index k) {
  if constexpr (Mac::kGroup == 1) {
    return FindItemsKernel<Mac>(m, n, k);
  } else {
    return nullptr;
  }
}

/// The set of one arithmetic on this target.
template <class Mac, class Acc>
KernelSet MakeKernelSet() {
  const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  return {{kWideVectors * lanes, kTallHeights, &RunHeight<Mac, Acc, kWideVectors, true>},
          {lanes, kTallHeights, &RunHeight<Mac, Acc, 1, true>},
          {kSingleVectors * lanes, kSingleHeights, &RunHeight<Mac, Acc, kSingleVectors, false>},
          {lanes, kSingleHeights, &RunHeight<Mac, Acc, 1, false>},
          MakeTileSet<Mac>(),
          &PackPanel<hwy::MakeUnsigned<typename Mac::Elem>, static_cast<int>(Mac::kGroup)>,
          &FindItems<Mac>};
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
