// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Kernels for batches of small products (items.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_ITEMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_ITEMS_INL_H_
#undef SEPTET_KERNELS_ITEMS_INL_H_
#else
#define SEPTET_KERNELS_ITEMS_INL_H_
#endif

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/items.hpp"
#include "kernels/mac-inl.h"

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Steps that are unrolled: their elements of A are constants away from one pointer.
//
// What each part is worth (Sapphire Rapids, f32, in the second-level cache; libxsmm's JIT in a loop: 21, 60, 165, 188
// GFLOP/s at 4^3, 8^3, 16^3, 32^3; registers alone 243): a call of a tile kernel per product 9, 36, 117, 163; the loop
// in the kernel, vectors that fit the columns 25, 55, 136, 166; no strips where there is one tile 35, 87, 146, 181; A's
// stride known 40, 113, 170, 185.
//
// From 16^3 on the loads decide: with a single vector of columns every multiply-add fetches an element of A, and
// from the first-level cache alone that takes 190 to 205. Tried and lost: a quarter of A's elements from registers by a
// permutation (151 at 16^3), broadcasts apart from their multiply-adds (140), eight rows at a time (123), all
// steps unrolled (the same).
constexpr int kItemSteps = 4;

// One tile of one item. Lanes and rows are known, so nothing is masked and no remainder is looked for.
template <class D, bool kFused, bool kZero, int kRows, int kVectors, int kDepth>
HWY_INLINE void ItemTile(const ItemsCall& call, const char* a, const char* b, char* c) {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  constexpr D d{};
  constexpr Index kVectorBytes = static_cast<Index>(hn::MaxLanes(D()) * sizeof(T));
  const auto elements = [](const char* at) { return reinterpret_cast<const T*>(at); };
  const Index a_row = kDepth > 0 ? kDepth * static_cast<Index>(sizeof(T)) : call.a_row;
  const Index b_step = call.b_step, c_row = call.c_row;
  V sum[kRows][kVectors];
  const char* from = c;
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i, from += c_row) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      if constexpr (kZero) {
        sum[i][v] = hn::Zero(d);
      } else {
        sum[i][v] = hn::LoadU(d, elements(from + v * kVectorBytes));
      }
    }
  }
  // Three rows per pointer: base, base + stride and base + 2 * stride are one address each on x86.
  constexpr int kBases = (kRows + 2) / 3;
  const char* rows[kBases];
  HWY_UNROLL(16)
  for (int i = 0; i < kBases; ++i) rows[i] = a + Index{3} * i * a_row;
  Index left = kDepth > 0 ? kDepth : call.k;
  do {
    HWY_UNROLL(4)
    for (int s = 0; s < kItemSteps; ++s) {
      V right[kVectors];
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, elements(b + v * kVectorBytes));
      b += b_step;
      HWY_UNROLL(16)
      for (int i = 0; i < kRows; ++i) {
        const V weight = hn::Set(d, elements(rows[i / 3] + (i % 3) * a_row)[s]);
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) {
          if constexpr (kFused) {
            sum[i][v] = FusedMultiplyAdd(d, sum[i][v], weight, right[v]);
          } else {
            sum[i][v] = hn::Add(sum[i][v], hn::Mul(weight, right[v]));
          }
        }
      }
    }
    HWY_UNROLL(16)
    for (int i = 0; i < kBases; ++i) rows[i] += kItemSteps * sizeof(T);
    left -= kItemSteps;
  } while (left > 0);
  if (kZero && call.stream) {
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i, c += c_row) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) hn::Stream(sum[i][v], d, reinterpret_cast<T*>(c + v * kVectorBytes));
    }
    return;
  }
  HWY_UNROLL(16)
  for (int i = 0; i < kRows; ++i, c += c_row) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], d, reinterpret_cast<T*>(c + v * kVectorBytes));
  }
}

// Fetches the operands of an item some way ahead, a share of them with every tile: at the end of a page the hardware
// stops to look ahead. For items one after the other that come from afar; from the second-level cache it costs more
// than it brings (8^3: 111 without, 92 with).
class FarItems {
 public:
  FarItems(const ItemsCall& call, Index tiles, Index size) : far_(call.far) {
    if (!far_) return;
    a_ = Operand(call.a_item, call.m * call.k * size, tiles);
    b_ = Operand(call.b_item, call.k * call.n * size, tiles);
    if (!call.stream) c_ = Operand(call.c_item, call.m * call.n * size, tiles);
  }

  HWY_INLINE void fetch(Index item, Index tile, const ItemsCall& call) const {
    if (HWY_LIKELY(!far_)) return;
    a_.fetch(call.a, item, tile);
    b_.fetch(call.b, item, tile);
    c_.fetch(call.c, item, tile);
  }

 private:
  struct Operand {
    Index item = 0, ahead = 0, share = 0;  // bytes
    Operand() = default;
    Operand(Index item_, Index bytes, Index tiles)
        : item(item_),
          ahead(item_ == bytes ? (kAhead + bytes - 1) / bytes * bytes : 0),
          share(item_ == bytes ? bytes / tiles : 0) {}
    HWY_INLINE void fetch(const void* base, Index i, Index tile) const {
      const char* from = static_cast<const char*>(base) + i * item + ahead + tile * share;
      for (Index line = 0; line < share; line += 64) hwy::Prefetch(from + line);
    }
  };
  static constexpr Index kAhead = 2048;

