// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model against reports worked out by hand and SCALE-Sim's golden runs.
#include "cycles_naive.hpp"
#include "septet/emulation/emulate.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace septet::cycles_test;
using namespace septet;

namespace {

// 3 x 3 times 3 x 3 on a 2 x 2 array. m-tiles {0, 1}, {2}; k-tiles and n-tiles alike.
//       1 0 2      live columns of the m-tiles: {0, 2}, {0}        non-zeros of the m-tiles: 3, 1
//   A = 0 0 3      live rows of the k-tiles: {0, 2}, {0, 1}        non-zeros of the k-tiles: 2, 2
//       4 0 0
constexpr float kSmall[] = {1, 0, 2, 0, 0, 3, 4, 0, 0};

Report small(Dataflow dataflow, const ArrayOptions& array = {}, double beta = 0,
             Accumulate accumulate = Accumulate::chained) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {2, 2};
  options.beta = beta;
  options.accumulate = accumulate;
  return emulation::cycles(row_major(kSmall, 3, 3), 3, Type::f32, options, array);
}

Index overlapped(Dataflow dataflow) { return small(dataflow, {Timing::overlapped, 0}).cycles; }

// What SCALE-Sim v3 (github.com/scalesim-project/SCALE-Sim, commit 1d62b68a2c77; a GEMM with `InterfaceBandwidth:
// CALC`, so that nothing stalls) reports as `Total Cycles`: the index of the last cycle. Its weights are the right
// operand, so its M and N are our n and m, and its OS has the inputs on the rows. Edge tiles, arrays that are not
// square, lines and columns of PEs, one step per fold, operands smaller than the array.
struct ScaleSimRun {
  Index m, n, k, rows, cols;
  Index os, ws, is;  // Total Cycles
};
constexpr ScaleSimRun kScaleSimRuns[] = {
    {64, 64, 64, 16, 16, 1503, 1759, 1759},
    {17, 33, 65, 16, 16, 569, 944, 789},
    {1, 1, 1, 4, 4, 6, 10, 10},
    {7, 5, 1, 4, 4, 27, 33, 29},
    {40, 1, 9, 8, 4, 94, 115, 379},
    {1, 40, 9, 4, 8, 94, 224, 161},
    {2, 3, 5, 16, 16, 34, 47, 48},
    {2, 3, 5, 8, 32, 42, 47, 48},
    {50, 100, 30, 8, 32, 1903, 1535, 1167},
    {50, 100, 30, 32, 8, 1767, 1559, 1189},
    {31, 17, 13, 5, 3, 797, 755, 923},
    {31, 17, 13, 3, 5, 835, 799, 909},
    {49, 64, 576, 32, 32, 2551, 5147, 5687},
    {10, 10, 10, 16, 4, 83, 131, 131},
    {3, 129, 128, 128, 128, 763, 769, 510},
    {363, 96, 11, 12, 14, 7594, 2792, 3431},
    {20, 20, 100, 1, 8, 6419, 8399, 8399},
    {20, 20, 100, 8, 1, 6419, 9099, 9099},
    {9, 7, 11, 1, 1, 692, 769, 791},
    {196, 256, 64, 64, 16, 9087, 5407, 5173},
    {33, 31, 32, 32, 32, 187, 126, 249},
    {32, 32, 32, 32, 32, 93, 125, 125},
    {300, 1, 1, 2, 2, 449, 303, 749},
    {2, 2, 2, 64, 64, 127, 191, 191},
};

GemmOptions scalesim_options(Dataflow dataflow, Index rows, Index cols) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {rows, cols};
  if (dataflow == Dataflow::dOS) std::swap(options.array.height, options.array.width);
  return options;
}

