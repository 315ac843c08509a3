// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Rows that lie along k, turned into vectors that lie across them; compiled once per target. Include guard by Highway's
// toggle.
#if defined(SEPTET_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_TRANSPOSE_INL_H_
#undef SEPTET_KERNELS_TRANSPOSE_INL_H_
#else
#define SEPTET_KERNELS_TRANSPOSE_INL_H_
#endif

#include "hwy/highway.h"
#include "septet/types.hpp"

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
// 128 bits of each of several rows, side by side: block b from rows + b * stride.
template <class D, class U = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const char* rows, Index stride) {
  constexpr size_t kBlocks = hn::MaxLanes(D()) * sizeof(U) / 16;
  if constexpr (kBlocks == 1) {
    return hn::LoadU(d, reinterpret_cast<const U*>(rows));
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, LoadBlocks(half, rows + kBlocks / 2 * stride, stride), LoadBlocks(half, rows, stride));
  }
}

// Every block of 128 bits transposed: out[q] <- element q of in[0], in[1], … within each block.
template <class D, class V = hn::Vec<D>, std::enable_if_t<sizeof(hn::TFromD<D>) == 4>* = nullptr>
HWY_INLINE void TransposeWithinBlocks(D d, const V* in, V* out) {
  const hn::Repartition<std::uint64_t, D> d64;
  const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d, in[0], in[1]));
  const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d, in[0], in[1]));
  const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d, in[2], in[3]));
  const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d, in[2], in[3]));
  out[0] = hn::BitCast(d, hn::InterleaveLower(d64, low01, low23));
  out[1] = hn::BitCast(d, hn::InterleaveUpper(d64, low01, low23));
  out[2] = hn::BitCast(d, hn::InterleaveLower(d64, high01, high23));
  out[3] = hn::BitCast(d, hn::InterleaveUpper(d64, high01, high23));
}
template <class D, class V = hn::Vec<D>, std::enable_if_t<sizeof(hn::TFromD<D>) == 8>* = nullptr>
HWY_INLINE void TransposeWithinBlocks(D d, const V* in, V* out) {
  out[0] = hn::InterleaveLower(d, in[0], in[1]);
  out[1] = hn::InterleaveUpper(d, in[0], in[1]);
}

// A vector's worth of rows, 128 bits of k: steps[q] <- element q of every row. Rows that are a block apart are loaded
// into one vector, which takes fewer shuffles than moving them there.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void TransposeBlocks(D d, const char* rows, Index stride, V* steps) {
  constexpr Index kPerBlock = 16 / sizeof(hn::TFromD<D>);
  V in[kPerBlock];
  HWY_UNROLL(4)
  for (Index i = 0; i < kPerBlock; ++i) in[i] = LoadBlocks(d, rows + i * stride, kPerBlock * stride);
  TransposeWithinBlocks(d, in, steps);
}

// Blocks between vectors, as many as a vector has: out[b * apart] <- block b of in[0], in[apart], …
template <class D, class V = hn::Vec<D>>
HWY_INLINE void TransposeAcrossBlocks(D d, const V* in, V* out, Index apart) {
  constexpr size_t kBlocks = hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) / 16;
  static_assert(kBlocks == 1 || kBlocks == 2 || kBlocks == 4);
  if constexpr (kBlocks == 1) {
    out[0] = in[0];
  } else if constexpr (kBlocks == 2) {
    const V first = in[0], second = in[apart];
    out[0] = hn::ConcatLowerLower(d, second, first);
    out[apart] = hn::ConcatUpperUpper(d, second, first);
  } else {
    const auto even = [&](Index i) HWY_ATTR {  // blocks 0 and 2 of in[i] and of the next, alternating
      return hn::OddEvenBlocks(hn::SwapAdjacentBlocks(in[(i + 1) * apart]), in[i * apart]);
    };
    const auto odd = [&](Index i) HWY_ATTR {
      return hn::OddEvenBlocks(in[(i + 1) * apart], hn::SwapAdjacentBlocks(in[i * apart]));
    };
    const V even0 = even(0), odd0 = odd(0), even2 = even(2), odd2 = odd(2);
    out[0] = hn::ConcatLowerLower(d, even2, even0);
    out[apart] = hn::ConcatLowerLower(d, odd2, odd0);
    out[2 * apart] = hn::ConcatUpperUpper(d, even2, even0);
    out[3 * apart] = hn::ConcatUpperUpper(d, odd2, odd0);
  }
}

// A vector's worth of rows by as many k: steps[q] <- element q of every row. Every line is read once, whole: rows whose
// distance is a power of two fall into the same few lines of a cache.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void TransposeSquare(D d, const char* rows, Index stride, V* steps) {
  using T = hn::TFromD<D>;
  constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(D())), kPerBlock = 16 / sizeof(T);
  V in[kLanes];
  HWY_UNROLL(16)
  for (Index i = 0; i < kLanes; ++i) in[i] = hn::LoadU(d, reinterpret_cast<const T*>(rows + i * stride));
  V within[kLanes];
  HWY_UNROLL(4)
  for (Index i = 0; i < kLanes; i += kPerBlock) TransposeWithinBlocks(d, in + i, within + i);
  HWY_UNROLL(4)
  for (Index q = 0; q < kPerBlock; ++q) TransposeAcrossBlocks(d, within + q, steps + q, kPerBlock);
}
#endif

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
