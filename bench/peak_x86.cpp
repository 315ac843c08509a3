// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peak_x86.hpp"

#if !defined(__x86_64__) || !defined(__GNUC__)

namespace septet::bench {
std::vector<Loop> peak_loop_x86(Type, InstructionLimit) { return {}; }
bool allow_amx() { return false; }
}  // namespace septet::bench

#else

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace septet::bench {
namespace {

constexpr Index kRounds = 40000;
constexpr int kChains = 12;

// Twelve sums stay in registers; the empty instructions keep a compiler from seeing that nobody wants them.
#define SEPTET_TWELVE(STEP) \
  STEP(a0) STEP(a1) STEP(a2) STEP(a3) STEP(a4) STEP(a5) STEP(a6) STEP(a7) STEP(a8) STEP(a9) STEP(a10) STEP(a11)

__attribute__((target("avx2"))) void run_vpmaddwd() {
  const __m256i zero = _mm256_setzero_si256(), y = _mm256_set1_epi16(1);
  __m256i x = y;
#define SEPTET_DECLARE(a) __m256i a = zero;
#define SEPTET_STEP(a)                              \
  __asm__ volatile("" : "+v"(x));                   \
  a = _mm256_add_epi32(a, _mm256_madd_epi16(x, y)); \
  __asm__ volatile("" : "+v"(a));
  SEPTET_TWELVE(SEPTET_DECLARE)
  for (Index i = 0; i < kRounds; ++i) {
    SEPTET_TWELVE(SEPTET_STEP)
  }
#undef SEPTET_DECLARE
#undef SEPTET_STEP
}

#define SEPTET_DECLARE(a) __m512i a = zero;
#define SEPTET_STEP(a)     \
  a = SEPTET_DOT(a, x, y); \
  __asm__ volatile("" : "+v"(a));

__attribute__((target("avx512f,avx512vnni"))) void run_vpdpbusd() {
  const __m512i zero = _mm512_setzero_si512(), x = _mm512_set1_epi8(1), y = x;
#define SEPTET_DOT _mm512_dpbusd_epi32
  SEPTET_TWELVE(SEPTET_DECLARE)
  for (Index i = 0; i < kRounds; ++i) {
    SEPTET_TWELVE(SEPTET_STEP)
  }
#undef SEPTET_DOT
}

__attribute__((target("avx512f,avx512vnni"))) void run_vpdpwssd() {
  const __m512i zero = _mm512_setzero_si512(), x = _mm512_set1_epi16(1), y = x;
#define SEPTET_DOT _mm512_dpwssd_epi32
  SEPTET_TWELVE(SEPTET_DECLARE)
  for (Index i = 0; i < kRounds; ++i) {
    SEPTET_TWELVE(SEPTET_STEP)
  }
#undef SEPTET_DOT
}

// Eight tiles: four sums of 16 x 16, two pieces of A (16 x 64 bytes) and of B (64 bytes x 16, four rows interleaved).
struct TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64, "the layout that LDTILECFG loads");

constexpr Index kTileRounds = 2000;

__attribute__((target("amx-tile,amx-int8"))) void run_tdpbusd() {
  static constexpr TileConfig kConfig;  // static: GCC 12 does not see that the instruction reads all of it
  _tile_loadconfig(&kConfig);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (Index i = 0; i < kTileRounds; ++i) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_release();
}

bool has_amx_int8() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kTile = 1U << 24, kInt8 = 1U << 25;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kTile) != 0 && (d & kInt8) != 0;
}

}  // namespace

bool allow_amx() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return has_amx_int8() && ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::vector<Loop> peak_loop_x86(Type type, InstructionLimit limit) {
  constexpr double kPerChain = 2.0 * kChains * kRounds;
  if (!is_integer(type)) return {};
  const bool bytes = size_of(type) == 1;
  if (bytes && limit == InstructionLimit::all && allow_amx()) {
    return {{"tdpbusd", 2.0 * 4 * 16 * 16 * 64 * kTileRounds, run_tdpbusd}};
  }
  if (limit != InstructionLimit::avx2 && __builtin_cpu_supports("avx512vnni")) {
    if (bytes) return {{"vpdpbusd", kPerChain * 64, run_vpdpbusd}};
    return {{"vpdpwssd", kPerChain * 32, run_vpdpwssd}};
  }
  if (__builtin_cpu_supports("avx2")) return {{"vpmaddwd + vpaddd", kPerChain * 16, run_vpmaddwd}};
  return {};
}

}  // namespace septet::bench
#endif
