// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The dense microkernel (tile.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_TILE_INL_H_
#undef SEPTET_KERNELS_TILE_INL_H_
#else
#define SEPTET_KERNELS_TILE_INL_H_
#endif

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/mac-inl.h"
#include "kernels/tile.hpp"
#include "kernels/transpose-inl.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Register budget. A tile of R rows and V vectors keeps R * V sums, V vectors of B and one broadcast of A:
//   32 registers: 14 * 2 + 2 + 1 = 31, 9 * 3 + 3 + 1 = 31.   16 registers: 6 * 2 + 2 + 1 = 15, 4 * 3 + 3 + 1 = 16.
// Tried for folds: totals in registers as well, which leaves tiles of 4 x 3: 64 % of the bound at 1024^3 against 71 %,
// since a panel of B that is used by four rows comes too slowly from the second-level cache. Each step loads R + V
// times for R * V multiply-adds; two loads and two multiply-adds fit one cycle.
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64
constexpr int kTileRows[kMaxTileVectors] = {16, 14, 9};
constexpr int kMostVectors = 3;
// Tried: 12 x 2, 4 % ahead at 1024^3 (160 against 154 GFLOP/s), 5 % behind at 256^3, 384^3 and 768^3.
constexpr int kMainVectors = 3;
constexpr int kMainRows = 8;
#else
constexpr int kTileRows[kMaxTileVectors] = {8, 6, 4};
constexpr int kMostVectors = 2;
constexpr int kMainVectors = 2;
constexpr int kMainRows = 6;
#endif

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kHasMaskedMemory = true;
#else
constexpr bool kHasMaskedMemory = false;  // SSE, NEON and emulation move whole vectors and mask afterwards
#endif

// The first `count` lanes of memory, zeros behind them, and nothing else touched.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadFirst(D d, hn::Mask<D> mask, const T* from, size_t count) {
  if constexpr (kHasMaskedMemory) {
    return hn::MaskedLoad(mask, d, from);
  } else {
    HWY_ALIGN T lanes[hn::MaxLanes(D())] = {};
    std::memcpy(lanes, from, count * sizeof(T));
    return hn::Load(d, lanes);
  }
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void StoreFirst(hn::Vec<D> v, D d, hn::Mask<D> mask, T* to, size_t count) {
  if constexpr (kHasMaskedMemory) {
    hn::BlendedStore(v, mask, d, to);
  } else {
    HWY_ALIGN T lanes[hn::MaxLanes(D())];
    hn::Store(v, d, lanes);
    std::memcpy(to, lanes, count * sizeof(T));
  }
}

// One row of C, V vectors, the last of them partly there.
template <class D, int kVectors, bool kPartial>
struct TileColumns {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  size_t lanes = hn::Lanes(d);
  size_t rest;
  hn::Mask<D> mask;

  explicit TileColumns(Index cols)
      : rest(static_cast<size_t>(cols) - (kVectors - 1) * lanes), mask(hn::FirstN(d, rest)) {}

  HWY_INLINE V load(const T* row, int v) const {
    if (kPartial && v == kVectors - 1) return LoadFirst(d, mask, row + v * lanes, rest);
    return hn::LoadU(d, row + v * lanes);
  }
  HWY_INLINE void store(V value, T* row, int v) const {
    if (kPartial && v == kVectors - 1) return StoreFirst(value, d, mask, row + v * lanes, rest);
    hn::StoreU(value, d, row + v * lanes);
  }
};

// The lines of so many bytes.
template <int kBytes>
HWY_INLINE void FetchLines(const char* from) {
  HWY_UNROLL(4)
  for (int at = 0; at < kBytes; at += 64) hwy::Prefetch(from + at);
}

// The operands of a tile, walked step by step.
template <class Mac, int kRows, int kVectors, bool kPartial>
struct TileSums {
  using V = typename Mac::V;
  using D = typename Mac::D;
  using Acc = hn::TFromD<D>;
  using Columns = TileColumns<D, kVectors, kPartial>;
  static constexpr D d{};
  // Three rows per pointer: base, base + stride and base + 2 * stride are one address each on x86.
  static constexpr int kBases = (kRows + 2) / 3;
  static constexpr int kVectorBytes = static_cast<int>(hn::MaxLanes(D()) * sizeof(Acc));
  // Where steps of A follow each other and B's are a panel as wide as the tile, distances are known: several steps go
  // by without an addition of addresses, which would take the multipliers' ports (with 512 bits two of the four there
  // are).
  static constexpr Index kUnit = sizeof(typename Mac::Elem) * Mac::kGroup, kPanel = kVectors * kVectorBytes;
  static constexpr int kUnrolled = 4;
  static constexpr bool kUnrolls =
      HWY_MAX_BYTES >= 64 && std::is_same_v<Mac, FusedMac<float>> && !kPartial && kVectors > 1 && kRows* kVectors >= 14;

