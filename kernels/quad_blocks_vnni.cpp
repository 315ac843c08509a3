// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Highway 1.0.3 has no such operation: see vnni.hpp.
#include "kernels/quad_blocks_vnni.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include "kernels/vnni.hpp"

#include <algorithm>
#include <utility>

namespace septet::kernels {
namespace {

constexpr int kLanes = 16;
// 8 * 3 + 3 + 1, 4 * 6 + 6 + 1, 2 * 8 + 8 + 1 and 8 + 1 registers.
constexpr int kVectorsOf[kBlockHeightCount] = {3, 6, 8, 8};

template <bool kSignedA, int kRows, int kVectors>
SEPTET_VNNI void run_blocks(const BlocksCall& call) {
  const Index rest = call.cols - Index{kVectors - 1} * kLanes;
  const auto last = static_cast<__mmask16>((1u << rest) - 1);
  const auto row_of = [&](int i) { return static_cast<char*>(call.c) + i * call.c_row; };
  __m512i sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? __mmask16{0xffff} : last;
      sum[i][v] = call.zero ? _mm512_setzero_si512() : _mm512_maskz_loadu_epi32(mask, row_of(i) + Index{v} * 64);
    }
  }
  const std::int32_t* value = static_cast<const std::int32_t*>(call.values);
  const Index step = call.step, b_step = call.b_step;
  const std::int32_t* k = call.block_idx;
  // One loop: with another around it GCC 12 keeps the sums in memory.
  for (const std::int32_t* end = k + call.blocks; k < end; ++k, value += step) {
    const char* b = static_cast<const char*>(call.b) + *k * b_step;
    __m512i right[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) right[v] = _mm512_loadu_si512(b + Index{v} * 64);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512i weight = _mm512_set1_epi32(value[i]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        if constexpr (kSignedA) {
          multiply_add(sum[i][v], right[v], weight);
        } else {
          multiply_add(sum[i][v], weight, right[v]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? __mmask16{0xffff} : last;
      _mm512_mask_storeu_epi32(row_of(i) + Index{v} * 64, mask, sum[i][v]);
    }
  }
}

// Within lanes of 128 bits, which is what transposes the fours.
SEPTET_VNNI void interleave(const void* b, const std::int32_t* index, Index quads, bool turn, void* to) {
  const __m512i sign = _mm512_set1_epi8(turn ? '\x80' : '\0');
  char* out = static_cast<char*>(to);
  for (Index g = 0; g < quads; ++g, index += 4, out += 4 * kLineBytes) {
    const auto line = [&](int i) SEPTET_VNNI {
      return _mm512_xor_si512(_mm512_loadu_si512(static_cast<const char*>(b) + index[i] * kLineBytes), sign);
    };
    const __m512i r0 = line(0), r1 = line(1), r2 = line(2), r3 = line(3);
    const __m512i low01 = _mm512_unpacklo_epi8(r0, r1), low23 = _mm512_unpacklo_epi8(r2, r3);
    const __m512i high01 = _mm512_unpackhi_epi8(r0, r1), high23 = _mm512_unpackhi_epi8(r2, r3);
    _mm512_storeu_si512(out, _mm512_unpacklo_epi16(low01, low23));
    _mm512_storeu_si512(out + kLineBytes, _mm512_unpackhi_epi16(low01, low23));
    _mm512_storeu_si512(out + 2 * kLineBytes, _mm512_unpacklo_epi16(high01, high23));
    _mm512_storeu_si512(out + 3 * kLineBytes, _mm512_unpackhi_epi16(high01, high23));
  }
}

SEPTET_VNNI void reorder(void* lines, Index count) {
  const __m512i across = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  char* line = static_cast<char*>(lines);
  for (Index i = 0; i < count; ++i, line += kLineBytes) {
    _mm512_storeu_si512(line, _mm512_permutexvar_epi32(across, _mm512_loadu_si512(line)));
  }
}

constexpr auto kOddLanes = static_cast<_MM_PERM_ENUM>(0xf5);
SEPTET_VNNI inline __m512i odd_lanes(__m512i v) { return _mm512_shuffle_epi32(v, kOddLanes); }

// As ByUsualRoundings of requantise-inl.h.
struct TwoRoundings {
  __m512i multiplier, less_one, term;

  SEPTET_VNNI TwoRoundings(const LinesEnd& call, Index row)
      : multiplier(_mm512_set1_epi32(call.multiplier[row])),
        less_one(_mm512_set1_epi32(-1 - call.shift[row])),
        term(_mm512_set1_epi32(1 + 2 * call.zero_point)) {}
  SEPTET_VNNI __m512i operator()(__m512i sum) const {
    const __m512i half = _mm512_set1_epi64(1 << 30);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(sum, multiplier), half);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(odd_lanes(sum), multiplier), half);
    const __m512i high =
        _mm512_mask_shuffle_epi32(_mm512_add_epi64(odd, odd), 0x5555, _mm512_add_epi64(even, even), kOddLanes);
    const __m512i lower = _mm512_add_epi32(high, _mm512_srai_epi32(high, 31));
    return _mm512_srai_epi32(_mm512_add_epi32(_mm512_srav_epi32(lower, less_one), term), 1);
  }
};