  Operand a_, b_, c_;
  bool far_;
};

// The items whose C is a single tile have a loop of their own: the others' costs twenty cycles per item.
template <class D, bool kFused, bool kZero, int kRows, int kVectors, int kDepth>
HWY_NOINLINE void RunWholeItems(const ItemsCall& call) {
  const char* a = static_cast<const char*>(call.a);
  const char* b = static_cast<const char*>(call.b);
  char* c = static_cast<char*>(call.c);
  const Index a_item = call.a_item, b_item = call.b_item, c_item = call.c_item;
  const FarItems far(call, 1, sizeof(hn::TFromD<D>));
  for (Index item = 0; item < call.count; ++item) {
    far.fetch(item, 0, call);
    ItemTile<D, kFused, kZero, kRows, kVectors, kDepth>(call, a, b, c);
    a += a_item, b += b_item, c += c_item;
  }
}

template <class D, bool kFused, bool kZero, int kRows, int kVectors, int kDepth>
HWY_NOINLINE void RunTiledItems(const ItemsCall& call) {
  constexpr Index kWidth = kVectors * static_cast<Index>(hn::MaxLanes(D()) * sizeof(hn::TFromD<D>));
  const Index row_bytes = call.n * static_cast<Index>(sizeof(hn::TFromD<D>));
  const FarItems far(call, call.m / kRows * (row_bytes / kWidth), sizeof(hn::TFromD<D>));
  for (Index item = 0; item < call.count; ++item) {
    Index tile = 0;
    const char* b = static_cast<const char*>(call.b) + item * call.b_item;
    for (Index j = 0; j < row_bytes; j += kWidth) {
      const char* a = static_cast<const char*>(call.a) + item * call.a_item;
      char* c = static_cast<char*>(call.c) + item * call.c_item + j;
      for (Index i = 0; i < call.m; i += kRows) {
        far.fetch(item, tile++, call);
        ItemTile<D, kFused, kZero, kRows, kVectors, kDepth>(call, a, b + j, c);
        a += kRows * call.a_row, c += kRows * call.c_row;
      }
    }
  }
}

template <class D, bool kFused, bool kZero, int kRows, int kVectors>
void RunItemsOf(const ItemsCall& call) {
  constexpr Index kSize = sizeof(hn::TFromD<D>);
  if (call.m != kRows || call.n != static_cast<Index>(kVectors * hn::MaxLanes(D()))) {
    return RunTiledItems<D, kFused, kZero, kRows, kVectors, 0>(call);
  }
  // Products as deep as they are high, A without gaps: the compiler knows where every element is.
  if (call.k == kRows && call.a_row == kRows * kSize) {
    return RunWholeItems<D, kFused, kZero, kRows, kVectors, kRows>(call);
  }
  RunWholeItems<D, kFused, kZero, kRows, kVectors, 0>(call);
}

template <class D, bool kFused, int kRows, int kVectors>
void RunItems(const ItemsCall& call) {
  call.zero ? RunItemsOf<D, kFused, true, kRows, kVectors>(call) : RunItemsOf<D, kFused, false, kRows, kVectors>(call);
  if (call.stream) hwy::FlushStream();
}

#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64
constexpr bool kManyRegisters = true;
#else
constexpr bool kManyRegisters = false;
#endif

// Rows by m. At least eight sums at a time hide the latency of a multiply-add.
template <class D, bool kFused, int kVectors>
ItemsKernel ItemsKernelForRows(Index m) {
  if constexpr (kManyRegisters && kVectors == 1) {
    if (m % 16 == 0) return &RunItems<D, kFused, 16, kVectors>;
  }
  if constexpr (kManyRegisters || kVectors == 1) {
    if (m % 8 == 0) return &RunItems<D, kFused, 8, kVectors>;
  }
  return &RunItems<D, kFused, 4, kVectors>;
}

/// The kernel for products of m x n x k with rows of A and columns of B and C contiguous; null if there is none: sizes
/// that are not multiples of four, or n not of whole vectors.
template <class Mac>
ItemsKernel FindItemsKernel(Index m, Index n, Index k) {
  using T = typename Mac::Elem;
  constexpr bool kFused = std::is_same_v<Mac, FusedMac<T>>;
  using Full = hn::ScalableTag<T>;
  using Eight = hn::CappedTag<T, 8>;
  using Four = hn::CappedTag<T, 4>;
  const auto is_multiple = [&](auto d, int vectors) {
    return n % (static_cast<Index>(hn::MaxLanes(d)) * vectors) == 0;
  };
  if (m % 4 != 0 || k % kItemSteps != 0 || k == 0) return nullptr;
  if (is_multiple(Full(), 2)) return ItemsKernelForRows<Full, kFused, 2>(m);
  if (is_multiple(Full(), 1)) return ItemsKernelForRows<Full, kFused, 1>(m);
  if (n == static_cast<Index>(hn::MaxLanes(Eight()))) return ItemsKernelForRows<Eight, kFused, 1>(m);
  if (n == static_cast<Index>(hn::MaxLanes(Four()))) return ItemsKernelForRows<Four, kFused, 1>(m);
  return nullptr;
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
