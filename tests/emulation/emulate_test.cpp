// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Known answers on the stepped array itself (docs/dataflows.md, section 8), and the emulator's habits.
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace septet;

struct Ones {
  std::vector<std::int8_t> a, b;
  std::vector<std::int32_t> c;
  Index m, n, k;
  Ones(Index m_, Index n_, Index k_) : a(m_ * k_, 1), b(k_ * n_, 1), c(m_ * n_), m(m_), n(n_), k(k_) {}
  emulation::Report run(const GemmOptions& options, const emulation::ArrayOptions& array_options = {},
                        const emulation::Progress& progress = {}) {
    return emulation::emulate(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(c.data(), m, n), options,
                              array_options, progress);
  }
};

GemmOptions on_32x32(Dataflow dataflow) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {32, 32};
  return options;
}

}  // namespace

TEST_CASE("SCALE-Sim's golden cases, stepped") {
  const emulation::ArrayOptions scalesim{Timing::scalesim};
  Ones cube(128, 256, 256);
  CHECK(cube.run(on_32x32(Dataflow::dWS), scalesim).cycles == 11200);
  CHECK(cube.run(on_32x32(Dataflow::dOS), scalesim).cycles == 10176);
  CHECK(cube.run(on_32x32(Dataflow::dIS), scalesim).cycles == 14208);
  CHECK(cube.c == std::vector<std::int32_t>(128 * 256, 256));
  CHECK(Ones(96, 3025, 363).run(on_32x32(Dataflow::dWS), scalesim).cycles == 112284);
}

TEST_CASE("overlapped sIS waits for the partial sum: 11 cycles") {
  const std::vector<float> a{0, 0, 5, 5, 0, 5}, b{1, 2, 3, 4, 5, 6};
  std::vector<float> c(4);
  GemmOptions options;
  options.dataflow = Dataflow::sIS;
  options.array = {2, 1};
  const auto report = emulation::emulate(row_major(a.data(), 2, 3), row_major(b.data(), 3, 2),
                                         row_major(c.data(), 2, 2), options, {Timing::overlapped});
  CHECK(report.cycles == 11);
  CHECK(c == std::vector<float>{25, 30, 30, 40});
}

TEST_CASE("one PE, every phase by hand") {
  // 1x1 array, one fold of K = 5: serial OS is T + H + W - 2 + D = 5 + 0 + 1.
  Ones one(1, 1, 5);
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.array = {1, 1};
  auto report = one.run(options);
  CHECK(report.cycles == 6);
  CHECK(report.cycles_preload == 0);
  CHECK(report.cycles_stream == 5);
  CHECK(report.cycles_drain == 1);
  CHECK(report.macs_issued == 5);
  CHECK(report.utilization == doctest::Approx(5.0 / 6));
  options.beta = 1;  // sums start from C: a preload of H cycles
  CHECK(one.run(options).cycles == 7);
  CHECK(one.c[0] == 10);
}

TEST_CASE("a bandwidth limit only adds stalls") {
  Ones ones(9, 11, 13);
  for (int d = 1; d < 8; ++d) {
    GemmOptions options;
    options.dataflow = static_cast<Dataflow>(d);
    options.array = {4, 3};
    for (const Timing timing : {Timing::serial, Timing::overlapped, Timing::scalesim}) {
      const auto free = ones.run(options, {timing, 0});
      const auto tight = ones.run(options, {timing, 1});
      CHECK(free.cycles_stall == 0);
      CHECK(tight.cycles_stall > 0);
      CHECK(tight.cycles == free.cycles + tight.cycles_stall);
      CHECK(tight.reads_a_words == free.reads_a_words);
    }
  }
}

TEST_CASE("progress counts the folds up to their number") {
  Ones ones(8, 8, 8);
  GemmOptions options = on_32x32(Dataflow::dWS);
  options.array = {2, 2};
  Index last = 0, total = 0;
  const auto report = ones.run(options, {}, [&](Index done, Index all) {
    CHECK(done > last);
    last = done, total = all;
  });
  CHECK(last == report.folds);
  CHECK(total == report.folds);
}
