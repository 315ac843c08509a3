// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Packing of dense panels (PanelCall in tile.hpp), compiled once per target. Nothing is computed here: elements are
// moved as unsigned integers. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_PACK_INL_H_
#undef SEPTET_KERNELS_PACK_INL_H_
#else
#define SEPTET_KERNELS_PACK_INL_H_
#endif

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/tile.hpp"
#include "kernels/transpose-inl.h"

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One element after the other, for whatever the fast ways below leave: outer from `outer0`, k from `k0` (a multiple of
// the group) on.
template <class Elem, int kGroup>
void PackElements(const PanelCall& call, Index outer0, Index outer1, Index k0, Index k1) {
  Elem* to = static_cast<Elem*>(call.to);
  const char* from = static_cast<const char*>(call.from);
  for (Index k = k0; k < k1; k += kGroup) {
    for (Index i = outer0; i < outer1; ++i) {
      for (Index g = 0; g < kGroup; ++g) {
        Elem value = 0;
        if (k + g < call.k) std::memcpy(&value, from + i * call.outer_stride + (k + g) * call.k_stride, sizeof(Elem));
        to[(k / kGroup * call.width + i) * kGroup + g] = value;
      }
    }
  }
}

#if HWY_TARGET != HWY_SCALAR
// The elements of one step lie side by side along the panel already: rows are copied, `kVectors` whole vectors of them
// or (0) any width. They come from afar, one line or a few in each page: the next ones are fetched meanwhile.
template <class Elem, int kVectors>
void CopyRows(const PanelCall& call) {
  const hn::ScalableTag<Elem> d;
  constexpr Index kAhead = 12;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const Index width = call.width, k_stride = call.k_stride, outer = call.outer;
  Elem* to = static_cast<Elem*>(call.to);
  const char* from = static_cast<const char*>(call.from);
  for (Index k = call.k; k > 0; --k, to += width, from += k_stride) {
    const Elem* row = reinterpret_cast<const Elem*>(from);
    if constexpr (kVectors > 0) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        hwy::Prefetch(reinterpret_cast<const Elem*>(from + kAhead * k_stride) + v * lanes);
        hn::StoreU(hn::LoadU(d, row + v * lanes), d, to + v * lanes);
      }
    } else {
      Index i = 0;
      for (; i + lanes <= outer; i += lanes) hn::StoreU(hn::LoadU(d, row + i), d, to + i);
      for (; i < outer; ++i) to[i] = row[i];
    }
  }
}

template <class Elem>
void CopyRowsOf(const PanelCall& call) {
  const Index lanes = static_cast<Index>(hn::Lanes(hn::ScalableTag<Elem>()));
  if (call.outer == 3 * lanes) return CopyRows<Elem, 3>(call);
  if (call.outer == 2 * lanes) return CopyRows<Elem, 2>(call);
  if (call.outer == lanes) return CopyRows<Elem, 1>(call);
  CopyRows<Elem, 0>(call);
}

// Rows [row, row + lanes), and so on, as long as they are there; of `groups` groups each.
template <class D, class U = hn::TFromD<D>>
void TransposeRows(D d, const PanelCall& call, Index groups, Index& row) {
  constexpr Index kPerBlock = 16 / sizeof(U);
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  for (; row + lanes <= call.outer; row += lanes) {
    const char* from = static_cast<const char*>(call.from) + row * call.outer_stride;
    U* to = static_cast<U*>(call.to) + row;
    for (Index s = 0; s + kPerBlock <= groups; s += kPerBlock) {
      hn::Vec<D> steps[kPerBlock];
      TransposeBlocks(d, from, call.outer_stride, steps);
      HWY_UNROLL(4)
      for (Index q = 0; q < kPerBlock; ++q) hn::StoreU(steps[q], d, to + q * call.width);
      from += 16, to += kPerBlock * call.width;
    }
  }
}

// Groups lie one after the other along k (row-major A, column-major B).
template <class Elem, int kGroup>
void TransposePanel(const PanelCall& call) {
  using U = std::conditional_t<sizeof(Elem) * kGroup == 4, std::uint32_t, std::uint64_t>;
  constexpr Index kPerBlock = 16 / sizeof(U);
  const Index groups = call.k / kGroup;
  Index row = 0;
  TransposeRows(hn::ScalableTag<U>(), call, groups, row);
  TransposeRows(hn::CappedTag<U, 8>(), call, groups, row);
  TransposeRows(hn::CappedTag<U, 16 / sizeof(U)>(), call, groups, row);
  PackElements<Elem, kGroup>(call, 0, row, groups / kPerBlock * kPerBlock * kGroup, call.k);
  PackElements<Elem, kGroup>(call, row, call.outer, 0, call.k);
}

// Pairs are made of neighbouring rows of k (row-major B): two rows are interleaved, 16 bytes at a time.
template <class Elem>
void InterleavePairs(const PanelCall& call) {
  constexpr Index kGroup = 2, kLanes = 16 / sizeof(Elem);
  const hn::FixedTag<Elem, kLanes> d;
  const Index k = call.k / kGroup * kGroup, outer = call.outer / kLanes * kLanes;
  for (Index k0 = 0; k0 < k; k0 += kGroup) {
    const char* from = static_cast<const char*>(call.from) + k0 * call.k_stride;
    const auto load = [&](Index g, Index i) {
      return hn::LoadU(d, reinterpret_cast<const Elem*>(from + g * call.k_stride) + i);
    };
    Elem* to = static_cast<Elem*>(call.to) + k0 * call.width;
    for (Index i = 0; i < outer; i += kLanes, to += kLanes * kGroup) {
      const auto even = load(0, i), odd = load(1, i);
      hn::StoreU(hn::InterleaveLower(d, even, odd), d, to);
      hn::StoreU(hn::InterleaveUpper(d, even, odd), d, to + kLanes);
    }
  }
  PackElements<Elem, kGroup>(call, outer, call.outer, 0, k);
  PackElements<Elem, kGroup>(call, 0, call.outer, k, call.k);
}
#endif  // HWY_TARGET != HWY_SCALAR

// The columns that the panel has and the operand has not.
template <class Elem, int kGroup>
void ZeroBehind(const PanelCall& call) {
  if (call.outer == call.width) return;
  Elem* to = static_cast<Elem*>(call.to) + call.outer * kGroup;
  for (Index k = 0; k < call.k; k += kGroup, to += call.width * kGroup) {
    std::memset(to, 0, static_cast<size_t>(call.width - call.outer) * kGroup * sizeof(Elem));
  }
}

// A single row of A, whose groups follow each other either way.
template <class Elem, int kGroup>
void CopyRow(const PanelCall& call) {
  Elem* to = static_cast<Elem*>(call.to);
  std::memcpy(to, call.from, static_cast<size_t>(call.k) * sizeof(Elem));
  for (Index k = call.k; k % kGroup != 0; ++k) to[k] = 0;
}

template <class Elem, int kGroup>
void PackPanel(const PanelCall& call) {
  constexpr Index kSize = sizeof(Elem);
  if (call.width == 1 && call.k_stride == kSize) return CopyRow<Elem, kGroup>(call);
  ZeroBehind<Elem, kGroup>(call);
#if HWY_TARGET != HWY_SCALAR
  if (call.k_stride == kSize) return TransposePanel<Elem, kGroup>(call);
  if (call.outer_stride == kSize) {
    if constexpr (kGroup == 1) return CopyRowsOf<Elem>(call);
    if constexpr (kGroup == 2) return InterleavePairs<Elem>(call);
  }
#endif
  PackElements<Elem, kGroup>(call, 0, call.outer, 0, call.k);
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