/// Cycles of m x n x k as every engine of the emulator counts them: all equal to `expected`.
void check_emulated(Index m, Index n, Index k, const GemmOptions& options, Index expected) {
  const std::vector<std::int8_t> a(static_cast<std::size_t>(m * k), 1), b(static_cast<std::size_t>(k * n), 1);
  std::vector<std::int32_t> c(static_cast<std::size_t>(m * n));
  for (const Engine engine : {Engine::plain, Engine::registers, Engine::plan}) {
    std::fill(c.begin(), c.end(), -1);
    const Report r = emulation::emulate(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(c.data(), m, n),
                                        options, {Timing::scalesim, 0, engine});
    INFO(std::string(name(engine)));
    CHECK(r.cycles == expected);
    CHECK(std::count(c.begin(), c.end(), static_cast<std::int32_t>(k)) == m * n);
  }
}

}  // namespace

TEST_CASE("cycles: by hand, dense on a 2x2 array") {
  // All three: 4 folds of T = 3 steps, each T + H + W - 2 = 5 cycles of stream, and 2 of drain (OS) or preload.
  // dOS: A is read once per n-tile, 2 * 9; B once per m-tile, 2 * 9.
  CHECK(text(small(Dataflow::dOS)) ==
        "folds 4 cycles 28 cycles_stream 20 cycles_drain 8 macs_dense 27 macs_issued 27 macs_useful 12 nnz 4 "
        "reads_a_words 18 reads_b_words 18 writes_c_words 9 a_bytes_values 36");
  // dWS: A once; B once per m-tile; C in with the second k-tile, out with both.
  CHECK(text(small(Dataflow::dWS)) ==
        "folds 4 cycles 28 cycles_preload 8 cycles_stream 20 macs_dense 27 macs_issued 27 macs_useful 12 "
        "nnz 4 reads_a_words 9 reads_b_words 18 reads_c_words 9 writes_c_words 18 a_bytes_values 36");
  // dIS: A once per n-tile, B once.
  CHECK(text(small(Dataflow::dIS)) ==
        "folds 4 cycles 28 cycles_preload 8 cycles_stream 20 macs_dense 27 macs_issued 27 macs_useful 12 "
        "nnz 4 reads_a_words 18 reads_b_words 9 reads_c_words 9 writes_c_words 18 a_bytes_values 36");
  // Next folds start every max(T, P, D) = 3 cycles; 5 + 2 cycles of first preload or last drain and last stream.
  for (Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) CHECK(overlapped(dataflow) == 3 * 3 + 5 + 2);
  CHECK(small(Dataflow::dOS, {Timing::scalesim, 0}).cycles == 20);
  CHECK(small(Dataflow::dWS, {Timing::scalesim, 0}).cycles == 28);
}

TEST_CASE("cycles: by hand, sparse on a 2x2 array") {
  // sOS: T = 2, 2, 1, 1: stream 4 + 4 + 3 + 3. A: (3 + 1) per n-tile. Injected: tile 0 streams 2 x 2 for 3 non-zeros.
  // B: (2 + 1) rows of 3. MACs: 2 * 2 * 3 + 1 * 1 * 3. Bitmap: 3 + 2 * 2 and 3 + 1 * 1 bits, a byte each.
  CHECK(text(small(Dataflow::sOS)) ==
        "folds 4 cycles 22 cycles_stream 14 cycles_drain 8 macs_dense 27 macs_issued 15 macs_useful 12 nnz 4 "
        "reads_a_words 8 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 2 "
        "zeros_injected 2 elements_skipped 8");
  // Starts 0, +2, +(2 + D - 1 = 3), +(1 + D - 1 = 2); then 1 + 2 + 2.
  CHECK(overlapped(Dataflow::sOS) == 12);
  // csOS: columns 0 and 2 share row 0: the same steps, but nothing injected and (3 + 1) * 3 MACs. CSB, tile 0:
  // 4 bytes; 2 * 3 + 2 * 2 bits; 2 * 2 bits; 3 lanes of 2 bits: 4 + 2 + 1 + 1. Tile 1: 4 + 1 + 1 + 1.
  CHECK(text(small(Dataflow::csOS)) ==
        "folds 4 cycles 22 cycles_stream 14 cycles_drain 8 macs_dense 27 macs_issued 12 macs_useful 12 nnz 4 "
        "reads_a_words 8 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 15 "
        "elements_skipped 10");
  // sWS: one fold per m-tile, T = 3.
  CHECK(text(small(Dataflow::sWS)) ==
        "folds 2 cycles 14 cycles_preload 4 cycles_stream 10 macs_dense 27 macs_issued 15 macs_useful 12 "
        "nnz 4 reads_a_words 4 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 2 "
        "zeros_injected 1 elements_skipped 4");
  CHECK(overlapped(Dataflow::sWS) == 2 + 3 + 5);
  // sIS: T = 2 in all 4 folds; row 0 alone is in both k-tiles, so its sums of 3 columns come in again.
  CHECK(text(small(Dataflow::sIS)) ==
        "folds 4 cycles 24 cycles_preload 8 cycles_stream 16 macs_dense 27 macs_issued 18 macs_useful 12 "
        "nnz 4 reads_a_words 8 reads_b_words 9 reads_c_words 3 writes_c_words 12 a_bytes_values 16 "
        "a_bytes_metadata 2 zeros_injected 4 elements_skipped 6");
  CHECK(overlapped(Dataflow::sIS) == 2 + 3 * 2 + 4);
}

