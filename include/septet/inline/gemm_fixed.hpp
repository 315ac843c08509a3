// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A small product of fixed shape, for a caller's inner loop: batches of little matrices, one block of a larger one.
//
// Computes C <- A * B, C <- C + A * B or C <- C + (0 + A * B) for M, N, K known at compile time, each 1 to 64; per
// output one sequence of MACs, k ascending, the bits of septet::gemm.
//
// Views: none: A is M x K, B is K x N, C is M x N, row after row; element (i, j) of C is c[i * ldc + j]. Leading
// dimensions count elements; left out, rows follow each other without padding, and addresses are constants.
//
// The call: gemm_fixed<M, N, K, sum>(a, lda, b, ldb, c, ldc, mac): sum is Sum::from_zero (C is not read: beta = 0, the
// default), Sum::chained (beta = 1) or Sum::fold_then_add; mac from mac.hpp, by default Fused for float and double,
// Exact for int32_t; a functor of yours for any types. Nothing is copied or packed, and nothing outside the operands
// is touched: an edge is a vector that overlaps its neighbour, or a masked one.
//
//   for (int i = 0; i < batch; ++i) {  // 3-D points in homogeneous coordinates, eight at a time
//     septet::fold::gemm_fixed<4, 8, 4>(transform + 16 * i, points + 32 * i, moved + 32 * i);
//   }
//   septet::fold::gemm_fixed<8, 8, 64, septet::fold::Sum::chained>(a, lda, b, ldb, c, ldc);  // one block of more
//
// Fast where the build has fused operations and vectors of 32 or 64 bytes; the bits are the same anywhere. It is
// inlined whole, some hundred instructions to a kilobyte or three per call: call it from a loop, not from everywhere.
//
// Measured (bench/gemm_fixed.cpp, a virtual machine with AVX-512 and two FMA ports at 3.2 to 3.8 GHz, shared; GCC 12,
// batches of 24 KiB, GFLOP/s; Clang 14 within 5 %, f64 4^3 -13 %):
//
//                        4^3   8^3  16^3  24^3  32^3  48^3  64^3
//   f32  gemm_fixed       93   112   175   143   198   200   197
//        libxsmm's JIT    29    66   176   141   194   198   198
//        Eigen, fixed     44    18    71    72   115   135   121
//        of FMA peak     38 %  46 %  79 %  64 %  96 %  98 %  96 %
//   f64  gemm_fixed       51    82    94   100    98    99    98
//        libxsmm's JIT    28    73    91    98    98    98    99
//        Eigen, fixed     38    17    41    54    59    58    57
//        of FMA peak     43 %  67 %  84 %  97 %  88 %  97 %  96 %
//
// (The loop that measures the peak may run a clock step faster, 3.5 GHz for 3.2, than what also loads.)
// What bounds the rest: 8 columns of f32 (4 of f64) fill half a register, 50 % at most, however rows are paired: a
// shuffle or blend that makes A's pair takes the port of the FMA it saves. 24 columns of f32 are two vectors for one
// and a half, 75 % at most. One vector of columns (16^3 f32, 8^3 f64) loads an element of A for every FMA;
// whether that is what bounds it is open: 16 such FMAs alone run at nearly the full rate.
//
// Tried and lost: one vector by 28 rows where there are more columns (-10 %: a load for every FMA). No difference:
// masks instead of overlapping vectors (which need nothing of the target), 128 FMAs a turn instead of 64.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "septet/inline/narrow_lane.hpp"
#include "septet/inline/tile.hpp"

