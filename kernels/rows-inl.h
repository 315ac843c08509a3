// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Kernels for sparse rows and blocks (rows.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_ROWS_INL_H_
#undef SEPTET_KERNELS_ROWS_INL_H_
#else
#define SEPTET_KERNELS_ROWS_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/mac-inl.h"
#include "kernels/rows.hpp"
#include "kernels/tile-inl.h"

#include <algorithm>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Integers, one step at a time: words of 16 bits in lanes of 32. Weights come with zeros above them (word_weight), B's
// words with their sign.
struct WordMac : PairMac<std::int32_t> {
  using Elem = std::int32_t;  // a pair whose second factor is zero
};

// One chain on its own.
template <class Mac>
struct OneLane {
  using T = typename Mac::Elem;
  using D = hn::CappedTag<T, 1>;
  using V = hn::Vec<D>;
  static HWY_INLINE V zero() { return hn::Zero(D()); }
  static HWY_INLINE V load(const T* from) { return hn::LoadU(D(), from); }
  static HWY_INLINE void store(V v, T* to) { hn::StoreU(v, D(), to); }
  static HWY_INLINE V step(V sum, const T* a, const T* b) {
    if constexpr (std::is_same_v<Mac, FusedMac<T>>) {
      return FusedMultiplyAdd(D(), sum, load(a), load(b));
    } else {
      return hn::Add(sum, hn::Mul(load(a), load(b)));
    }
  }
};

template <>
struct OneLane<WordMac> {
  using T = std::int32_t;
  using V = std::uint32_t;
  static HWY_INLINE V zero() { return 0; }
  static HWY_INLINE V load(const T* from) { return static_cast<V>(*from); }
  static HWY_INLINE void store(V v, T* to) { *to = static_cast<T>(v); }
  static HWY_INLINE V step(V sum, const T* a, const T* b) {
    return sum + static_cast<V>(static_cast<std::int16_t>(*a) * *b);
  }
};

// Where a row of V vectors begins and ends. The last vector may reach beyond C's columns.
template <class D, int kVectors>
struct RowEnds {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  const D d{};
  size_t lanes = hn::Lanes(D());
  size_t rest;
  hn::Mask<D> mask;

  HWY_INLINE explicit RowEnds(Index cols)
      : rest(static_cast<size_t>(cols) - (kVectors - 1) * hn::Lanes(D())), mask(hn::FirstN(D(), rest)) {}

  HWY_INLINE void load(V (&sum)[kVectors], const T* c, bool zero) const {
    if (zero) {
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[v] = hn::Zero(d);
      return;
    }
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors - 1; ++v) sum[v] = hn::LoadU(d, c + v * lanes);
    sum[kVectors - 1] =
        rest == lanes ? hn::LoadU(d, c + (kVectors - 1) * lanes) : LoadFirst(d, mask, c + (kVectors - 1) * lanes, rest);
  }
  HWY_INLINE void store(V (&sum)[kVectors], T* c) const {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors - 1; ++v) hn::StoreU(sum[v], d, c + v * lanes);
    if (rest == lanes) {
      hn::StoreU(sum[kVectors - 1], d, c + (kVectors - 1) * lanes);
    } else {
      StoreFirst(sum[kVectors - 1], d, mask, c + (kVectors - 1) * lanes, rest);
    }
  }
};

// One register for an address that several loads share. The compiler would rather add base and index in each of them,
// and such a load no longer comes with its multiply-add for free: a third of the time with eight vectors.
template <class T>
HWY_INLINE const T* InOneRegister(const T* address) {
#if defined(__GNUC__)
  asm("" : "+r"(address));
#endif
  return address;
}

// Where the rows of a call lie.
template <class T, class K>
struct RowLists {
  const RowsCall& call;
  const T* values;
  const K* index;

  explicit RowLists(const RowsCall& c)
      : call(c), values(static_cast<const T*>(c.values)), index(static_cast<const K*>(c.index)) {}

  HWY_INLINE Index begin(Index i) const { return call.row_ptr != nullptr ? call.row_ptr[i] : i * call.row_step; }
  HWY_INLINE Index length(Index i) const {
    if (call.row_ptr != nullptr) return call.row_ptr[i + 1] - call.row_ptr[i];
    return call.length != nullptr ? static_cast<Index>(call.length[i]) : call.count;
  }
  HWY_INLINE Index row(Index i) const { return call.row_idx != nullptr ? static_cast<Index>(call.row_idx[i]) : i; }
};