TEST_CASE("cycles: by hand, preload, fold-then-add, bandwidth") {
  // OS reads every output's preload and shifts it in (H more per fold); WS and IS let it enter where nothing did.
  CHECK(small(Dataflow::dOS, {}, 1).cycles == 28 + 4 * 2);
  CHECK(small(Dataflow::dOS, {}, 1).cycles_preload == 8);
  CHECK(small(Dataflow::csOS, {}, 1).reads_c_words == 9);
  CHECK(small(Dataflow::dWS, {}, 1).reads_c_words == 18);
  CHECK(small(Dataflow::sWS, {}, 1).reads_c_words == 9);
  CHECK(small(Dataflow::sIS, {}, 1).reads_c_words == 12);
  CHECK(small(Dataflow::dWS, {}, 1, Accumulate::fold_then_add).reads_c_words == 0);
  CHECK(small(Dataflow::sIS, {}, 1, Accumulate::fold_then_add).reads_c_words == 0);
  CHECK(small(Dataflow::sIS, {}, 1).cycles == 24);

  // sOS folds move 4 * (3 + 4 + 4) + 1 = 45, 4 * (3 + 2 + 2) + 1 = 29, 4 * (1 + 2 + 2) + 1 = 21 and 13 bytes. With 4
  // bytes per cycle: 12, 8, 6, 4 cycles, against 6, 6, 5, 5 of their own.
  const Report serial = small(Dataflow::sOS, {Timing::serial, 4});
  CHECK(serial.cycles == 12 + 8 + 6 + 5);
  CHECK(serial.cycles_stall == 9);
  CHECK(serial.cycles_stream == 14);
  CHECK(small(Dataflow::sOS, {Timing::scalesim, 4}).cycles == 12 + 8 + 6 + 4);
  // Overlapped: starts 12, 8 and 6 apart; the last 1 + 2 + 2 = 5 cycles are more than its 4.
  const Report hidden = small(Dataflow::sOS, {Timing::overlapped, 4});
  CHECK(hidden.cycles == 12 + 8 + 6 + 5);
  CHECK(hidden.cycles_stall == 31 - 12);
  CHECK(hidden.cycles_drain == 2);
  CHECK(small(Dataflow::sOS, {Timing::overlapped, 1}).cycles == 45 + 29 + 21 + 13);
  // csOS moves its CSB bytes instead: 44 + 8, 28 + 8, 20 + 7, 12 + 7.
  CHECK(small(Dataflow::csOS, {Timing::serial, 1}).cycles == 52 + 36 + 27 + 19);
  // sWS: 4 * (3 + 6 + 6) + 1 and 4 * (1 + 3 + 3) + 1.
  CHECK(small(Dataflow::sWS, {Timing::serial, 1}).cycles == 61 + 29);
}

