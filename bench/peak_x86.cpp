// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peak_x86.hpp"

#if !defined(__x86_64__) || !defined(__GNUC__)

namespace septet::bench {
std::vector<Loop> peak_loops_x86(Type, bool) { return {}; }
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

// What keeps a compiler from seeing that nobody wants the sums.
#define SEPTET_KEEP(x) __asm__ volatile("" : "+v"(x))

__attribute__((target("avx2"))) void run_vpmaddwd() {
  __m256i acc[kChains], x = _mm256_set1_epi16(1), y = x;
  for (auto& a : acc) a = _mm256_setzero_si256();
  for (Index i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& a : acc) {
      SEPTET_KEEP(x);
      a = _mm256_add_epi32(a, _mm256_madd_epi16(x, y));
    }
  }
  for (auto& a : acc) SEPTET_KEEP(a);
}

__attribute__((target("avx512f,avx512vnni"))) void run_vpdpbusd() {
  __m512i acc[kChains], x = _mm512_set1_epi8(1), y = x;
  for (auto& a : acc) a = _mm512_setzero_si512();
  for (Index i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& a : acc) {
      a = _mm512_dpbusd_epi32(a, x, y);
      SEPTET_KEEP(a);
    }
  }
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
  const TileConfig config;
  _tile_loadconfig(&config);
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

std::vector<Loop> peak_loops_x86(Type type, bool amx) {
  std::vector<Loop> loops;
  if (size_of(type) != 1) return loops;
  constexpr double kPerChain = 2.0 * kChains * kRounds;
  if (__builtin_cpu_supports("avx2")) loops.push_back({"vpmaddwd + vpaddd", kPerChain * 16, run_vpmaddwd});
  if (__builtin_cpu_supports("avx512vnni")) loops.push_back({"vpdpbusd", kPerChain * 64, run_vpdpbusd});
  if (amx && allow_amx()) loops.push_back({"tdpbusd", 2.0 * 4 * 16 * 16 * 64 * kTileRounds, run_tdpbusd});
  return loops;
}

}  // namespace septet::bench
#endif