  const Columns columns;
  const char* a[kBases];
  const char* b;
  const char* ahead;
  Index a_row, a_step, b_step, b_ahead, ahead_step;

  HWY_INLINE explicit TileSums(const TileCall& call)
      : columns(call.cols),
        b(static_cast<const char*>(call.b)),
        // An address that is nowhere would be looked up again and again.
        ahead(static_cast<const char*>(call.ahead != nullptr ? call.ahead : call.a)),
        a_row(call.a_row),
        a_step(call.a_step),
        b_step(call.b_step),
        b_ahead(call.b_ahead),
        ahead_step(call.ahead_step) {
    HWY_UNROLL(16)
    for (int i = 0; i < kBases; ++i) a[i] = static_cast<const char*>(call.a) + Index{3} * i * call.a_row;
  }

  // One step, so many bytes from where the pointers are.
  HWY_INLINE void add_step(V (&sum)[kRows][kVectors], Index a_at, Index b_at) {
    V right[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) right[v] = Mac::template LoadB<kVectors, kPartial>(b + b_at, columns, v);
    FetchLines<kVectors * kVectorBytes>(b + b_ahead + b_at);
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i) {
      const V weight = Mac::Broadcast(a[i / 3] + (i % 3) * a_row + a_at);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[i][v] = Mac::Step(sum[i][v], weight, right[v]);
    }
    __builtin_prefetch(ahead, 0, 2);
    ahead += ahead_step;
  }

  HWY_INLINE void advance(Index a_by, Index b_by) {
    HWY_UNROLL(16)
    for (int i = 0; i < kBases; ++i) a[i] += a_by;
    b += b_by;
  }

  HWY_INLINE void add_steps(V (&sum)[kRows][kVectors], Index steps) {
    if constexpr (kUnrolls) {
      const bool follow = a_step == kUnit && b_step == kPanel;
      for (; follow && steps >= kUnrolled; steps -= kUnrolled) {
        HWY_UNROLL(4)
        for (int s = 0; s < kUnrolled; ++s) add_step(sum, s * kUnit, s * kPanel);
        advance(kUnrolled * kUnit, kUnrolled * kPanel);
      }
    }
    for (; steps > 0; --steps) {
      add_step(sum, 0, 0);
      advance(a_step, b_step);
    }
  }

  // From the end of a run to the next one's beginning.
  HWY_INLINE void next_run(const TileCall& call) {
    HWY_UNROLL(16)
    for (int i = 0; i < kBases; ++i) a[i] += call.a_run - call.steps * call.a_step;
  }

  // sum <- C, or nothing.
  static HWY_INLINE void load(V (&sum)[kRows][kVectors], const TileCall& call, const Columns& columns, bool zero) {
    const char* row = static_cast<const char*>(call.c);
    const Index c_row = call.c_row;
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i, row += c_row) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        sum[i][v] = zero ? hn::Zero(d) : columns.load(reinterpret_cast<const Acc*>(row), v);
      }
    }
  }

  static HWY_INLINE void store(V (&sum)[kRows][kVectors], const TileCall& call, const Columns& columns) {
    char* row = static_cast<char*>(call.c);
    const Index c_row = call.c_row;
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i, row += c_row) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) columns.store(sum[i][v], reinterpret_cast<Acc*>(row), v);
    }
  }

  // sum <- what TileEnd makes of it.
  static HWY_INLINE void finish(V (&sum)[kRows][kVectors], const TileEnd& end, const Columns& columns) {
    if (end.bias != nullptr) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        const V bias = columns.load(end.bias, v);
        HWY_UNROLL(16)
        for (int i = 0; i < kRows; ++i) sum[i][v] = hn::Add(sum[i][v], bias);
      }
    }
    if (end.residual != nullptr) {
      const char* row = reinterpret_cast<const char*>(end.residual);
      HWY_UNROLL(16)
      for (int i = 0; i < kRows; ++i, row += end.residual_row) {
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) {
          sum[i][v] = hn::Add(sum[i][v], columns.load(reinterpret_cast<const float*>(row), v));
        }
      }
    }
    if (end.relu) {
      const V zero = hn::Zero(d);
      HWY_UNROLL(16)
      for (int i = 0; i < kRows; ++i) {
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::IfThenElse(hn::Le(sum[i][v], zero), zero, sum[i][v]);
      }
    }
  }

  // C <- C + sum, or 0 + sum.
  static HWY_INLINE void add_to_c(V (&sum)[kRows][kVectors], const TileCall& call, const Columns& columns, bool zero) {
    char* row = static_cast<char*>(call.c);
    const Index c_row = call.c_row;
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i, row += c_row) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        Acc* at = reinterpret_cast<Acc*>(row);
        columns.store(hn::Add(zero ? hn::Zero(d) : columns.load(at, v), sum[i][v]), at, v);
      }
    }
  }

  static HWY_INLINE void fetch_next_c(const TileCall& call) {
    if (call.next_c == nullptr) return;
    HWY_UNROLL(16)
    for (int i = 0; i < kRows; ++i) {
      FetchLines<kVectors * kVectorBytes>(static_cast<const char*>(call.next_c) + i * call.c_row);
    }
  }
};

