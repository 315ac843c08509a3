// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The tests' own truth, checked by hand: known answers of the page dataflows.md, section 8, and cases small enough to
// follow with a pencil.
#include <doctest/doctest.h>

#include "array_model.hpp"
#include "comparison.hpp"
#include "generators.hpp"
#include "reference.hpp"

namespace {

using namespace septet::support;
using septet::Accumulate;
using septet::Combine;
using septet::CombinePolicy;
using septet::Dataflow;
using septet::GemmOptions;
using septet::Index;
using septet::Timing;
using septet::Type;
using septet::emulation::Report;

ArrayProblem dense_problem(Index m, Index n, Index k, Dataflow dataflow, septet::ArrayShape array, Timing timing) {
  ArrayProblem p;
  p.a = Pattern(m, k, true);
  p.n = n;
  p.options.dataflow = dataflow;
  p.options.array = array;
  p.array_options.timing = timing;
  return p;
}

/// Rows of 'x' and '.'.
Pattern drawn(const std::vector<std::string>& rows) {
  Pattern pattern(static_cast<Index>(rows.size()), static_cast<Index>(rows[0].size()));
  for (Index i = 0; i < pattern.rows; ++i) {
    for (Index j = 0; j < pattern.cols; ++j) {
      pattern.set(i, j, rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] == 'x');
    }
  }
  return pattern;
}

/// "k k | k": the MACs of a row, with a bar where a fold ends.
std::string text_of(const RowOrder& order) {
  std::string text;
  for (const RowStep& step : order) text += std::to_string(step.k) + (step.ends_fold ? "|" : " ");
  return text;
}

std::string order_text(const Pattern& a, Index row, Dataflow dataflow, const GemmOptions& options) {
  const Index tile = rows_per_tile(dataflow, options.array);
  const Index m0 = row / tile * tile;
  const auto orders = row_orders(a, m0, std::min(tile, a.rows - m0), dataflow, options);
  return text_of(orders[static_cast<std::size_t>(row - m0)]);
}

const std::vector<Dataflow> kAll = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                    Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

}  // namespace

TEST_CASE("array model: SCALE-Sim's golden reports") {
  const septet::ArrayShape array{32, 32};
  const auto cycles = [&](Index m, Index n, Index k, Dataflow dataflow) {
    return array_report(dense_problem(m, n, k, dataflow, array, Timing::scalesim)).cycles;
  };
  CHECK(cycles(96, 3025, 363, Dataflow::dWS) == 112284);
  CHECK(cycles(128, 256, 256, Dataflow::dWS) == 11200);
  CHECK(cycles(128, 256, 256, Dataflow::dOS) == 10176);
  CHECK(cycles(128, 256, 256, Dataflow::dIS) == 14208);
}

TEST_CASE("array model: SCALE-Sim's OS formula 2H + W + T - 2 is serial") {
  for (Index t = 1; t < 9; ++t) {
    CHECK(array_report(dense_problem(3, 5, t, Dataflow::dOS, {3, 5}, Timing::serial)).cycles == 2 * 3 + 5 + t - 2);
  }
}

TEST_CASE("array model: overlapped sIS of the page") {
  ArrayProblem p = dense_problem(2, 2, 3, Dataflow::sIS, {2, 1}, Timing::overlapped);
  p.a = drawn({"..x", "x.x"});
  const Report r = array_report(p);
  CHECK(r.cycles == 11);
  CHECK(r.folds == 4);
  CHECK(r.cycles_preload == 2);
  CHECK(r.cycles_drain == 0);
  // Per n-tile: k0 = 0 streams row 1 (two PE rows, one non-zero); k0 = 2 streams rows 0 and 1 (one PE row).
  CHECK(r.reads_a_words == 2 * (1 + 2));
  CHECK(r.zeros_injected == 2 * (1 + 0));
  CHECK(r.reads_b_words == 2 * (2 + 1));
  CHECK(r.reads_c_words == 2 * (0 + 1));
  CHECK(r.writes_c_words == 2 * (1 + 2));
  CHECK(r.macs_issued == 2 * (2 + 2));
  CHECK(r.elements_skipped == 2 * (4 + 2) - 6 - 2);
  CHECK(r.a_bytes_values == 3 * 4);
  CHECK(r.a_bytes_metadata == 1 + 1);  // 2 + 2 * 1 bits, 2 + 1 * 2 bits
  CHECK(r.macs_useful == 3 * 2);
  CHECK(r.utilization == doctest::Approx(6.0 / (2 * 1 * 11)));
}

