// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Highway 1.0.3 has no such operation: see vnni.hpp.
#include "kernels/quad_vnni.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include "kernels/vnni.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace septet::kernels {
namespace {

constexpr int kLanes = 16;
constexpr int kRows[kMaxTileVectors] = {16, 14, 9};

std::uint32_t load_u32(const char* from) {
  std::uint32_t value;
  std::memcpy(&value, from, 4);
  return value;
}

SEPTET_VNNI inline __mmask16 first(Index count) { return static_cast<__mmask16>((1u << count) - 1); }

// As RunTile in tile-inl.h, without folds: integers have the same sum in any order.
template <bool kUnsignedA, int kTileRows, int kVectors>
SEPTET_VNNI void run_tile(const TileCall& call) {
  const __mmask16 last = first(call.cols - Index{kVectors - 1} * kLanes);
  const auto row_of = [&](int i) { return static_cast<char*>(call.c) + i * call.c_row; };
  if (call.next_c != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        _mm_prefetch(static_cast<const char*>(call.next_c) + i * call.c_row + Index{v} * 64, _MM_HINT_T0);
      }
    }
  }
  __m512i sum[kTileRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? __mmask16{0xffff} : last;
      sum[i][v] = call.zero ? _mm512_setzero_si512() : _mm512_maskz_loadu_epi32(mask, row_of(i) + Index{v} * 64);
    }
  }
  constexpr int kBases = (kTileRows + 2) / 3;
  const char* a[kBases];
#pragma GCC unroll 16
  for (int i = 0; i < kBases; ++i) a[i] = static_cast<const char*>(call.a) + Index{3} * i * call.a_row;
  const char* b = static_cast<const char*>(call.b);
  const Index a_row = call.a_row, a_step = call.a_step, b_step = call.b_step, b_ahead = call.b_ahead;
  // An address that is nowhere would be looked up again and again.
  const char* ahead = static_cast<const char*>(call.ahead != nullptr ? call.ahead : call.a);
  for (Index s = call.steps; s > 0; --s) {
    __m512i right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      right[v] = _mm512_loadu_si512(b + Index{v} * 64);
      _mm_prefetch(b + b_ahead + Index{v} * 64, _MM_HINT_T0);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      // By way of a vector: from a general register, the broadcast would take a multiplier's port.
      const __m512i left = _mm512_broadcastd_epi32(_mm_loadu_si32(a[i / 3] + (i % 3) * a_row));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        if (kUnsignedA) multiply_add(sum[i][v], left, right[v]);
        if (!kUnsignedA) multiply_add(sum[i][v], right[v], left);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kBases; ++i) a[i] += a_step;
    b += b_step;
    _mm_prefetch(ahead, _MM_HINT_T1);
    ahead += call.ahead_step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? __mmask16{0xffff} : last;
      _mm512_mask_storeu_epi32(row_of(i) + Index{v} * 64, mask, sum[i][v]);
    }
  }
}

template <bool kUnsignedA, int kVectors, int... kRow>
void fill_rows(TileSet& set, std::integer_sequence<int, kRow...> /*rows - 1*/) {
  set.rows[kVectors - 1] = sizeof...(kRow);
  ((set.run[kVectors - 1][kRow] = &run_tile<kUnsignedA, kRow + 1, kVectors>), ...);
}

template <bool kUnsignedA>
TileSet make_tiles() {
  TileSet set;
  set.lanes = kLanes;
  set.most_vectors = 3;
  set.main_vectors = 3;
  set.main_rows = 8;
  fill_rows<kUnsignedA, 1>(set, std::make_integer_sequence<int, kRows[0]>());
  fill_rows<kUnsignedA, 2>(set, std::make_integer_sequence<int, kRows[1]>());
  fill_rows<kUnsignedA, 3>(set, std::make_integer_sequence<int, kRows[2]>());
  return set;
}

// A few rows by one column, whose quads follow each other: vectors run along k, since integers have the same sum in any
// order. That is how a matrix meets a vector without being transposed.
template <bool kUnsignedA, int kDotRows>
SEPTET_VNNI void run_dots(const TileCall& call) {
  const char* a = static_cast<const char*>(call.a);
  const char* b = static_cast<const char*>(call.b);
  __m512i sum[kDotRows];
#pragma GCC unroll 8
  for (int i = 0; i < kDotRows; ++i) sum[i] = _mm512_setzero_si512();
  const auto add = [&](Index s, __mmask16 mask) SEPTET_VNNI {
    const __m512i right = _mm512_maskz_loadu_epi32(mask, b + s * 4);
#pragma GCC unroll 8
    for (int i = 0; i < kDotRows; ++i) {
      const __m512i left = _mm512_maskz_loadu_epi32(mask, a + i * call.a_row + s * 4);
      if (kUnsignedA) multiply_add(sum[i], left, right);
      if (!kUnsignedA) multiply_add(sum[i], right, left);
    }
  };
  Index s = 0;
  for (; s + kLanes <= call.steps; s += kLanes) add(s, 0xffff);
  if (s < call.steps) add(s, first(call.steps - s));
#pragma GCC unroll 8
  for (int i = 0; i < kDotRows; ++i) {
    char* to = static_cast<char*>(call.c) + i * call.c_row;
    std::uint32_t total = static_cast<std::uint32_t>(_mm512_reduce_add_epi32(sum[i]));
    if (!call.zero) total += load_u32(to);
    std::memcpy(to, &total, 4);
  }
}