template <class Mac, int kRows, int kVectors, bool kPartial>
HWY_NOINLINE void RunTile(const TileCall& call) {
  using Sums = TileSums<Mac, kRows, kVectors, kPartial>;
  Sums::fetch_next_c(call);
  Sums tile(call);
  typename Mac::V sum[kRows][kVectors];
  Sums::load(sum, call, tile.columns, call.zero);
  tile.add_steps(sum, call.steps);
  for (Index run = 1; run < call.runs; ++run) {
    tile.next_run(call);
    tile.add_steps(sum, call.steps);
  }
  if constexpr (std::is_same_v<typename Sums::Acc, float>) {
    if (call.end != nullptr) Sums::finish(sum, *call.end, tile.columns);
  }
  Sums::store(sum, call, tile.columns);
}

// A new sum every so many steps, added to C's at its end.
template <class Mac, int kRows, int kVectors, bool kPartial>
HWY_NOINLINE void RunTileFolds(const TileCall& call) {
  using Sums = TileSums<Mac, kRows, kVectors, kPartial>;
  Sums::fetch_next_c(call);
  Sums tile(call);
  bool zero = call.zero;
  for (Index left = call.steps; left > 0; left -= call.fold_steps) {
    typename Mac::V sum[kRows][kVectors];
    Sums::load(sum, call, tile.columns, true);
    tile.add_steps(sum, std::min(left, call.fold_steps));
    Sums::add_to_c(sum, call, tile.columns, zero);
    zero = false;
  }
}

// Whole tiles need no mask, which shows in the number of columns. A masked load takes one of the multipliers' ports.
template <class Mac, int kRows, int kVectors>
void RunTileOf(const TileCall& call) {
  const size_t whole = kVectors * hn::Lanes(typename Mac::D());
  if (static_cast<size_t>(call.cols) == whole) {
    return call.fold_steps == 0 ? RunTile<Mac, kRows, kVectors, false>(call)
                                : RunTileFolds<Mac, kRows, kVectors, false>(call);
  }
  call.fold_steps == 0 ? RunTile<Mac, kRows, kVectors, true>(call) : RunTileFolds<Mac, kRows, kVectors, true>(call);
}