TEST_CASE("array model: csOS steps") {
  const Pattern a = drawn({"xx.x.", "x.x..", "...xx"});
  Combine combine{2, CombinePolicy::first_fit, 2};
  using Groups = std::vector<std::vector<Index>>;
  CHECK(combine_columns(a, 0, 3, combine) == Groups{{0}, {1, 2}, {3}, {4}});
  combine.window = 3;  // column 4 reaches back to the first group
  CHECK(combine_columns(a, 0, 3, combine) == Groups{{0, 4}, {1, 2}, {3}});
  combine.window = 1;
  CHECK(combine_columns(a, 0, 3, combine) == Groups{{0}, {1, 2}, {3}, {4}});
  combine.policy = CombinePolicy::in_order;
  CHECK(combine_columns(a, 0, 3, combine) == Groups{{0}, {1, 2}, {3}, {4}});
  combine.lanes = 1;
  CHECK(combine_columns(a, 0, 3, combine) == Groups{{0}, {1}, {2}, {3}, {4}});

  ArrayProblem p = dense_problem(3, 4, 5, Dataflow::csOS, {3, 4}, Timing::serial);
  p.a = a;
  p.options.combine = {2, CombinePolicy::first_fit, 2};
  const Report r = array_report(p);
  CHECK(r.cycles == 4 + 3 + 4 - 2 + 3);
  CHECK(r.reads_a_words == 7);
  CHECK(r.zeros_injected == 0);
  CHECK(r.reads_b_words == 5 * 4);
  CHECK(r.macs_issued == 7 * 4);
  CHECK(r.elements_skipped == 3 * 5 - 7);
  // 4 bytes; 4 counts of 2 bits and 5 indices of 3; 4 * 3 presence bits; 7 lanes of 1 bit and 7 floats.
  CHECK(r.a_bytes_values == 28);
  CHECK(r.a_bytes_metadata == 4 + 3 + 2 + 1);
}

TEST_CASE("array model: overlapped dOS with preload and bandwidth") {
  ArrayProblem p = dense_problem(3, 3, 2, Dataflow::dOS, {2, 2}, Timing::overlapped);
  p.options.beta = 1;
  Report r = array_report(p);
  // Four folds of T = 2, P = D = 2: starts 2, 4, 6, 8; the last ends after T + H + W - 2 + D = 6.
  CHECK(r.cycles == 14);
  CHECK(r.cycles_stream == 10);
  CHECK(r.reads_c_words == 9);
  p.array_options.bandwidth = 16;
  // Bytes per fold: (r T + T c + 2 r c) * 4 = 64, 40, 40, 24: 4, 3, 3, 2 cycles. Starts 2, 6, 9, 12.
  r = array_report(p);
  CHECK(r.cycles == 18);
  CHECK(r.cycles_stall == 4);
  CHECK(r.cycles_preload + r.cycles_stream + r.cycles_drain == 14);
  p.array_options.timing = Timing::serial;
  p.array_options.bandwidth = 8;  // 8, 5, 5, 3 cycles, all within a fold's 2 + 4 + 2
  CHECK(array_report(p).cycles == 4 * 8);
  p.array_options.timing = Timing::scalesim;  // 2 + 4
  CHECK(array_report(p).cycles == 8 + 6 + 6 + 6);
  CHECK(array_report(p).cycles_stall == 2);
}

TEST_CASE("array model: sWS cuts the live columns of an m-tile") {
  ArrayProblem p = dense_problem(3, 5, 6, Dataflow::sWS, {2, 2}, Timing::serial);
  p.a = drawn({"x..x.x", "x.....", "......"});
  const Report r = array_report(p);
  CHECK(r.folds == 2);  // columns {0, 3}, {5}; the second m-tile has no fold
  CHECK(r.cycles == 2 * (2 + 5 + 2));
  CHECK(r.reads_a_words == 4);
  CHECK(r.zeros_injected == 2);
  CHECK(r.elements_skipped == 18 - 6);
  CHECK(r.reads_b_words == 3 * 5);
  CHECK(r.reads_c_words == 2 * 5);
  CHECK(r.writes_c_words == 2 * 2 * 5 + 5);
  CHECK(r.macs_issued == (4 + 2) * 5);
  CHECK(r.a_bytes_metadata == 2 + 1);  // 6 + 2 * 3 bits; 6 bits
  const auto folds = array_folds(p);
  CHECK(folds[0].metadata_bytes == 2);  // 6 + 2 * 2 bits
  CHECK(folds[1].metadata_bytes == 1);  // 2 bits
  CHECK(fold_bytes(folds[0], p) == (3 + 10 + 10) * 4 + 2);

  p.options.accumulate = Accumulate::fold_then_add;
  p.options.beta = 1;
  CHECK(array_report(p).reads_c_words == 0);
}