TEST_CASE("cycles: the known answers of section 8") {
  const auto scalesim = [](Dataflow dataflow, Index m, Index n, Index k) {
    GemmOptions options;
    options.dataflow = dataflow;
    options.array = {32, 32};
    return emulation::cycles(m, n, k, Type::f32, Type::f32, options, {Timing::scalesim, 0}).cycles;
  };
  CHECK(scalesim(Dataflow::dWS, 96, 3025, 363) == 112284);
  CHECK(scalesim(Dataflow::dWS, 128, 256, 256) == 11200);
  CHECK(scalesim(Dataflow::dOS, 128, 256, 256) == 10176);
  CHECK(scalesim(Dataflow::dIS, 128, 256, 256) == 14208);

  const std::int8_t two_rows[] = {0, 0, 1, 1, 0, 1};
  GemmOptions options;
  options.dataflow = Dataflow::sIS;
  options.array = {2, 1};
  CHECK(emulation::cycles(row_major(two_rows, 2, 3), 2, Type::u8, options, {Timing::overlapped, 0}).cycles == 11);

  // Columns with rows {0,1}, {0}, {1}, {0,2}, {2}. A full group keeps its place in the window, or it were 3 steps.
  const float five_columns[] = {1, 1, 0, 1, 0,  //
                                1, 0, 1, 0, 0,  //
                                0, 0, 0, 1, 1};
  options.dataflow = Dataflow::csOS;
  options.array = {3, 1};
  options.combine = {2, CombinePolicy::first_fit, 2};
  CHECK(emulation::cycles(row_major(five_columns, 3, 5), 1, Type::f32, options).cycles_stream == 4 + 2);
  options.combine.window = 3;
  CHECK(emulation::cycles(row_major(five_columns, 3, 5), 1, Type::f32, options).cycles_stream == 3 + 2);
}

TEST_CASE("cycles: SCALE-Sim's runs, closed form and every engine") {
  for (const ScaleSimRun& run : kScaleSimRuns) {
    for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) {
      const Index total = dataflow == Dataflow::dOS ? run.os : dataflow == Dataflow::dWS ? run.ws : run.is;
      const GemmOptions options = scalesim_options(dataflow, run.rows, run.cols);
      const Index m = run.n, n = run.m, k = run.k;
      INFO(std::string(name(dataflow)), ", ", m, "x", n, "x", k, " on ", run.rows, "x", run.cols);
      CHECK(emulation::cycles(m, n, k, Type::s8, Type::s8, options, {Timing::scalesim, 0}).cycles == total + 1);
      check_emulated(m, n, k, options, total + 1);
    }
  }
}

TEST_CASE("cycles: SCALE-Sim's golden runs") {
#ifdef SEPTET_SHARED_DIR
  std::ifstream file(std::string(SEPTET_SHARED_DIR) + "/workloads/reference/scalesim_golden_dense.json");
  if (!file) {
    MESSAGE("no golden runs under " SEPTET_SHARED_DIR);
    return;
  }
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::map<std::string, Dataflow> dataflows = {
      {"os", Dataflow::dOS}, {"ws", Dataflow::dWS}, {"is", Dataflow::dIS}};
  for (const auto& run : golden.at("runs")) {
    const GemmOptions options =
        scalesim_options(dataflows.at(run.at("dataflow")), golden.at("array_rows"), golden.at("array_cols"));
    const Index m = run.at("N"), n = run.at("M"), k = run.at("K");  // weights are the right operand there
    INFO(run.dump());
    const Report r = emulation::cycles(m, n, k, Type::f32, Type::f32, options, {Timing::scalesim, 0});
    CHECK(r.cycles == run.at("compute_cycles"));
    check_emulated(m, n, k, options, run.at("compute_cycles"));
    CHECK(r.reads_a_words == run.at("sram_filter_reads"));
    CHECK(r.reads_b_words == run.at("sram_ifmap_reads"));
    // OS: its drain writes more words than there are outputs (34816 for 32768), so only WS and IS have a counterpart.
    if (options.dataflow != Dataflow::dOS) CHECK(r.writes_c_words == run.at("sram_ofmap_writes"));
    // Its mapping efficiency is the share of PEs in use, step by step: without the skew.
    const Index steps = r.cycles_stream - r.folds * (options.array.height + options.array.width - 2);
    const double pes = static_cast<double>(steps * options.array.height * options.array.width);
    CHECK(100 * static_cast<double>(r.macs_issued) / pes == doctest::Approx(run.at("mapping_efficiency_pct")));
  }
#else
  MESSAGE("SEPTET_SHARED_DIR is not defined: golden runs not compared");
#endif
}