template <bool kUnsignedA, int... kRow>
TileSet make_dots(std::integer_sequence<int, kRow...> /*rows - 1*/) {
  TileSet set;
  set.lanes = 1;
  set.most_vectors = set.main_vectors = 1;
  set.main_rows = set.rows[0] = sizeof...(kRow);
  set.a_by_rows = true;
  ((set.run[0][kRow] = &run_dots<kUnsignedA, kRow + 1>), ...);
  return set;
}

SEPTET_VNNI void turn_sign(void* bytes, Index count) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  char* at = static_cast<char*>(bytes);
  for (; count > 0; count -= 64, at += 64) {
    const __mmask64 mask = count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
    _mm512_mask_storeu_epi8(at, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, at), flip));
  }
}

SEPTET_VNNI void row_sums(const TileCall& call, Index rows, bool is_signed, std::int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  const auto add_quads = [&](__m512i sum, __m512i quads) SEPTET_VNNI {
    return is_signed ? _mm512_dpbusd_epi32(sum, ones, quads) : _mm512_dpbusd_epi32(sum, quads, ones);
  };
  const char* a = static_cast<const char*>(call.a);
  if (call.a_row == 4 && rows <= kLanes) {  // a panel: its rows lie side by side
    const __mmask16 mask = first(rows);
    __m512i sum = _mm512_maskz_loadu_epi32(mask, sums);
    for (Index s = 0; s < call.steps; ++s) sum = add_quads(sum, _mm512_maskz_loadu_epi32(mask, a + s * call.a_step));
    return _mm512_mask_storeu_epi32(sums, mask, sum);
  }
  for (Index i = 0; i < rows; ++i) {  // where they lie, quad after quad
    __m512i sum = _mm512_setzero_si512();
    for (Index s = 0; s < call.steps; s += kLanes) {
      const __mmask16 mask = call.steps - s >= kLanes ? __mmask16{0xffff} : first(call.steps - s);
      sum = add_quads(sum, _mm512_maskz_loadu_epi32(mask, a + i * call.a_row + s * 4));
    }
    sums[i] += _mm512_reduce_add_epi32(sum);
  }
}

SEPTET_VNNI void add(void* c, Index c_row, Index rows, Index cols, const std::int32_t* by_row,
                     const std::int32_t* by_col) {
  for (Index i = 0; i < rows; ++i) {
    char* row = static_cast<char*>(c) + i * c_row;
    const __m512i all = _mm512_set1_epi32(by_row != nullptr ? by_row[i] : 0);
    for (Index j = 0; j < cols; j += kLanes) {
      const __mmask16 mask = cols - j >= kLanes ? __mmask16{0xffff} : first(cols - j);
      __m512i sum = _mm512_add_epi32(_mm512_maskz_loadu_epi32(mask, row + j * 4), all);
      if (by_col != nullptr) sum = _mm512_add_epi32(sum, _mm512_maskz_loadu_epi32(mask, by_col + j));
      _mm512_mask_storeu_epi32(row + j * 4, mask, sum);
    }
  }
}

// Lane r of 128 bits is row r of 16 columns: they become 16 quads.
SEPTET_VNNI inline __m512i quads_of(__m512i rows) {
  const __m512i across = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const __m512i within = _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400);
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(across, rows), within);
}

// Four rows of B become quads, 16 columns at a time.
SEPTET_VNNI void interleave(const PanelCall& call) {
  const Index stride = call.k_stride, whole = call.outer / kLanes * kLanes;
  for (Index k = 0; k < call.k; k += 4) {
    const char* from = static_cast<const char*>(call.from) + k * stride;
    char* to = static_cast<char*>(call.to) + k * call.width;
    Index j = 0;
    if (k + 4 <= call.k) {
      const auto row = [&](Index r) SEPTET_VNNI {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + r * stride + j));
      };
      for (; j < whole; j += kLanes) {
        __m512i four = _mm512_inserti32x4(_mm512_castsi128_si512(row(0)), row(1), 1);
        four = _mm512_inserti32x4(_mm512_inserti32x4(four, row(2), 2), row(3), 3);
        _mm512_storeu_si512(to + j * 4, quads_of(four));
      }
    }
    for (; j < call.width; j += kLanes) {
      const Index left = call.outer - j;
      const __mmask16 mask = left >= kLanes ? __mmask16{0xffff} : left > 0 ? first(left) : __mmask16{0};
      __m128i rows[4];
      for (Index r = 0; r < 4; ++r) {
        rows[r] = k + r < call.k ? _mm_maskz_loadu_epi8(mask, from + r * stride + j) : _mm_setzero_si128();
      }
      __m512i four = _mm512_inserti32x4(_mm512_castsi128_si512(rows[0]), rows[1], 1);
      four = _mm512_inserti32x4(_mm512_inserti32x4(four, rows[2], 2), rows[3], 3);
      const Index lanes = call.width - j;
      _mm512_mask_storeu_epi32(to + j * 4, lanes >= kLanes ? __mmask16{0xffff} : first(lanes), quads_of(four));
    }
  }
}