TEST_CASE("array model: nothing to do") {
  for (const Dataflow dataflow : kAll) {
    ArrayProblem p = dense_problem(3, 4, 5, dataflow, {2, 2}, Timing::overlapped);
    p.options.alpha = 0;
    Report r = array_report(p);
    CHECK(r.folds + r.cycles + r.nnz + r.macs_useful + r.reads_a_words + r.a_bytes_values + r.a_bytes_metadata == 0);
    CHECK(r.macs_dense == 60);
    CHECK(r.writes_c_words == 12);
    CHECK(r.utilization == 0);
    p.options.alpha = 1;
    p.a = Pattern(3, 0);
    r = array_report(p);
    CHECK(r.cycles == 0);
    CHECK(r.writes_c_words == 12);
    CHECK(r.a_bytes_metadata == (dataflow == Dataflow::csOS ? 8 : 0));
  }
}

TEST_CASE("array model: what must hold for every problem") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    for_random_problem(seed, Limits{}, [](const auto& p) {
      const Report r = expected_report(p);
      INFO(describe(p));
      CHECK(r.cycles == r.cycles_preload + r.cycles_stream + r.cycles_drain + r.cycles_stall);
      CHECK(r.elements_skipped >= 0);
      CHECK(r.cycles_stall >= 0);
      CHECK(r.macs_issued <= r.macs_dense);
      CHECK(r.macs_issued >= r.macs_useful);
      CHECK(r.writes_c_words >= r.m * r.n);
      if (!septet::is_sparse(r.dataflow) && p.options.alpha != 0) CHECK(r.macs_issued == r.macs_dense);
      if (r.dataflow == Dataflow::csOS) CHECK(r.macs_issued == r.macs_useful);
    });
  }
}

TEST_CASE("reference: chained float dOS is a plain loop of fmaf") {
  Rng rng(7);
  const Index m = 13, n = 11, k = 29;
  Storage<float> a(m, k), b(k, n), got(m, n), want(m, n);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      float acc = 0;
      for (Index l = 0; l < k; ++l) acc = fmaf(a(i, l), b(l, j), acc);
      want(i, j) = acc;
    }
  }
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  reference_gemm(a.view(), b.view(), got.view(), options);
  const Difference d = compare_bits(got.view(), want.view());
  CHECK_MESSAGE(d.equal, d.text);

  options.mac = septet::Mac::unfused;
  reference_gemm(a.view(), b.view(), got.view(), options);
  CHECK_FALSE(compare_bits(got.view(), want.view()).equal);
  options.mac = septet::Mac::fused;
  options.dataflow = Dataflow::dWS;
  options.accumulate = Accumulate::fold_then_add;
  options.fold_depth = 5;
  reference_gemm(a.view(), b.view(), got.view(), options);
  CHECK_FALSE(compare_bits(got.view(), want.view()).equal);
}

TEST_CASE("reference: orders by hand") {
  const Pattern a = drawn({"x....x.", "..x....", "......x", "...x..."});
  GemmOptions options;
  options.array = {2, 3};
  options.accumulate = Accumulate::fold_then_add;
  CHECK(order_text(a, 0, Dataflow::dWS, options) == "0 1|2 3|4 5|6|");
  CHECK(order_text(a, 0, Dataflow::sWS, options) == "0 2|5 6|");  // rows 0 … 2
  CHECK(order_text(a, 3, Dataflow::sWS, options) == "3|");
  CHECK(order_text(a, 0, Dataflow::sIS, options) == "0 1|4 5|");
  CHECK(order_text(a, 2, Dataflow::sIS, options) == "6|");
  options.fold_depth = 3;
  CHECK(order_text(a, 1, Dataflow::dIS, options) == "0 1 2|3 4 5|6|");
  CHECK(order_text(a, 1, Dataflow::sIS, options) == "0 1 2|");
  CHECK(order_text(a, 1, Dataflow::sWS, options) == "0 2 5|6|");
  options.accumulate = Accumulate::chained;  // the depth is the array's again
  CHECK(order_text(a, 1, Dataflow::sIS, options) == "2 3|");
  CHECK(order_text(a, 1, Dataflow::sOS, options) == "0 2|5|");  // rows 0, 1

  const Pattern b = drawn({"xx.x.", "x.x..", "...xx"});
  options.array = {3, 1};
  options.combine = {2, CombinePolicy::first_fit, 4};  // steps {0, 4}, {1, 2}, {3}
  CHECK(order_text(b, 0, Dataflow::csOS, options) == "0 1 3 ");
  CHECK(order_text(b, 2, Dataflow::csOS, options) == "4 3 ");
  options.combine.policy = CombinePolicy::in_order;
  CHECK(order_text(b, 2, Dataflow::csOS, options) == "3 4 ");
}