// sum <- what RowEnd makes of row i.
template <class D, int kVectors>
HWY_INLINE void FinishSums(hn::Vec<D> (&sum)[kVectors], const RowEnd& end, Index i, const RowEnds<D, kVectors>& ends) {
  const D d;
  if (end.bias != nullptr) {
    const auto bias = hn::Set(d, end.bias[i]);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::Add(sum[v], bias);
  }
  if (end.residual != nullptr) {
    const char* row = reinterpret_cast<const char*>(end.residual) + i * end.residual_row;
    hn::Vec<D> residual[kVectors];
    ends.load(residual, reinterpret_cast<const float*>(row), false);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::Add(sum[v], residual[v]);
  }
  if (end.relu) {
    const auto zero = hn::Zero(d);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::IfThenElse(hn::Le(sum[v], zero), zero, sum[v]);
  }
}

// Rows i … i + kRows - 1, side by side as far as the shortest of them goes: a chain of one or two vectors waits four or
// five cycles for every multiply-add, and another row's fits in between.
template <class Mac, class K, int kVectors, int kRows, bool kEnds>
HWY_INLINE void RunRowsTogether(const RowLists<typename Mac::Elem, K>& lists, Index i,
                                const RowEnds<typename Mac::D, kVectors>& ends) {
  using T = typename Mac::Elem;
  using V = typename Mac::V;
  const typename Mac::D d;
  const size_t lanes = hn::Lanes(d);
  const RowsCall& call = lists.call;
  const T* const values = lists.values;
  const K* const index = lists.index;
  const char* const b = static_cast<const char*>(call.b);
  const Index b_step = call.b_step, stride = call.stride;
  V sum[kRows][kVectors];
  Index at[kRows];
  Index together = lists.length(i);
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    ends.load(sum[r], reinterpret_cast<const T*>(static_cast<char*>(call.c) + lists.row(i + r) * call.c_row),
              call.zero);
    at[r] = lists.begin(i + r);
    together = std::min(together, lists.length(i + r));
  }
  const auto step = [&](int r) HWY_ATTR {
    const T* const from = InOneRegister(reinterpret_cast<const T*>(b + static_cast<Index>(index[at[r]]) * b_step));
    const V weight = hn::Set(d, values[at[r]]);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = Mac::Step(sum[r][v], weight, hn::LoadU(d, from + v * lanes));
    at[r] += stride;
  };
  for (Index s = 0; s < together; ++s) {
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) step(r);
  }
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    for (Index s = together, n = lists.length(i + r); s < n; ++s) step(r);
    if constexpr (kEnds) FinishSums<typename Mac::D, kVectors>(sum[r], *call.end, lists.row(i + r), ends);
    ends.store(sum[r], reinterpret_cast<T*>(static_cast<char*>(call.c) + lists.row(i + r) * call.c_row));
  }
}

// What a row's end costs, a branch that the CPU did not expect, is half of the time of a short row: lists of equal
// length, one after the other, are what this kernel likes best (formats/arrays.hpp, tcsr).
template <class Mac, class K, int kVectors, bool kEnds = false>
HWY_NOINLINE void RunRows(const RowsCall& call) {
  constexpr int kRows = kVectors <= 2 ? 4 : kVectors <= 4 ? 2 : 1;
  const RowLists<typename Mac::Elem, K> lists(call);
  const RowEnds<typename Mac::D, kVectors> ends(call.cols);
  Index i = 0;
  for (; i + kRows <= call.rows; i += kRows) {
    bool all = true;
    for (int r = 0; r < kRows; ++r) all = all && lists.row(i + r) >= 0;
    if (HWY_UNLIKELY(!all)) break;
    RunRowsTogether<Mac, K, kVectors, kRows, kEnds>(lists, i, ends);
  }
  for (; i < call.rows; ++i) {
    if (lists.row(i) >= 0) RunRowsTogether<Mac, K, kVectors, 1, kEnds>(lists, i, ends);
  }
}

// One column of C: a chain per row, as many rows side by side as hide the latency of a multiply-add.
constexpr int kColumnRows = 8;

// Rows whose elements lie side by side (slices of sell): as many as a vector has lanes, B's elements gathered. Where
// the instruction is there, that is half as long as one row after the other.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kGathers = true;
#else
constexpr bool kGathers = false;
#endif

// Elements ahead of what is read, at which the lines of values and indices are fetched: the hardware looks less far.
constexpr Index kGatherAhead = 512;