// The same where nothing below 0 counts, as after relu. Both roundings are one there, since rounding down a number that
// has been rounded down already is rounding down at once: with e = -shift,
// (x m + 2^30 + 2^(30 + e)) / 2^(31 + e), rounded down, the upper half of whose numerator is all that it takes.
struct TwoRoundingsFromZero {
  __m512i multiplier, term, places;

  SEPTET_VNNI TwoRoundingsFromZero(const LinesEnd& call, Index row)
      : multiplier(_mm512_set1_epi32(call.multiplier[row])),
        term(_mm512_set1_epi64(half_of(31) + half_of(31 - call.shift[row]) +
                               (std::int64_t{call.zero_point} * 2 * half_of(31 - call.shift[row])))),
        places(_mm512_set1_epi32(-1 - call.shift[row])) {}
  SEPTET_VNNI __m512i operator()(__m512i sum) const {
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(sum, multiplier), term);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(odd_lanes(sum), multiplier), term);
    return _mm512_srav_epi32(_mm512_mask_shuffle_epi32(odd, 0x5555, even, kOddLanes), places);
  }

 private:
  static std::int64_t half_of(int places) { return std::int64_t{1} << (places - 1); }
};

struct ByScale {
  __m512 scale;
  __m512i zero_point;

  SEPTET_VNNI ByScale(const LinesEnd& call, Index row)
      : scale(_mm512_set1_ps(call.scale[row])), zero_point(_mm512_set1_epi32(call.zero_point)) {}
  SEPTET_VNNI __m512i operator()(__m512i sum) const {
    const __m512 most = _mm512_set1_ps(0x1p16f);  // far beyond bytes
    const __m512 value = _mm512_min_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), most);
    return _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_max_ps(value, _mm512_sub_ps(_mm512_setzero_ps(), most))),
                            zero_point);
  }
};

// Saturating, and within lanes of 128 bits again.
template <class Rescaler, bool kSigned>
SEPTET_VNNI void end_lines(const LinesEnd& call) {
  const __m512i low = _mm512_set1_epi8(static_cast<char>(call.low));
  const __m512i high = _mm512_set1_epi8(static_cast<char>(call.high));
  for (Index r = 0; r < call.rows; ++r) {
    const Rescaler by(call, r);
    const __m512i bias = _mm512_set1_epi32(call.bias[r]);
    const std::int32_t* sums = call.sums + r * kLineBytes;
    char* out = call.out + r * kLineBytes;
    for (Index i = 0; i < call.positions; ++i, sums += call.rows * kLineBytes, out += call.step) {
      const auto rescaled = [&](int v) SEPTET_VNNI {
        return by(_mm512_add_epi32(_mm512_loadu_si512(sums + Index{v} * kLanes), bias));
      };
      const __m512i left = _mm512_packs_epi32(rescaled(0), rescaled(1));
      const __m512i right = _mm512_packs_epi32(rescaled(2), rescaled(3));
      __m512i line;
      if constexpr (kSigned) {
        line = _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(left, right), low), high);
      } else {
        line = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(left, right), low), high);
      }
      _mm512_storeu_si512(out, line);
    }
  }
}

template <class Rescaler>
void end_as(const LinesEnd& call) {
  call.is_signed ? end_lines<Rescaler, true>(call) : end_lines<Rescaler, false>(call);
}

void end(const LinesEnd& call) {
  if (call.scale != nullptr) return end_as<ByScale>(call);
  call.low >= call.zero_point ? end_as<TwoRoundingsFromZero>(call) : end_as<TwoRoundings>(call);
}

template <int kHeight, int... kVector>
void fill(QuadBlockKernels& kernels, std::integer_sequence<int, kVector...> /*vectors - 1*/) {
  kernels.vectors[kHeight] = sizeof...(kVector);
  ((kernels.run[0][kHeight][kVector] = &run_blocks<false, kBlockHeights[kHeight], kVector + 1>), ...);
  ((kernels.run[1][kHeight][kVector] = &run_blocks<true, kBlockHeights[kHeight], kVector + 1>), ...);
}

}  // namespace

const QuadBlockKernels* quad_blocks_vnni() {
  static const bool has = cpu_has_vnni();
  static const QuadBlockKernels kernels = [] {
    QuadBlockKernels result;
    fill<0>(result, std::make_integer_sequence<int, kVectorsOf[0]>());
    fill<1>(result, std::make_integer_sequence<int, kVectorsOf[1]>());
    fill<2>(result, std::make_integer_sequence<int, kVectorsOf[2]>());
    fill<3>(result, std::make_integer_sequence<int, kVectorsOf[3]>());
    result.interleave = &interleave, result.reorder = &reorder, result.end = &end;
    return result;
  }();
  return has ? &kernels : nullptr;
}

}  // namespace septet::kernels
#else
namespace septet::kernels {
const QuadBlockKernels* quad_blocks_vnni() { return nullptr; }
}  // namespace septet::kernels
#endif