TEST_CASE("cycles: nothing to do") {
  GemmOptions options;
  options.array = {2, 2};
  for (Dataflow dataflow : kAll) {
    options.dataflow = dataflow;
    INFO(std::string(name(dataflow)));
    // alpha = 0: A is not read, not even its pattern.
    options.alpha = 0;
    CHECK(text(emulation::cycles(row_major(kSmall, 3, 3), 5, Type::f32, options)) == "macs_dense 45 writes_c_words 15");
    options.alpha = 1;
    // k = 0: outputs are written once by no fold. A CSB still has its number of steps, 4 bytes for each of 2 tiles.
    const bool csb = dataflow == Dataflow::csOS;
    const std::string empty = csb ? "writes_c_words 15 a_bytes_metadata 8"  //
                                  : "writes_c_words 15";
    CHECK(text(emulation::cycles(3, 5, 0, Type::f32, Type::f32, options)) == empty);
    CHECK(text(emulation::cycles(row_major(kSmall, 3, 0), 5, Type::f32, options)) == empty);
    CHECK(emulation::cycles(0, 5, 3, Type::f32, Type::f32, options).cycles == 0);
    const Report no_columns = emulation::cycles(row_major(kSmall, 3, 3), 0, Type::f32, options);
    CHECK(no_columns.folds == 0);
    CHECK(no_columns.nnz == 4);
    CHECK(no_columns.utilization == 0);
    CHECK(no_columns.elements_skipped == 0);
    // No non-zero at all: every sparse dataflow writes its preloads without a fold.
    const float zeros[6] = {};
    const Report dead = emulation::cycles(row_major(zeros, 3, 2), 5, Type::f32, options, {Timing::overlapped, 3});
    CHECK((dead.folds == 0) == is_sparse(dataflow));
    if (is_sparse(dataflow)) CHECK(dead.writes_c_words == 15);
    if (csb) CHECK(dead.a_bytes_metadata == 2 * 4);
    if (dataflow == Dataflow::sIS) CHECK(dead.a_bytes_metadata == 1);  // 3 bits for the one k-tile
  }
}

TEST_CASE("cycles: what counts as a preload") {
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  const auto reads = [&] { return emulation::cycles(4, 4, 4, Type::f32, Type::f32, options).reads_c_words; };
  CHECK(reads() == 0);
  options.beta = 2;
  CHECK(reads() == 16);
  options.beta = 1e-60;  // rounds to 0 in f32
  CHECK(reads() == 0);
  options.beta = 2;
  for (double alpha : {1 - 0x1p-25, 1 + 1e-12, 1 + 0x1p-24}) {  // 1 in f32; the borders are ties
    options.alpha = alpha;
    CHECK(reads() == 16);
  }
  for (double alpha : {1 - 0x1.8p-25, 1 + 0x1.8p-24}) {
    options.alpha = alpha;
    CHECK(reads() == 0);
  }
  options.alpha = 0x1p-150;  // 0 in f32: no folds at all
  CHECK(emulation::cycles(4, 4, 4, Type::f32, Type::f32, options).folds == 0);
  CHECK(emulation::cycles(4, 4, 4, Type::f64, Type::f64, options).folds == 1);
  options.alpha = 3;  // beta * C comes after the sums
  CHECK(reads() == 0);
  options.alpha = 1;
  options.beta = 0;
  const float bias = 1;
  options.preload = ConstMatrix(&bias, Type::f32, 4, 4, 0, 0);
  CHECK(reads() == 16);
}