// So many steps of the rows from i on.
template <class Mac>
HWY_INLINE void GatherColumn(const RowLists<typename Mac::Elem, std::int32_t>& lists, Index i, Index steps,
                             typename Mac::Elem* sums) {
  using T = typename Mac::Elem;
  const typename Mac::D d;
  const hn::RebindToSigned<typename Mac::D> di;
  const hn::Rebind<std::int32_t, typename Mac::D> d32;
  const T* const b = static_cast<const T*>(lists.call.b);
  const T* value = lists.values + lists.begin(i);
  const std::int32_t* k = lists.index + lists.begin(i);
  auto sum = hn::LoadU(d, sums);
  for (Index s = 0; s < steps; ++s, value += lists.call.stride, k += lists.call.stride) {
    __builtin_prefetch(value + kGatherAhead, 0, 3);
    __builtin_prefetch(k + kGatherAhead, 0, 3);
    const auto at = [&]() HWY_ATTR {
      if constexpr (sizeof(T) == 8) {
        return hn::PromoteTo(di, hn::LoadU(d32, k));
      } else {
        return hn::LoadU(di, k);
      }
    }();
    sum = Mac::Step(sum, hn::LoadU(d, value), hn::GatherIndex(d, b, at));
  }
  hn::StoreU(sum, d, sums);
}

template <class Mac, class K>
HWY_NOINLINE void RunColumn(const RowsCall& call) {
  using T = typename Mac::Elem;
  using Lane = OneLane<Mac>;
  const RowLists<T, K> lists(call);
  const T* const values = lists.values;
  const K* const index = lists.index;
  const T* const b = static_cast<const T*>(call.b);
  T* const c = static_cast<T*>(call.c);
  const Index stride = call.stride;
  Index i = 0;
  if constexpr (kGathers && sizeof(K) == 4) {
    const Index lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
    for (; call.row_step == 1 && i + lanes <= call.rows; i += lanes) {
      HWY_ALIGN T sums[hn::MaxLanes(typename Mac::D())] = {};
      Index together = lists.length(i);
      for (Index r = 0; r < lanes; ++r) {
        if (!call.zero && lists.row(i + r) >= 0) sums[r] = c[lists.row(i + r)];
        together = std::min(together, lists.length(i + r));
      }
      GatherColumn<Mac>(lists, i, together, sums);
      for (Index r = 0; r < lanes; ++r) {
        if (lists.row(i + r) < 0) continue;
        typename Lane::V sum = Lane::load(sums + r);
        Index at = lists.begin(i + r) + together * stride;
        for (Index s = together, n = lists.length(i + r); s < n; ++s, at += stride) {
          sum = Lane::step(sum, values + at, b + index[at]);
        }
        Lane::store(sum, c + lists.row(i + r));
      }
    }
  }
  for (; i + kColumnRows <= call.rows; i += kColumnRows) {
    typename Lane::V sum[kColumnRows];
    Index at[kColumnRows];
    Index together = lists.length(i);
    HWY_UNROLL(8)
    for (int r = 0; r < kColumnRows; ++r) {
      const Index row = lists.row(i + r);
      sum[r] = call.zero || row < 0 ? Lane::zero() : Lane::load(c + row);
      at[r] = lists.begin(i + r);
      together = std::min(together, lists.length(i + r));
    }
    for (Index s = 0; s < together; ++s) {
      HWY_UNROLL(8)
      for (int r = 0; r < kColumnRows; ++r) {
        sum[r] = Lane::step(sum[r], values + at[r], b + index[at[r]]);
        at[r] += stride;
      }
    }
    for (int r = 0; r < kColumnRows; ++r) {
      for (Index s = together, n = lists.length(i + r); s < n; ++s, at[r] += stride) {
        sum[r] = Lane::step(sum[r], values + at[r], b + index[at[r]]);
      }
      if (lists.row(i + r) >= 0) Lane::store(sum[r], c + lists.row(i + r));
    }
  }
  for (; i < call.rows; ++i) {
    const Index row = lists.row(i);
    if (row < 0) continue;
    typename Lane::V sum = call.zero ? Lane::zero() : Lane::load(c + row);
    Index at = lists.begin(i);
    for (Index s = 0, n = lists.length(i); s < n; ++s, at += stride) {
      sum = Lane::step(sum, values + at, b + index[at]);
    }
    Lane::store(sum, c + row);
  }
}

// Column by column: B's row stays, the rows of C pass.
template <class Mac, int kVectors>
HWY_NOINLINE void RunColumns(const ColumnsCall& call) {
  using D = typename Mac::D;
  using T = hn::TFromD<D>;
  using V = typename Mac::V;
  const D d;
  const size_t lanes = hn::Lanes(d);
  const T* const values = static_cast<const T*>(call.values);
  for (Index k = call.k_begin; k < call.k_end; ++k) {
    const T* const from = reinterpret_cast<const T*>(static_cast<const char*>(call.b) + k * call.b_step);
    V right[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, from + v * lanes);
    for (Index p = call.begin[k]; p < call.end[k]; ++p) {
      T* const c = reinterpret_cast<T*>(static_cast<char*>(call.c) + call.row_idx[p] * call.c_row);
      const V weight = hn::Set(d, values[p]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        hn::StoreU(Mac::Step(hn::LoadU(d, c + v * lanes), weight, right[v]), d, c + v * lanes);
      }
    }
  }
}