#if HWY_TARGET != HWY_SCALAR
// B's columns lie along k (a row-major matrix times a vector, the other way round): each vector of columns is
// transposed in registers, 128 bits of k at a time, and used at once. Columns beyond the last are read as if they were
// the last.
template <class Mac, int kRows, int kVectors>
HWY_NOINLINE void RunStridedTile(const TileCall& call) {
  using D = typename Mac::D;
  using V = typename Mac::V;
  using T = typename Mac::Elem;
  constexpr Index kPerBlock = 16 / sizeof(T), kSize = sizeof(T);
  const D d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const auto a = [&](int i, Index s) { return static_cast<const char*>(call.a) + i * call.a_row + s * call.a_step; };
  const auto b = [&](Index j, Index s) { return static_cast<const char*>(call.b) + j * call.b_outer + s * kSize; };
  const auto c = [&](int i, int v) {
    return reinterpret_cast<T*>(static_cast<char*>(call.c) + i * call.c_row) + v * lanes;
  };
  const size_t rest = static_cast<size_t>(call.cols - (kVectors - 1) * lanes);
  const auto mask = hn::FirstN(d, rest);
  V sum[kRows][kVectors];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      const bool partial = v == kVectors - 1;
      sum[i][v] = call.zero ? hn::Zero(d) : partial ? LoadFirst(d, mask, c(i, v), rest) : hn::LoadU(d, c(i, v));
    }
  }
  const auto add = [&](Index s, int v, V right) HWY_ATTR {
    HWY_UNROLL(4)
    for (int i = 0; i < kRows; ++i) sum[i][v] = Mac::Step(sum[i][v], Mac::Broadcast(a(i, s)), right);
  };
  // One step of any columns, element by element.
  const auto add_collected = [&](Index s, int v) HWY_ATTR {
    HWY_ALIGN T collected[hn::MaxLanes(D())];
    for (Index j = 0; j < lanes; ++j) {
      std::memcpy(collected + j, b(std::min(v * lanes + j, call.cols - 1), s), sizeof(T));
    }
    add(s, v, hn::Load(d, collected));
  };
  const int whole_vectors = rest == static_cast<size_t>(lanes) ? kVectors : kVectors - 1;
  constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(D()));
  Index s = 0;
  for (; s + kLanes <= call.steps; s += kLanes) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      if (v == kVectors - 1 && whole_vectors < kVectors) break;
      V steps[kLanes];
      TransposeSquare(d, b(v * lanes, s), call.b_outer, steps);
      HWY_UNROLL(16)
      for (Index q = 0; q < kLanes; ++q) add(s + q, v, steps[q]);
    }
  }
  for (; s + kPerBlock <= call.steps; s += kPerBlock) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      if (v == kVectors - 1 && whole_vectors < kVectors) break;
      V steps[kPerBlock];
      TransposeBlocks(d, b(v * lanes, s), call.b_outer, steps);
      HWY_UNROLL(4)
      for (Index q = 0; q < kPerBlock; ++q) add(s + q, v, steps[q]);
    }
  }
  const Index whole = s;
  for (int v = 0; v < kVectors; ++v) {
    for (s = v < whole_vectors ? whole : 0; s < call.steps; ++s) add_collected(s, v);
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors - 1; ++v) hn::StoreU(sum[i][v], d, c(i, v));
    StoreFirst(sum[i][kVectors - 1], d, mask, c(i, kVectors - 1), rest);
  }
}

template <class Mac, int kVectors, int... kRow>
void FillStridedRows(TileSet& set, std::integer_sequence<int, kRow...> /*rows - 1*/) {
  ((set.strided[kVectors - 1][kRow] = &RunStridedTile<Mac, kRow + 1, kVectors>), ...);
}
#endif

template <class Mac, int kVectors, int... kRow>
void FillTileRows(TileSet& set, std::integer_sequence<int, kRow...> /*rows - 1*/) {
  set.rows[kVectors - 1] = sizeof...(kRow);
  ((set.run[kVectors - 1][kRow] = &RunTileOf<Mac, kRow + 1, kVectors>), ...);
}

template <class Mac>
TileSet MakeTileSet() {
  TileSet set;
  set.lanes = static_cast<Index>(hn::Lanes(typename Mac::D()));
  set.most_vectors = kMostVectors;
  set.main_vectors = kMainVectors;
  set.main_rows = kMainRows;
  set.has_runs = true;
  FillTileRows<Mac, 1>(set, std::make_integer_sequence<int, kTileRows[0]>());
  FillTileRows<Mac, 2>(set, std::make_integer_sequence<int, kTileRows[1]>());
  FillTileRows<Mac, 3>(set, std::make_integer_sequence<int, kTileRows[2]>());
#if HWY_TARGET != HWY_SCALAR
  if constexpr (Mac::kGroup == 1) {
    constexpr auto kStridedRows = std::make_integer_sequence<int, kMaxStridedRows>();
    FillStridedRows<Mac, 1>(set, kStridedRows);
    FillStridedRows<Mac, 2>(set, kStridedRows);
    FillStridedRows<Mac, 3>(set, kStridedRows);
  }
#endif
  return set;
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