TEST_CASE("reference: signs of zeros tell skipped from injected") {
  // C starts from -0. A MAC with +0 (or -0 times a negative) turns it into +0, skipping keeps it.
  Storage<float> a(2, 2), b(2, 1), c(2, 1);
  a(0, 0) = -0.0f, a(0, 1) = 0.0f, a(1, 0) = 1e-30f, a(1, 1) = 0.0f;
  b(0, 0) = -1e-30f, b(1, 0) = 1.0f;
  const auto run = [&](Dataflow dataflow, septet::ArrayShape array) {
    GemmOptions options;
    options.dataflow = dataflow;
    options.array = array;
    options.beta = 1;
    c(0, 0) = c(1, 0) = -0.0f;
    reference_gemm(a.view(), b.view(), c.view(), options);
    return std::string(std::signbit(c(0, 0)) ? "-" : "+") + (std::signbit(c(1, 0)) ? "-" : "+");
  };
  CHECK(run(Dataflow::dOS, {2, 1}) == "++");
  CHECK(run(Dataflow::csOS, {2, 1}) == "--");
  CHECK(run(Dataflow::sOS, {1, 1}) == "--");  // row 0 has nothing live; row 1 underflows to -0
  CHECK(run(Dataflow::sOS, {2, 1}) == "--");  // row 0: +0 * -1e-30 = -0 is injected at k = 0
  CHECK(run(Dataflow::sIS, {2, 1}) == "-+");  // row 1 also streams k = 1: 0 * 1 = +0
}

TEST_CASE("reference: the first fold is added like every other") {
  // Preload 2^24: 1 + 1 summed apart survives, one after the other is lost.
  Storage<float> a(1, 2), b(2, 1), c(1, 1);
  a(0, 0) = a(0, 1) = b(0, 0) = b(1, 0) = 1;
  GemmOptions options;
  options.dataflow = Dataflow::dWS;
  options.array = {2, 1};
  options.beta = 1;
  c(0, 0) = 16777216.0f;
  reference_gemm(a.view(), b.view(), c.view(), options);
  CHECK(c(0, 0) == 16777216.0f);
  options.accumulate = Accumulate::fold_then_add;
  reference_gemm(a.view(), b.view(), c.view(), options);
  CHECK(c(0, 0) == 16777218.0f);
  options.fold_depth = 1;
  reference_gemm(a.view(), b.view(), c.view(), options);
  CHECK(c(0, 0) == 16777220.0f);  // 16777218 + 1 is a tie to even, twice: 16777220, 16777220
}

TEST_CASE("reference: alpha, beta and preload") {
  Storage<double> a(1, 1), b(1, 1), c(1, 1), preload(1, 1);
  a(0, 0) = 3, b(0, 0) = 5, preload(0, 0) = 100;
  GemmOptions options;
  const auto run = [&](double alpha, double beta) {
    options.alpha = alpha, options.beta = beta;
    c(0, 0) = beta == 0 ? std::nan("") : 7;
    reference_gemm(a.view(), b.view(), c.view(), options);
    return c(0, 0);
  };
  CHECK(run(1, 0) == 15);
  CHECK(run(1, 2) == 29);
  CHECK(run(-2, 0) == -30);
  CHECK(run(-2, 3) == -9);
  options.preload = preload.view();
  CHECK(run(1, 0) == 115);
  options.preload = {};
  a(0, 0) = std::nan("");
  CHECK(run(0, 2) == 14);  // A is not read
}

TEST_CASE("reference: integers wrap, zero points are subtracted") {
  Storage<std::int8_t> a(1, 2);
  Storage<std::uint8_t> b(2, 1);
  Storage<std::int32_t> c(1, 1);
  a(0, 0) = -128, a(0, 1) = 5, b(0, 0) = 255, b(1, 0) = 9;
  GemmOptions options;
  options.a_zero_point = 5;
  options.b_zero_point = 1;
  for (const Dataflow dataflow : kAll) {
    options.dataflow = dataflow;
    options.alpha = 1, options.beta = 0;
    reference_gemm(a.view(), b.view(), c.view(), options);
    CHECK(c(0, 0) == -133 * 254);
    options.alpha = 2147483647, options.beta = -2147483648.0;
    c(0, 0) = 3;
    reference_gemm(a.view(), b.view(), c.view(), options);  // (2^31 - 1) (-33782) + 2^31 = 33782 + 2^31, mod 2^32
    CHECK(c(0, 0) == std::numeric_limits<std::int32_t>::min() + 33782);
  }
}

TEST_CASE("reference: all chained dataflows agree up to the sign of zero; padding stays") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Limits limits;
    limits.accumulate = Accumulate::chained;
    for_random_problem(seed, limits, [](auto& p) {
      p.options.combine.policy = CombinePolicy::in_order;
      p.options.dataflow = Dataflow::dOS;
      const auto want = expected_c(p);
      for (const Dataflow dataflow : kAll) {
        p.options.dataflow = dataflow;
        const auto got = expected_c(p);
        CHECK(got.padding_intact());
        const Difference d = compare_up_to_zero_sign(got.view(), want.view());
        CHECK_MESSAGE(d.equal, d.text << " in " << describe(p));
      }
    });
  }
}