// A strip of rows that share every loaded vector of B.
template <class Mac, int kRows, int kVectors>
HWY_NOINLINE void RunBlocks(const BlocksCall& call) {
  using D = typename Mac::D;
  using T = hn::TFromD<D>;
  using V = typename Mac::V;
  const D d;
  const RowEnds<D, kVectors> ends(call.cols);
  const size_t lanes = hn::Lanes(d);
  const auto c_row = [&](int i) { return reinterpret_cast<T*>(static_cast<char*>(call.c) + i * call.c_row); };
  V sum[kRows][kVectors];
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) ends.load(sum[i], c_row(i), call.zero);
  const T* value = static_cast<const T*>(call.values);
  const Index step = call.step, b_step = call.b_step, block_cols = call.block_cols;
  const auto add_step = [&](const char* b) HWY_ATTR {
    V right[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, reinterpret_cast<const T*>(b) + v * lanes);
    HWY_UNROLL(8)
    for (int i = 0; i < kRows; ++i) {
      const V weight = hn::Set(d, value[i]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[i][v] = Mac::Step(sum[i][v], weight, right[v]);
    }
    value += step;
  };
  const std::int32_t *idx = call.block_idx, *const end = idx + call.blocks;
  if (block_cols == 1) {  // every other instruction of so short a step takes a multiplier's place
    for (; idx != end; ++idx) add_step(static_cast<const char*>(call.b) + *idx * b_step);
  }
  for (; idx != end; ++idx) {
    const Index k0 = *idx * block_cols;
    const char* b = static_cast<const char*>(call.b) + k0 * b_step;
    const Index steps = std::min(block_cols, call.k_end - k0);
    const T* next = value + block_cols * step;
    for (Index q = 0; q < steps; ++q, b += b_step) add_step(b);
    value = next;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (call.end != nullptr) {
      HWY_UNROLL(8)
      for (int i = 0; i < kRows; ++i) FinishSums<D, kVectors>(sum[i], *call.end, i, ends);
    }
  }
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) ends.store(sum[i], c_row(i));
}

// Register budget of a strip of R rows: R * V sums, V vectors of B, one element of A.
//   32 registers: 8 * 3 + 3 + 1, 4 * 6 + 6 + 1, 2 * 8 + 8 + 1
//   16 registers: 8 * 1 + 1 + 1, 4 * 2 + 2 + 1, 2 * 4 + 4 + 1
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64
constexpr int kBlockVectors[kBlockHeightCount] = {3, 6, 8, 8};
#else
constexpr int kBlockVectors[kBlockHeightCount] = {1, 2, 4, 8};
#endif

template <class Mac, int... kVector>
void FillRowKernels(RowSet& set, std::integer_sequence<int, kVector...> /*vectors - 1*/) {
  ((set.rows16[kVector] = &RunRows<Mac, std::uint16_t, kVector + 1>), ...);
  ((set.rows32[kVector] = &RunRows<Mac, std::int32_t, kVector + 1>), ...);
  if constexpr (std::is_same_v<typename Mac::Elem, float>) {
    ((set.rows32_ends[kVector] = &RunRows<Mac, std::int32_t, kVector + 1, true>), ...);
  }
  ((set.columns[kVector] = &RunColumns<Mac, kVector + 1>), ...);
}

template <class Mac, int kHeight, int... kVector>
void FillBlockKernels(RowSet& set, std::integer_sequence<int, kVector...> /*vectors - 1*/) {
  set.block_vectors[kHeight] = sizeof...(kVector);
  ((set.blocks[kHeight][kVector] = &RunBlocks<Mac, kBlockHeights[kHeight], kVector + 1>), ...);
}

template <class Mac>
RowSet MakeRowSet() {
  RowSet set;
  set.lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  FillRowKernels<Mac>(set, std::make_integer_sequence<int, kMaxRowVectors>());
  set.column16 = &RunColumn<Mac, std::uint16_t>;
  set.column32 = &RunColumn<Mac, std::int32_t>;
  FillBlockKernels<Mac, 0>(set, std::make_integer_sequence<int, kBlockVectors[0]>());
  FillBlockKernels<Mac, 1>(set, std::make_integer_sequence<int, kBlockVectors[1]>());
  FillBlockKernels<Mac, 2>(set, std::make_integer_sequence<int, kBlockVectors[2]>());
  FillBlockKernels<Mac, 3>(set, std::make_integer_sequence<int, kBlockVectors[3]>());
  return set;
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