namespace septet::fold {

/// The largest M, N and K of gemm_fixed: beyond, blocks for the caches pay, which is septet::gemm's business.
inline constexpr int kMaxFixed = 64;

namespace detail {

// A loop that is to stay one: its body is unrolled by hand, as far as it should be.
#if defined(__clang__)
#define SEPTET_KEEP_LOOP _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define SEPTET_KEEP_LOOP _Pragma("GCC unroll 1")
#else
#define SEPTET_KEEP_LOOP
#endif

/// The lane for N columns of T: the narrowest that holds them all, or the widest.
template <class T, class Arch, int N, int kWidth>
constexpr auto fixed_lane() {
  if constexpr (N == 1) {
    return ScalarLane<T, Arch>{};
  } else if constexpr (kIsFloat<T> && kHasNarrowLanes && 2 * N <= kWidth && kWidth * sizeof(T) > 16) {
    return fixed_lane<T, Arch, N, kWidth / 2>();
  } else if constexpr (kWidth == BatchLane<T, Arch>::kWidth) {
    return BatchLane<T, Arch>{};
  } else {
    return NarrowLane<T, kWidth, Arch>{};
  }
}
template <class T, class Arch, int N, bool kBatch>
struct FixedLane {
  using type = ScalarLane<T, Arch>;
};
template <class T, class Arch, int N>
struct FixedLane<T, Arch, N, true> {
  using type = decltype(fixed_lane<T, Arch, N, BatchLane<T, Arch>::kWidth>());
};

/// Whether a step is calls: a MAC of the user's, or std::fma per lane. Unrolling such steps gains nothing.
template <class Mac>
constexpr bool fixed_calls() {
#if defined(SEPTET_INLINE_PORTABLE) || !(defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__))
  return !kTakesLanes<Mac> || std::is_same_v<Mac, Fused>;
#else
  return !kTakesLanes<Mac>;
#endif
}

/// Registers for a tile. Where steps are calls, four sums at a time, or one.
template <class L, class Mac>
constexpr int fixed_registers() {
  if (!std::is_trivially_copyable_v<typename L::Value>) return 3;
  if (fixed_calls<Mac>()) return 6;
#if defined(__AVX512VL__) || defined(__aarch64__)
  return 32;
#else
  return sizeof(typename L::Vec) >= 64 ? 32 : 16;
#endif
}

constexpr int divided_up(int a, int b) { return (a + b - 1) / b; }

/// Tiles of C: at most `rows` rows (or one less, so that tiles are alike) by `vecs` vectors.
struct FixedPlan {
  int rows, vecs;
  long cost;
};

/// Of one tile, in eighths of half a cycle: two FMAs and two loads in a cycle, whichever are more, and a little for
/// every load (11 x 2 for 32 rows of 4 vectors had 3 % less than 6 x 4); 12 half cycles to begin and end.
constexpr long fixed_tile_cost(int rows, int vecs, int depth) {
  const int fmas = rows * vecs, loads = rows + vecs;
  return (8 * (fmas > loads ? fmas : loads) + loads) * static_cast<long>(depth) + 8 * 12;
}
constexpr long fixed_strip_cost(int m, int row_tiles, int vecs, int depth) {
  const int low = m / row_tiles, more = m % row_tiles;
  return more * fixed_tile_cost(low + 1, vecs, depth) + (row_tiles - more) * fixed_tile_cost(low, vecs, depth);
}
/// The cheapest tiles whose sums, vectors of B and element of A stay in registers: with 32, 28 x 1, 14 x 2, 9 x 3 or
/// 6 x 4; with 16, 14 x 1, 6 x 2, 4 x 3 (and less, if M divides better).
constexpr FixedPlan fixed_plan(int m, int vecs, int depth, int registers) {
  FixedPlan best{1, 1, -1};
  for (int v = 1; v <= vecs && v <= 4; ++v) {
    const int spare = registers > 16 ? 2 : 1;  // A's element, and one for the compiler
    const int most = (registers - spare - v) / v;
    if (most < 1) break;
    const int row_tiles = divided_up(m, most), strips = divided_up(vecs, v);
    const long cost = (strips - 1) * fixed_strip_cost(m, row_tiles, v, depth) +
                      fixed_strip_cost(m, row_tiles, vecs - (strips - 1) * v, depth);
    if (best.cost < 0 || cost < best.cost) best = {divided_up(m, row_tiles), v, cost};
  }
  return best;
}

#if defined(__GNUC__) && !defined(SEPTET_INLINE_PORTABLE)
/// kLanes elements that are not the sums' type, converted in registers. Through an array, GCC 12 (-O2, SSE2) lets two
/// vectors of B share its place on the stack and reads the second for the first: wrong products.
template <class L, class Mac, class B>
SEPTET_ALWAYS_INLINE typename L::Vec fixed_converted(const Mac& mac, const B* from, int n) {
  using T = detail::Carrier<typename L::Value>;
  typedef B Narrow __attribute__((vector_size(L::kWidth * sizeof(B))));
  typedef T Wide __attribute__((vector_size(L::kWidth * sizeof(T))));
  Narrow narrow = {};
  if (n == L::kWidth) {
    std::memcpy(&narrow, from, sizeof(narrow));
  } else {
    for (int j = 0; j < n; ++j) narrow[j] = from[j];
  }
  Wide wide = __builtin_convertvector(narrow, Wide);
  if constexpr (!Mac::kKeepsOwnType) wide -= static_cast<T>(mac.b_zero_point);
  using Vec = typename L::Vec;
  if constexpr (std::is_aggregate_v<Vec>) {  // a NarrowRegister
    return Vec{(typename Vec::register_type)wide};
  } else {
    return Vec((typename Vec::register_type)wide);
  }
}
template <class Mac>
inline constexpr bool kIsOurs =
    std::is_same_v<Mac, Fused> || std::is_same_v<Mac, Unfused> || std::is_same_v<Mac, Exact>;
#endif

/// The n elements of B at `from`, n a constant once this is inlined.
template <class L, class Mac, class Stepper, class B>
SEPTET_ALWAYS_INLINE auto fixed_right(const Stepper& step, const B* from, int n) {
  using T = typename L::Value;
  if constexpr (L::kWidth > 1 && !plain<Mac, B, T>()) {
#if defined(__GNUC__) && !defined(SEPTET_INLINE_PORTABLE)
    if constexpr (kIsOurs<Mac>) {
      (void)step.mac.template take_b<L>(*from);  // what it says about types
      return fixed_converted<L>(step.mac, from, n);
    } else
#endif
    {
      T lanes[L::kWidth] = {};
      for (int j = 0; j < n; ++j) lanes[j] = step.mac.template take_b<L>(from[j]);
      return L::load(lanes);
    }
  } else {
    return n < L::kWidth ? step.template right<false>(from, n) : step.template right<true>(from, n);
  }
}

/// from + step, in a register of its own: else compilers share one index between A and B, and addresses with an index
/// cost an operation more in every FMA (Clang 14), or sixteen pointers in memory (GCC 12, run-time lda).
template <class Arch, class T>
SEPTET_ALWAYS_INLINE T* advanced(T* from, Index step) {
  from += step;
#if defined(__GNUC__) && !defined(SEPTET_INLINE_PORTABLE)
  asm("" : "+r"(from));
#endif
  return from;
}

/// The rows of C, visited in order.
template <class Arch, class T>
struct FixedRowWalk {
  T* row;
  Index ld;
  int at = 0;
  SEPTET_ALWAYS_INLINE T* to(int r) {
    if (r != at) row = advanced<Arch>(row, ld);
    at = r;
    return row;
  }
};

/// One tile of C: kRows x kVecs lanes, the last of them kTail columns wide. Those are the end of a whole lane that
/// overlaps the one before (kOverlap; both have the same bits), or a partial lane.
template <class L, class Mac, class Arch, Sum kSum, int K, int kRows, int kVecs, int kTail, bool kOverlap, class A,
          class B>
SEPTET_ALWAYS_INLINE void fixed_tile(const Step<L, Mac, typename L::Value>& step, const A* a, Index lda, const B* b,
                                     Index ldb, typename L::Value* c, Index ldc) {
  using T = typename L::Value;
  using Vec = typename L::Vec;
  constexpr int kSums = kRows * kVecs, kWidth = L::kWidth;
  // Steps in one go: all, as long as they are few; else enough that the loop's own instructions do not count.
  constexpr int kUnroll = fixed_calls<Mac>() ? 1 : kSums * K <= 128 ? K : divided_up(64, kSums);
  const auto column = [](int v) SEPTET_ALWAYS_INLINE_LAMBDA {
    return v * kWidth - (kOverlap && v == kVecs - 1 ? kWidth - kTail : 0);
  };
  const auto width = [](int v) SEPTET_ALWAYS_INLINE_LAMBDA { return kOverlap || v < kVecs - 1 ? kWidth : kTail; };
  const auto load = [&](T* row, int v) SEPTET_ALWAYS_INLINE_LAMBDA {
    const int n = width(v);
    return n == kWidth ? L::load(row + column(v)) : L::load(row + column(v), n);
  };
  FixedRowWalk<Arch, T> rows{c, ldc};
  Registers<Vec, kSums> acc([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
    if constexpr (kSum == Sum::chained) {
      return load(rows.to(q / kVecs), q % kVecs);
    } else {
      return L::broadcast(T());
    }
  });
  // Rows of A by fours, so that lda and 3 lda are all the strides there are: a pointer per row would not fit the
  // registers. (A known lda makes displacements of them.)
  constexpr int kGroup = 4, kGroups = divided_up(kRows, kGroup);
  Registers<const A*, kGroups> pa([&](int g) SEPTET_ALWAYS_INLINE_LAMBDA { return a + g * kGroup * lda; });
  const B* pb = b;
  const auto one = [&](int u) SEPTET_ALWAYS_INLINE_LAMBDA {
    const B* from = pb + u * ldb;
    const Registers<decltype(fixed_right<L, Mac>(step, pb, 1)), kVecs> right(
        [&](int v) SEPTET_ALWAYS_INLINE_LAMBDA { return fixed_right<L, Mac>(step, from + column(v), width(v)); });
    unroll<kRows>([&](int r) SEPTET_ALWAYS_INLINE_LAMBDA {
      const auto left = step.left(pa.at[r / kGroup] + r % kGroup * lda + u);
      unroll<kVecs>([&](int v) SEPTET_ALWAYS_INLINE_LAMBDA { step.run(acc.at[r * kVecs + v], left, right.at[v]); });
    });
  };
  if constexpr (K >= 2 * kUnroll) {
    SEPTET_KEEP_LOOP
    for (int k = 0; k < K / kUnroll; ++k) {
      unroll<kUnroll>(one);
      unroll<kGroups>([&](int g) SEPTET_ALWAYS_INLINE_LAMBDA { pa.at[g] = advanced<Arch>(pa.at[g], kUnroll); });
      pb = advanced<Arch>(pb, kUnroll * ldb);
    }
    unroll<K % kUnroll>(one);
  } else {
    unroll<K>(one);
  }
  if constexpr (kSum == Sum::fold_then_add) {  // all of C is read before any is written: vectors may overlap
    rows = {c, ldc};
    unroll<kSums>([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
      acc.at[q] = step.add(load(rows.to(q / kVecs), q % kVecs), acc.at[q]);
    });
  }
  rows = {c, ldc};
  unroll<kSums>([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
    const int v = q % kVecs, n = width(v);
    T* row = rows.to(q / kVecs);
    if (n == kWidth) {
      L::store(row + column(v), acc.at[q]);
    } else {
      L::store(row + column(v), acc.at[q], n);
    }
  });
}

/// All rows of kVecs vectors of columns.
template <class L, class Mac, class Arch, Sum kSum, int M, int K, int kRows, int kVecs, int kTail, bool kOverlap,
          class A, class B>
SEPTET_ALWAYS_INLINE void fixed_rows(const Step<L, Mac, typename L::Value>& step, const A* a, Index lda, const B* b,
                                     Index ldb, typename L::Value* c, Index ldc) {
  constexpr int kTiles = divided_up(M, kRows), kShort = kTiles * kRows - M, kTall = kTiles - kShort;
  SEPTET_KEEP_LOOP
  for (int i = 0; i < kTall; ++i) {
    fixed_tile<L, Mac, Arch, kSum, K, kRows, kVecs, kTail, kOverlap>(step, a, lda, b, ldb, c, ldc);
    a += kRows * lda;
    c += kRows * ldc;
  }
  if constexpr (kShort > 0) {
    SEPTET_KEEP_LOOP
    for (int i = 0; i < kShort; ++i) {
      fixed_tile<L, Mac, Arch, kSum, K, kRows - 1, kVecs, kTail, kOverlap>(step, a, lda, b, ldb, c, ldc);
      a += (kRows - 1) * lda;
      c += (kRows - 1) * ldc;
    }
  }
}

#if defined(__AVX512VL__) && defined(__AVX512DQ__) && !defined(SEPTET_INLINE_PORTABLE)
#define SEPTET_HAS_FOUR_ROWS 1

template <class Arch, int kStep>
SEPTET_ALWAYS_INLINE __m512 spread(__m512 a) {
  return _mm512_mask_permute_ps(a, 0xffff, a, kStep * 0x55);
}

/// Four columns of floats: four rows of C share a register, A's elements are spread by a shuffle within each quarter.
/// A shuffle and an FMA for sixteen MACs beat four FMAs on narrow registers (4^3: 93 against 60 GFLOP/s). With more
/// columns, or doubles, it is a shuffle and an FMA against two FMAs: no gain, as both go to the same two ports.
template <class Mac, Sum kSum, int K, class Arch>
SEPTET_ALWAYS_INLINE void fixed_four_rows(const Mac& mac, const float* a, Index lda, const float* b, Index ldb,
                                          float* c, Index ldc) {
  using L = BatchLane<float, Arch>;
  const auto rows = [](const float* from, Index ld, int n) SEPTET_ALWAYS_INLINE_LAMBDA {
    if (n == 4 && ld == 4) return _mm512_loadu_ps(from);
    const __mmask8 mask = static_cast<__mmask8>((1u << n) - 1);
    const auto row = [&](int r) SEPTET_ALWAYS_INLINE_LAMBDA {
      return n == 4 ? _mm_loadu_ps(from + r * ld) : _mm_maskz_loadu_ps(mask, from + r * ld);
    };
    __m512 all = _mm512_castps128_ps512(row(0));
    all = _mm512_insertf32x4(all, row(1), 1);
    all = _mm512_insertf32x4(all, row(2), 2);
    return _mm512_insertf32x4(all, row(3), 3);
  };
  typename L::Vec acc = kSum == Sum::chained ? typename L::Vec(rows(c, ldc, 4)) : L::broadcast(0.0f);
  constexpr int kChunks = divided_up(K, 4);
  unroll<kChunks>([&](int chunk) SEPTET_ALWAYS_INLINE_LAMBDA {
    const int n = chunk < K / 4 ? 4 : K % 4;
    const __m512 left = rows(a + 4 * chunk, lda, n);
    const auto one = [&](int u, __m512 factor) SEPTET_ALWAYS_INLINE_LAMBDA {
      const __m512 right = _mm512_mask_broadcast_f32x4(factor, 0xffff, _mm_loadu_ps(b + (4 * chunk + u) * ldb));
      acc = mac.template mac<L>(acc, typename L::Vec(factor), typename L::Vec(right));
    };
    one(0, spread<Arch, 0>(left));
    if (n > 1) one(1, spread<Arch, 1>(left));
    if (n > 2) one(2, spread<Arch, 2>(left));
    if (n > 3) one(3, spread<Arch, 3>(left));
  });
  if constexpr (kSum == Sum::fold_then_add) acc = L::add(typename L::Vec(rows(c, ldc, 4)), acc);
  const __m512 out = acc;
  if (ldc == 4) return _mm512_storeu_ps(c, out);
  const __m128 low = _mm512_mask_extractf32x4_ps(_mm_setzero_ps(), 0xf, out, 0);
  _mm_storeu_ps(c, low);
  _mm_storeu_ps(c + ldc, _mm512_mask_extractf32x4_ps(low, 0xf, out, 1));
  _mm_storeu_ps(c + 2 * ldc, _mm512_mask_extractf32x4_ps(low, 0xf, out, 2));
  _mm_storeu_ps(c + 3 * ldc, _mm512_mask_extractf32x4_ps(low, 0xf, out, 3));
}
#endif

template <int M, int N, int K, Sum kSum, class Arch, class A, class B, class C, class Mac>
SEPTET_ALWAYS_INLINE void fixed_product(const A* a, Index lda, const B* b, Index ldb, C* c, Index ldc, const Mac& mac) {
  using L = typename FixedLane<C, Arch, N, kTakesLanes<Mac> && kHasBatch<C, Arch>>::type;
#if defined(SEPTET_HAS_FOUR_ROWS)
  if constexpr (M >= 4 && N == 4 && std::is_same_v<C, float> && plain<Mac, B, C>() && plain<Mac, A, C>()) {
    SEPTET_KEEP_LOOP
    for (int i = 0; i < M / 4; ++i) {
      fixed_four_rows<Mac, kSum, K, Arch>(mac, a + 4 * i * lda, lda, b, ldb, c + 4 * i * ldc, ldc);
    }
    if constexpr (M % 4 != 0) {
      fixed_product<M % 4, N, K, kSum, Arch>(a + M / 4 * 4 * lda, lda, b, ldb, c + M / 4 * 4 * ldc, ldc, mac);
    }
    return;
  }
#endif
  constexpr int kWidth = L::kWidth, kAll = divided_up(N, kWidth);
  constexpr FixedPlan kPlan = fixed_plan(M, kAll, K, fixed_registers<L, Mac>());
  constexpr int kVecs = kPlan.vecs, kStrips = divided_up(kAll, kVecs), kLast = kAll - (kStrips - 1) * kVecs;
  constexpr int kTail = N - (kAll - 1) * kWidth;
  constexpr bool kOverlap = kTail < kWidth && N > kWidth && (kLast > 1 || kSum == Sum::from_zero);
  constexpr int kEven = kLast == kVecs && kTail == kWidth ? kStrips : kStrips - 1;
  const Step<L, Mac, C> step{mac};
  if constexpr (kEven > 0) {
    SEPTET_KEEP_LOOP
    for (int j = 0; j < kEven; ++j) {
      fixed_rows<L, Mac, Arch, kSum, M, K, kPlan.rows, kVecs, kWidth, false>(step, a, lda, b, ldb, c, ldc);
      b += kVecs * kWidth;
      c += kVecs * kWidth;
    }
  }
  if constexpr (kEven < kStrips) {
    fixed_rows<L, Mac, Arch, kSum, M, K, kPlan.rows, kLast, kTail, kOverlap>(step, a, lda, b, ldb, c, ldc);
  }
}

}  // namespace detail

/// C <- A * B, or as kSum says, for row-major operands with leading dimensions known at run time.
///
/// a: M x K, a[i * lda + k].  b: K x N, b[k * ldb + j].  c: M x N, c[i * ldc + j]. Any alignment; lda, ldb and ldc in
/// elements; ldc >= N, and c touches no element of a or b. Padding is neither read nor written.
/// Sums are C's: in C's type, from C (Sum::chained) or from zero (otherwise), k ascending, one MAC at a time.
/// Errors: none at run time. Throws only what a MAC of your own throws.
template <int M, int N, int K, Sum kSum = Sum::from_zero, class Arch = xsimd::default_arch, class A, class B, class C,
          class Mac = DefaultMac<C>>
SEPTET_ALWAYS_INLINE void gemm_fixed(const A* a, Index lda, const B* b, Index ldb, C* c, Index ldc,
                                     const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  static_assert(M >= 1 && M <= kMaxFixed && N >= 1 && N <= kMaxFixed && K >= 1 && K <= kMaxFixed,
                "septet: gemm_fixed takes M, N and K from 1 to 64; larger products are septet::gemm's");
  static_assert(detail::check<M, N, kSum, C, Mac>());
  assert(M == 1 || ldc >= N);
  detail::fixed_product<M, N, K, kSum, Arch>(a, lda, b, ldb, c, ldc, mac);
}

/// The same for operands without padding: lda = K, ldb = ldc = N.
template <int M, int N, int K, Sum kSum = Sum::from_zero, class Arch = xsimd::default_arch, class A, class B, class C,
          class Mac = DefaultMac<C>>
SEPTET_ALWAYS_INLINE void gemm_fixed(const A* a, const B* b, C* c, const Mac& mac = Mac()) noexcept(kTakesLanes<Mac>) {
  gemm_fixed<M, N, K, kSum, Arch>(a, K, b, N, c, N, mac);
}

}  // namespace septet::fold
