// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Bytes on AMX: a tile register holds 16 rows of 64 bytes, one instruction multiplies 16 x 64 bytes of A by 64 x 16 of
// B into 16 x 16 sums, modulo 2^32 (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter
// 18). Either operand may be signed.
//
//   registers       0 1 2    C, rows 0 to 15, by 16 columns          6   A, one half of the rows
//                   3 4 5    C, rows 16 to 31                        7   B, 16 columns
//
// 64 steps of k take 6 products of 16 cycles each, and 8 loads of 8 from the first-level cache. Tried and lost:
// fetching B's lines ahead (49 ns against 35 for such a step, from the second level 55 against 46).
#include "kernels/quad_amx.hpp"

#include "kernels/quad_vnni.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#define SEPTET_AMX __attribute__((target("amx-tile,amx-int8")))

namespace septet::kernels {
namespace {

constexpr int kTileRows = 16;   // of a register
constexpr int kTileQuads = 16;  // 64 bytes
constexpr int kColumns = 16;
constexpr int kMostRows = 2 * kTileRows;
static_assert(kMostRows <= kMaxTileRows);

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  void set(int tile, Index tile_rows, Index bytes) {
    rows[tile] = static_cast<std::uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<std::uint16_t>(bytes);
  }
};

// The shape that this thread's registers have: to load one takes as long as nine products and empties them all, so it
// is kept from tile to tile until release().
struct TileShape {
  Index rows = 0, columns = 0, quads = 0;
};
TileShape& loaded_shape() {
  static thread_local TileShape shape;
  return shape;
}

// For steps of `quads`, vectors of `columns`.
SEPTET_AMX void load_shape(Index rows, Index columns, Index quads) {
  TileShape& loaded = loaded_shape();
  if (loaded.rows == rows && loaded.columns == columns && loaded.quads == quads) return;
  loaded = {rows, columns, quads};
  TileConfig config;
  for (int sums = 0; sums < 6; ++sums) config.set(sums, rows, 4 * columns);
  config.set(6, rows, 4 * quads);
  config.set(7, quads, 4 * columns);
  asm volatile("" : : "r"(&config) : "memory");  // GCC 12's intrinsic says that it reads eight bytes of it
  _tile_loadconfig(&config);
}

SEPTET_AMX void release() {
  if (loaded_shape().rows == 0) return;
  _tile_release();
  loaded_shape() = {};
}

// The intrinsics paste their registers' numbers, which have to be literals.
#define SEPTET_MULTIPLY(sums)                                       \
  do {                                                              \
    if constexpr (kSignedA && kSignedB) _tile_dpbssd(sums, 6, 7);   \
    if constexpr (kSignedA && !kSignedB) _tile_dpbsud(sums, 6, 7);  \
    if constexpr (!kSignedA && kSignedB) _tile_dpbusd(sums, 6, 7);  \
    if constexpr (!kSignedA && !kSignedB) _tile_dpbuud(sums, 6, 7); \
  } while (false)
#define SEPTET_FOR_EACH_SUM(operation)                             \
  do {                                                             \
    operation(0, 0, 0);                                            \
    if constexpr (kVectors > 1) operation(1, 0, 1);                \
    if constexpr (kVectors > 2) operation(2, 0, 2);                \
    if constexpr (kHalves > 1) operation(3, 1, 0);                 \
    if constexpr (kHalves > 1 && kVectors > 1) operation(4, 1, 1); \
    if constexpr (kHalves > 1 && kVectors > 2) operation(5, 1, 2); \
  } while (false)

// C += A B for `halves` times `rows` rows and `runs` times `count` times `quads` steps.
template <bool kSignedA, bool kSignedB, int kHalves, int kVectors>
SEPTET_AMX void run_quads(const TileCall& call, Index first_row, Index first_quad, Index quads, Index count, Index runs,
                          bool zero) {
  const auto a_row = static_cast<std::size_t>(call.a_row), b_step = static_cast<std::size_t>(call.b_step);
  const auto c_row = static_cast<std::size_t>(call.c_row);
  const char* a = static_cast<const char*>(call.a) + first_row * call.a_row + first_quad * 4;
  const char* b = static_cast<const char*>(call.b) + first_quad * call.b_step;
  char* c = static_cast<char*>(call.c) + first_row * call.c_row;
  char* const halves[2] = {c, c + kTileRows * call.c_row};
#define SEPTET_ZERO(sums, half, v) _tile_zero(sums)
#define SEPTET_LOAD(sums, half, v) _tile_loadd(sums, halves[half] + Index{64} * (v), c_row)
#define SEPTET_STORE(sums, half, v) _tile_stored(sums, halves[half] + Index{64} * (v), c_row)
  if (zero) {
    SEPTET_FOR_EACH_SUM(SEPTET_ZERO);
  } else {
    SEPTET_FOR_EACH_SUM(SEPTET_LOAD);
  }
  for (Index left = count; runs > 0;) {
    _tile_loadd(6, a, a_row);
    _tile_loadd(7, b, b_step);
    SEPTET_MULTIPLY(0);
    if constexpr (kVectors > 1) {
      _tile_loadd(7, b + 64, b_step);
      SEPTET_MULTIPLY(1);
    }
    if constexpr (kVectors > 2) {
      _tile_loadd(7, b + 128, b_step);
      SEPTET_MULTIPLY(2);
    }
    if constexpr (kHalves > 1) {
      _tile_loadd(6, a + kTileRows * call.a_row, a_row);
      if constexpr (kVectors > 2) SEPTET_MULTIPLY(5);  // its columns are still there
      if constexpr (kVectors > 1) {
        if constexpr (kVectors > 2) _tile_loadd(7, b + 64, b_step);
        SEPTET_MULTIPLY(4);
      }
      if constexpr (kVectors > 1) _tile_loadd(7, b, b_step);
      SEPTET_MULTIPLY(3);
    }
    a += 4 * quads, b += quads * call.b_step;
    if (--left == 0) {
      left = count, --runs;
      a += call.a_run - count * 4 * quads;
    }
  }
  SEPTET_FOR_EACH_SUM(SEPTET_STORE);
}

// kHalves times `rows` rows: whole registers of k, and what is left of it.
template <bool kSignedA, bool kSignedB, int kHalves, int kVectors>
SEPTET_AMX void run_rows(const TileCall& call, Index first_row, Index rows, Index columns) {
  const Index whole = call.steps / kTileQuads, left = call.steps % kTileQuads;
  if (left == 0) {
    load_shape(rows, columns, kTileQuads);
    return run_quads<kSignedA, kSignedB, kHalves, kVectors>(call, first_row, 0, kTileQuads, whole, call.runs,
                                                            call.zero);
  }
  TileCall run = call;
  for (Index r = 0; r < call.runs; ++r) {
    if (whole > 0) {
      load_shape(rows, columns, kTileQuads);
      run_quads<kSignedA, kSignedB, kHalves, kVectors>(run, first_row, 0, kTileQuads, whole, 1, run.zero);
    }
    load_shape(rows, columns, left);
    run_quads<kSignedA, kSignedB, kHalves, kVectors>(run, first_row, whole * kTileQuads, left, 1, 1,
                                                     run.zero && whole == 0);
    run.a = static_cast<const char*>(run.a) + call.a_run,
    run.b = static_cast<const char*>(run.b) + call.steps * call.b_step;
    run.zero = false;
  }
}

// kVectors of `columns` each.
template <bool kSignedA, bool kSignedB, int kVectors>
SEPTET_AMX void run_columns(const TileCall& call, Index columns) {
  if (call.rows == kMostRows) return run_rows<kSignedA, kSignedB, 2, kVectors>(call, 0, kTileRows, columns);
  for (Index row = 0; row < call.rows; row += kTileRows) {
    run_rows<kSignedA, kSignedB, 1, kVectors>(call, row, std::min<Index>(kTileRows, call.rows - row), columns);
  }
}

template <bool kSignedA, bool kSignedB, int kVectors>
SEPTET_AMX void run_tile(const TileCall& call) {
  asm volatile("" ::: "memory");  // the intrinsics do not say that they read and write it
  constexpr Index kWhole = kVectors - 1;
  const Index last = call.cols - kWhole * kColumns;
  if (last == kColumns) {
    run_columns<kSignedA, kSignedB, kVectors>(call, kColumns);
  } else {
    if constexpr (kWhole > 0) run_columns<kSignedA, kSignedB, kWhole>(call, kColumns);
    TileCall rest = call;
    rest.b = static_cast<const char*>(call.b) + kWhole * kColumns * 4;
    rest.c = static_cast<char*>(call.c) + kWhole * kColumns * 4;
    run_columns<kSignedA, kSignedB, 1>(rest, last);
  }
  asm volatile("" ::: "memory");
}

template <bool kSignedA, bool kSignedB>
TileSet make_tiles() {
  TileSet set;
  set.lanes = kColumns;
  set.most_vectors = set.main_vectors = kMaxTileVectors;
  set.main_rows = kMostRows;
  set.row_unit = kTileRows;
  set.step_unit = kTileQuads;
  set.has_runs = true;
  set.a_by_rows = true;
  for (int v = 0; v < kMaxTileVectors; ++v) set.rows[v] = kMostRows;
  for (int r = 0; r < kMostRows; ++r) {
    set.run[0][r] = &run_tile<kSignedA, kSignedB, 1>;
    set.run[1][r] = &run_tile<kSignedA, kSignedB, 2>;
    set.run[2][r] = &run_tile<kSignedA, kSignedB, 3>;
  }
  return set;
}

constexpr long kTileData = 18;  // among the parts of a thread's state

// Does the CPU have tiles, and the system know of them?
bool has_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kTile) == 0 || (edx & kInt8) == 0) return false;
  constexpr long kSupported = 0x1021;  // asm/prctl.h, from Linux 5.16 on
  unsigned long parts = 0;
  return syscall(SYS_arch_prctl, kSupported, &parts) == 0 && (parts >> kTileData & 1) != 0;
}

}  // namespace

const QuadKernels* amx_kernels() {
  static const bool has = vnni_kernels() != nullptr && has_tiles();
  static const QuadKernels kernels = [] {
    QuadKernels result = has ? *vnni_kernels() : QuadKernels();
    result.tiles[0][0] = make_tiles<false, false>();
    result.tiles[0][1] = make_tiles<false, true>();
    result.tiles[1][0] = make_tiles<true, false>();
    result.tiles[1][1] = make_tiles<true, true>();
    result.any_signs = true;
    result.release = &release;
    return result;
  }();
  return has ? &kernels : nullptr;
}

// Tiles are kilobytes of state: Linux wants to be asked, once for all threads, before they are used. It may refuse, and
// programs that never multiply bytes need not carry them about.
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;
  static const bool may = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return may;
}

}  // namespace septet::kernels
#else
namespace septet::kernels {
const QuadKernels* amx_kernels() { return nullptr; }
bool may_use_tiles() { return false; }
}  // namespace septet::kernels
#endif