// Quads [first, …) of row i, one by one; zeros where there is no row, and behind the last k.
void copy_quads(const PanelCall& call, Index i, Index first) {
  const char* from = static_cast<const char*>(call.from) + i * call.outer_stride;
  char* to = static_cast<char*>(call.to) + i * 4;
  const bool exists = i < call.outer;
  Index k = first * 4;
  for (; k + 4 <= call.k; k += 4) {
    std::uint32_t quad = 0;
    if (exists) std::memcpy(&quad, from + k, 4);
    std::memcpy(to + k * call.width, &quad, 4);
  }
  if (k == call.k) return;
  std::uint32_t quad = 0;
  for (Index byte = 0; exists && k + byte < call.k; ++byte) {
    quad |= std::uint32_t{static_cast<std::uint8_t>(from[k + byte])} << (8 * byte);
  }
  std::memcpy(to + k * call.width, &quad, 4);
}

// Quads lie one after the other along k: four rows by four quads at a time.
SEPTET_VNNI void transpose(const PanelCall& call) {
  const Index quads = call.k / 16 * 4;
  Index i = 0;
  for (; i + 4 <= call.outer; i += 4) {
    const char* from = static_cast<const char*>(call.from) + i * call.outer_stride;
    char* to = static_cast<char*>(call.to) + i * 4;
    const auto row = [&](Index r) SEPTET_VNNI {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + r * call.outer_stride));
    };
    const auto store = [&](Index q, __m128i v)
                           SEPTET_VNNI { _mm_storeu_si128(reinterpret_cast<__m128i*>(to + q * call.width * 4), v); };
    for (Index s = 0; s < quads; s += 4, from += 16, to += 16 * call.width) {
      const __m128i r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
      const __m128i low01 = _mm_unpacklo_epi32(r0, r1), low23 = _mm_unpacklo_epi32(r2, r3);
      const __m128i high01 = _mm_unpackhi_epi32(r0, r1), high23 = _mm_unpackhi_epi32(r2, r3);
      store(0, _mm_unpacklo_epi64(low01, low23));
      store(1, _mm_unpackhi_epi64(low01, low23));
      store(2, _mm_unpacklo_epi64(high01, high23));
      store(3, _mm_unpackhi_epi64(high01, high23));
    }
    for (Index r = 0; r < 4; ++r) copy_quads(call, i + r, quads);
  }
  for (; i < call.width; ++i) copy_quads(call, i, 0);
}

// A single row: its quads follow each other as its bytes do.
void copy_row(const PanelCall& call) {
  std::memcpy(call.to, call.from, static_cast<std::size_t>(call.k));
  std::memset(static_cast<char*>(call.to) + call.k, 0, static_cast<std::size_t>(-call.k & 3));
}

void pack_elements(const PanelCall& call) {
  char* to = static_cast<char*>(call.to);
  for (Index k = 0; k < call.k; k += 4) {
    for (Index i = 0; i < call.width; ++i) {
      for (Index g = 0; g < 4; ++g, ++to) {
        const bool exists = i < call.outer && k + g < call.k;
        *to = exists ? static_cast<const char*>(call.from)[i * call.outer_stride + (k + g) * call.k_stride] : char{0};
      }
    }
  }
}

void pack(const PanelCall& call) {
  if (call.width == 1) return call.k_stride == 1 ? copy_row(call) : pack_elements(call);
  if (call.outer_stride == 1) return interleave(call);
  if (call.k_stride == 1) return transpose(call);
  pack_elements(call);
}

}  // namespace

const QuadKernels* vnni_kernels() {
  static const bool has = cpu_has_vnni();
  static const QuadKernels kernels = [] {
    QuadKernels result;
    result.tiles[0][1] = make_tiles<true>();
    result.tiles[1][0] = make_tiles<false>();
    result.dots[0] = make_dots<true>(std::make_integer_sequence<int, 8>());
    result.dots[1] = make_dots<false>(std::make_integer_sequence<int, 8>());
    result.pack = &pack, result.turn_sign = &turn_sign, result.row_sums = &row_sums, result.add = &add;
    return result;
  }();
  return has ? &kernels : nullptr;
}

}  // namespace septet::kernels
#else
namespace septet::kernels {
const QuadKernels* vnni_kernels() { return nullptr; }
}  // namespace septet::kernels
#endif
