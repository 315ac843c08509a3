// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The VCD of random problems, read by a reader of the test's own and replayed register by register to C; what was seen
// on its ports adds up to the report.
#include "replay.hpp"
#include "septet/septet.hpp"

#include <sstream>

namespace {

using namespace septet;
using namespace septet::support;
using namespace septet::trace_test;

// Where the sums start: the preload, or beta * C.
template <class P>
auto starting_sums(const P& p) {
  using Acc = typename Replay<P>::Acc;
  std::vector<Acc> memory(static_cast<std::size_t>(p.m * p.n), Acc{0});
  Acc beta;
  scalar(p.options.beta, beta);
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) {
      Acc& sum = memory[static_cast<std::size_t>(i * p.n + j)];
      if (p.options.preload.data != nullptr) {
        sum = static_cast<Acc>(p.preload(i, j));
      } else if (p.options.beta != 0) {
        sum = product(beta, static_cast<Acc>(number(p.c(i, j))));
      }
      const bool chained = p.options.accumulate == Accumulate::chained;
      sum = kept(sum, chained ? p.options.accumulator : p.options.fold_accumulator, p.options.flush_subnormals);
    }
  }
  return memory;
}

template <class P>
Counted check_replay(P& p) {
  p.options.alpha = 1;
  p.options.epilogue = {};
  INFO(describe(p));
  std::ostringstream text;
  const auto sink = emulation::vcd_sink(text);
  auto c = p.c;
  emulation::Report report;
  const Status status = emulation::try_emulate(p.a.view(), p.b.view(), c.view(), p.options, p.array_options, report, {},
                                               {sink.get(), {}});
  REQUIRE_MESSAGE(status.ok(), status.to_string());
  auto want = p.c;
  gemm(p.a.view(), p.b.view(), want.view(), p.options);
  REQUIRE(compare_bits(c.view(), want.view()).equal);

  const Vcd vcd(text.str());
  Replay<P> replay(p, report.dataflow, vcd, starting_sums(p));
  replay.run();
  auto replayed = p.c;
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) {
      const auto sum = replay.memory()[static_cast<std::size_t>(i * p.n + j)];
      replayed(i, j) = element<typename P::CType>(static_cast<NumberOf<typename P::CType>>(sum));
    }
  }
  const Difference difference = compare_bits(replayed.view(), want.view());
  CHECK_MESSAGE(difference.equal, difference.text);

  const Counted& counted = replay.counted();
  CHECK(counted.macs == report.macs_issued);
  CHECK(counted.reads_a == report.reads_a_words);
  CHECK(counted.reads_b == report.reads_b_words);
  CHECK(counted.reads_c == report.reads_c_words);
  CHECK(counted.writes_c <= report.writes_c_words);
  CHECK(counted.injected == report.zeros_injected);
  CHECK(counted.stalls == report.cycles_stall);
  const bool os = is_output_stationary(report.dataflow);
  const Index last_drain = report.timing == Timing::scalesim && os && report.folds > 0 ? report.array_height : 0;
  CHECK(vcd.edges() >= report.cycles);
  CHECK(vcd.edges() <= report.cycles + last_drain);
  if (p.array_options.bandwidth == 0) CHECK(vcd.edges() == report.cycles + last_drain);
  CHECK(vcd.end() == 10 * vcd.edges());
  for (Index i = 0; i < vcd.edges(); ++i) CHECK(vcd.time(i) == 10 * i);
  return counted;
}

}  // namespace

TEST_CASE("VCD: every register follows from the cycle before, and C from them") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(40); ++i) {
      Limits limits;
      limits.max_dim = 13, limits.max_array = 6;
      limits.dataflow = static_cast<Dataflow>(d);
      limits.any_fold_depth = false;
      for_random_problem(static_cast<std::uint64_t>(1000 * d + i), limits, [](auto& p) { check_replay(p); });
    }
  }
}

TEST_CASE("VCD: narrow accumulators") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(20); ++i) {
      Limits limits;
      limits.max_dim = 13, limits.max_array = 6;
      limits.dataflow = static_cast<Dataflow>(d);
      limits.any_fold_depth = false;
      limits.any_accumulator = true;
      for_random_problem(static_cast<std::uint64_t>(88000 + 1000 * d + i), limits, [](auto& p) { check_replay(p); });
    }
  }
}

TEST_CASE("VCD: arrays of one row and of one column") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(8); ++i) {
      for (const ArrayShape array : {ArrayShape{1, 5}, ArrayShape{5, 1}, ArrayShape{1, 1}}) {
        Limits limits;
        limits.max_dim = 9, limits.max_array = 1;
        limits.dataflow = static_cast<Dataflow>(d);
        limits.any_fold_depth = false;
        for_random_problem(static_cast<std::uint64_t>(77000 + 1000 * d + i), limits, [&](auto& p) {
          p.options.array = array;
          p.options.fold_depth = 0;
          check_replay(p);
        });
      }
    }
  }
}

TEST_CASE("VCD: beside Inf and NaN, strict_nonfinite gates what was injected") {
  bool gated = false;
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    for (int i = 0; i < 8; ++i) {  // whatever the effort: one of them has to gate
      Limits limits;
      limits.max_dim = 9, limits.max_array = 4;
      limits.dataflow = dataflow;
      limits.accumulate = Accumulate::chained;
      limits.a_type = Type::f32;
      limits.any_fold_depth = false;
      limits.pattern = PatternKind::uniform;
      for_random_problem(static_cast<std::uint64_t>(99000 + i), limits, [&](auto& p) {
        if constexpr (std::is_same_v<decltype(p.b(0, 0)), float&>) {
          if (p.n == 0 || p.k == 0) return;
          p.b(p.k - 1, 0) = std::numeric_limits<float>::infinity();
          p.b(0, p.n - 1) = std::numeric_limits<float>::quiet_NaN();
          p.options.strict_nonfinite = true;
          gated |= check_replay(p).gated > 0;
        }
      });
    }
  }
  CHECK(gated);
}

TEST_CASE("VCD: registers have the widths of their operands") {
  const std::vector<std::int8_t> a{1, 2, 3, 4};
  const std::vector<std::uint8_t> b{5, 6, 7, 8};
  std::vector<std::int32_t> c(4);
  GemmOptions options;
  options.array = {2, 2};
  const auto widths = [&](const GemmOptions& chosen) {
    std::ostringstream text;
    const auto sink = emulation::vcd_sink(text);
    emulation::emulate(row_major(a.data(), 2, 2), row_major(b.data(), 2, 2), row_major(c.data(), 2, 2), chosen, {}, {},
                       {sink.get(), {}});
    const Vcd vcd(text.str());
    return std::vector<int>{vcd.width("array.pe_0_0.a"), vcd.width("array.pe_0_0.b"), vcd.width("array.pe_0_0.sum")};
  };
  options.dataflow = Dataflow::dWS;
  CHECK(widths(options) == std::vector<int>{8, 8, 32});
  options.a_zero_point = -3, options.b_zero_point = 100;  // 9 bits hold an element less its zero point
  CHECK(widths(options) == std::vector<int>{9, 9, 32});
  options.accumulator = {20, Overflow::clamp};
  CHECK(widths(options) == std::vector<int>{9, 9, 20});
}
