// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Highway 1.0.3 has no expanding load: intrinsics, in functions of their own target (as quad_vnni.cpp).
#include "kernels/expand_avx512.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#define SEPTET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,popcnt")))

namespace septet::kernels {
namespace {

// Elements ahead of what is read, at which lines are fetched: 2 KiB. The hardware looks less far.
constexpr Index kAhead = 512;

// Walks one tile.
struct Walk {
  const std::byte* bits;
  Index bit, rows;
  const std::int32_t* k;
  const float* values;
  std::uint32_t all;

  SEPTET_AVX512 explicit Walk(const ExpandTile& tile)
      : bits(tile.bits),
        bit(tile.first_bit),
        rows(tile.rows),
        k(tile.k),
        values(tile.values),
        all((1u << tile.rows) - 1) {}

  template <bool kFused, int kCols>
  SEPTET_AVX512 void step(__m512 (&sum)[kCols], const float* b, Index b_step, Index b_col) {
    std::uint32_t word;
    std::memcpy(&word, bits + (bit >> 3), sizeof(word));
    const std::uint32_t mask = (word >> (bit & 7)) & all;
    const auto lanes = static_cast<__mmask16>(mask);
    bit += rows;
    _mm_prefetch(values + kAhead, _MM_HINT_T0);
    const __m512 weights = _mm512_maskz_expandloadu_ps(lanes, values);
    values += __builtin_popcount(mask);
    const float* right = b + static_cast<Index>(*k++) * b_step;
#pragma GCC unroll 4
    for (int j = 0; j < kCols; ++j) {
      const __m512 x = _mm512_set1_ps(right[j * b_col]);
      if constexpr (kFused) {
        sum[j] = _mm512_fmadd_ps(weights, x, sum[j]);
      } else {
        sum[j] = _mm512_add_ps(sum[j], _mm512_mul_ps(weights, x));
      }
    }
  }
};

template <int kCols>
SEPTET_AVX512 void load(__m512 (&sum)[kCols], const ExpandTile& tile, const ExpandCall& call) {
  alignas(64) float lanes[kExpandRows] = {};
  for (int j = 0; j < kCols; ++j) {
    for (Index i = 0; i < tile.rows && !call.zero; ++i) lanes[i] = tile.c[i * call.c_row + j * call.c_col];
    sum[j] = _mm512_load_ps(lanes);
  }
}

template <int kCols>
SEPTET_AVX512 void store(const __m512 (&sum)[kCols], const ExpandTile& tile, const ExpandCall& call) {
  alignas(64) float lanes[kExpandRows];
  for (int j = 0; j < kCols; ++j) {
    _mm512_store_ps(lanes, sum[j]);
    for (Index i = 0; i < tile.rows; ++i) tile.c[i * call.c_row + j * call.c_col] = lanes[i];
  }
}

template <bool kFused, int kCols>
SEPTET_AVX512 void run_tiles(const ExpandCall& call) {
  const ExpandTile &first = call.tiles[0], &second = call.tiles[1];
  Walk x(first), y(second);
  __m512 sum_x[kCols], sum_y[kCols];
  load(sum_x, first, call);
  load(sum_y, second, call);
  const float* b = call.b;
  const Index b_step = call.b_step, b_col = call.b_col, together = std::min(first.steps, second.steps);
  for (Index s = 0; s < together; ++s) {
    x.step<kFused>(sum_x, b, b_step, b_col);
    y.step<kFused>(sum_y, b, b_step, b_col);
  }
  for (Index s = together; s < first.steps; ++s) x.step<kFused>(sum_x, b, b_step, b_col);
  for (Index s = together; s < second.steps; ++s) y.step<kFused>(sum_y, b, b_step, b_col);
  store(sum_x, first, call);
  store(sum_y, second, call);
}

template <bool kFused>
void run(const ExpandCall& call) {
  switch (call.cols) {
    case 1:
      return run_tiles<kFused, 1>(call);
    case 2:
      return run_tiles<kFused, 2>(call);
    case 3:
      return run_tiles<kFused, 3>(call);
    default:
      return run_tiles<kFused, 4>(call);
  }
}

}  // namespace

const ExpandKernels* expand_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  static const ExpandKernels kernels{{&run<true>, &run<false>}};
  return has ? &kernels : nullptr;
}

}  // namespace septet::kernels
#else
namespace septet::kernels {
const ExpandKernels* expand_avx512() { return nullptr; }
}  // namespace septet::kernels
#endif
