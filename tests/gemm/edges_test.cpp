// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a GEMM must not read, and what it must do when there is little or nothing to do.
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace {

using namespace septet;
using namespace septet::support;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<GemmOptions> all_dataflows() {
  std::vector<GemmOptions> list;
  for (int d = 0; d < 8; ++d) {
    GemmOptions options;
    options.dataflow = static_cast<Dataflow>(d);
    options.array = {4, 3};
    list.push_back(options);
  }
  return list;
}

// Runs the call on the CPU and on the emulated array, each on a copy of c.
template <class T, class A, class B, class Check>
void on_both(const A& a, const B& b, const std::vector<T>& c, Index m, Index n, const GemmOptions& options,
             Check check) {
  std::vector<T> kernel = c, emulated = c;
  gemm(a, b, row_major(kernel.data(), m, n), options);
  emulation::emulate(a, b, row_major(emulated.data(), m, n), options);
  INFO(name(options.dataflow));
  check(kernel);
  check(emulated);
}

}  // namespace

TEST_CASE("beta = 0 does not read C") {
  Rng rng(1);
  Storage<float> a(7, 9), b(9, 5), want(7, 5);
  fill_random(rng, a.view(), ValueKind::mixed, 0, 0.5);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (GemmOptions options : all_dataflows()) {
    for (const double alpha : {1.0, -0.5}) {
      options.alpha = alpha;
      for (Index i = 0; i < 35; ++i) want(i / 5, i % 5) = 0;
      reference_gemm(a.view(), b.view(), want.view(), options);
      on_both(a.view(), b.view(), std::vector<float>(35, kNaN), 7, 5, options,
              [&](std::vector<float>& c) { CHECK(compare_bits(row_major(c.data(), 7, 5), want.view()).text == ""); });
    }
  }
}

TEST_CASE("alpha = 0 reads neither A nor B") {
  const std::vector<float> a(6, kNaN), b(8, kNaN);
  for (GemmOptions options : all_dataflows()) {
    options.alpha = 0;
    options.beta = 3;
    const std::vector<float> old(12, 2);
    on_both(row_major(a.data(), 3, 2), row_major(b.data(), 2, 4), old, 3, 4, options,
            [](const std::vector<float>& c) { CHECK(c == std::vector<float>(12, 6)); });
    options.beta = 0;
    on_both(row_major(a.data(), 3, 2), row_major(b.data(), 2, 4), std::vector<float>(12, kNaN), 3, 4, options,
            [](const std::vector<float>& c) { CHECK(c == std::vector<float>(12, 0)); });
  }
}

TEST_CASE("alpha and beta count as they are after rounding to the type") {
  const std::vector<float> a{1, 2}, b{3, 4};
  GemmOptions options;
  options.alpha = 1 + 1e-12;  // 1 in f32: the preload starts the sum
  options.beta = 1e-60;       // 0 in f32: C is not read
  std::vector<float> c{kNaN};
  const auto report =
      emulation::emulate(row_major(a.data(), 1, 2), row_major(b.data(), 2, 1), row_major(c.data(), 1, 1), options);
  CHECK(c[0] == 11);
  CHECK(report.reads_c_words == 0);
  c[0] = kNaN;
  gemm(row_major(a.data(), 1, 2), row_major(b.data(), 2, 1), row_major(c.data(), 1, 1), options);
  CHECK(c[0] == 11);
}

TEST_CASE("empty dimensions are legal; k = 0 gives the preload") {
  for (GemmOptions options : all_dataflows()) {
    options.beta = 2;
    const float* none = nullptr;
    on_both(row_major(none, 2, 0), row_major(none, 0, 3), std::vector<float>(6, 1.5f), 2, 3, options,
            [](const std::vector<float>& c) { CHECK(c == std::vector<float>(6, 3.f)); });
    const std::vector<float> some(10, 1);
    gemm(row_major(none, 0, 5), row_major(some.data(), 5, 2), row_major(static_cast<float*>(nullptr), 0, 2), options);
    gemm(row_major(some.data(), 2, 5), row_major(none, 5, 0), row_major(static_cast<float*>(nullptr), 2, 0), options);
  }
}

TEST_CASE("every element of A may be zero") {
  const std::vector<std::int8_t> a(12, 5), b(20, 9);
  for (GemmOptions options : all_dataflows()) {
    options.a_zero_point = 5;
    options.beta = 1;
    on_both(row_major(a.data(), 3, 4), row_major(b.data(), 4, 5), std::vector<std::int32_t>(15, -7), 3, 5, options,
            [](const std::vector<std::int32_t>& c) { CHECK(c == std::vector<std::int32_t>(15, -7)); });
  }
}

namespace {

// x * y, k times, on top of 2 * 10^9, in a single output and in several.
template <class T>
void check_wrapping(Index k, int x, int y) {
  const auto want = static_cast<std::int32_t>(static_cast<std::uint32_t>(Index{x} * y * k + 2000000000));
  const Index m = 7, n = 35;
  const std::vector<T> a(m * k, static_cast<T>(x)), b(k * n, static_cast<T>(y));
  GemmOptions options;
  options.beta = 1;
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    INFO(std::string(*target) << " k " << k << ": " << x << " * " << y);
    std::int32_t c = 2000000000;
    gemm(row_major(a.data(), 1, k), row_major(b.data(), k, 1), row_major(&c, 1, 1), options);
    CHECK(c == want);
    if (k > 300) continue;
    std::vector<std::int32_t> several(m * n, 2000000000);
    gemm(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(several.data(), m, n), options);
    CHECK(several == std::vector<std::int32_t>(m * n, want));
  }
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("integer sums wrap modulo 2^32, at the extremes and for odd k") {
  for (const Index k : {1, 2, 3, 257, 65536, 65537}) {
    for (const auto& [x, y] : {std::pair{-128, -128}, {127, -128}, {127, 127}}) check_wrapping<std::int8_t>(k, x, y);
    // Pairs of (-2^15)^2 fill 32 bits by themselves.
    for (const auto& [x, y] : {std::pair{-32768, -32768}, {32767, -32768}, {32767, 32767}}) {
      check_wrapping<std::int16_t>(k, x, y);
    }
  }
}

TEST_CASE("a C of bf16 or f16: sums in f32, beta * C from C widened, rounded once") {
  // 1 + 8 * 2^-11 = 1 + 2^-8: four places of f16 above 1, but added one by one in f16 each would be a tie, and lost.
  // For bf16 the sum is a tie.
  std::vector<float> a_values(9, 1), b_values(9, 0x1p-11f);
  b_values[0] = 1;
  const auto check = [&](auto type, float plain, float doubled, float scaled) {
    using T = decltype(type);
    std::vector<T> a, b;
    for (const float value : a_values) a.emplace_back(value);
    for (const float value : b_values) b.emplace_back(value);
    for (GemmOptions options : all_dataflows()) {
      const auto product = [&](float old) {
        T kernel(old), emulated(old);
        gemm(row_major(a.data(), 1, 9), row_major(b.data(), 9, 1), row_major(&kernel, 1, 1), options);
        emulation::emulate(row_major(a.data(), 1, 9), row_major(b.data(), 9, 1), row_major(&emulated, 1, 1), options);
        CHECK(kernel.bits == emulated.bits);
        return static_cast<float>(kernel);
      };
      INFO(name(options.dataflow));
      CHECK(product(kNaN) == plain);  // beta = 0: not read
      options.beta = 2;
      CHECK(product(0.5f) == doubled);
      options.alpha = 0.5;
      CHECK(product(3) == scaled);
    }
  };
  check(f16(), 1 + 0x1p-8f, 2 + 0x1p-8f, 6.5f);
  check(bf16(), 1, 2, 6.5f);
}

TEST_CASE("folds deeper than k, however deep, are one fold") {
  const std::vector<float> a(12, 2), b(20, 3);
  GemmOptions options;
  options.accumulate = Accumulate::fold_then_add;
  for (const Dataflow dataflow : {Dataflow::dWS, Dataflow::dIS, Dataflow::sWS, Dataflow::sIS}) {
    for (const Index depth : {Index{4}, Index{5}, Index{1} << 40, std::numeric_limits<Index>::max()}) {
      options.dataflow = dataflow;
      options.fold_depth = depth;
      std::vector<float> c(15);
      gemm(row_major(a.data(), 3, 4), row_major(b.data(), 4, 5), row_major(c.data(), 3, 5), options);
      INFO(name(dataflow) << " " << depth);
      CHECK(c == std::vector<float>(15, 24));
    }
  }
}

TEST_CASE("infinities and NaN in B: skipped where the format skips, injected where it injects") {
  // Row 0 has a zero in column 1, which is live through row 1.
  const std::vector<float> a{1, 0, 0, 1, 1, 0}, b{1, std::numeric_limits<float>::infinity(), 1};
  GemmOptions options;
  options.array = {2, 2};
  std::vector<float> c(2);
  const auto product = [&](Dataflow dataflow) {
    options.dataflow = dataflow;
    gemm(row_major(a.data(), 2, 3), row_major(b.data(), 3, 1), row_major(c.data(), 2, 1), options);
    return std::isnan(c[0]);
  };
  CHECK(product(Dataflow::dOS));         // 0 * Inf
  CHECK(product(Dataflow::sOS));         // the zero is injected
  CHECK_FALSE(product(Dataflow::csOS));  // no weight, no MAC
  CHECK(c[0] == 1);
}

TEST_CASE("a sparse view under a dense dataflow is multiplied densely") {
  const float values[] = {2, 3, 4}, b[] = {1, 2, 3, 4, 5, 6};
  const std::int32_t offsets[] = {0, 2, 3}, indices[] = {0, 2, 1};
  for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) {
    float c[4] = {};
    GemmOptions options;
    options.dataflow = dataflow;
    gemm(csr(2, 3, offsets, indices, values), row_major(b, 3, 2), row_major(c, 2, 2), options);
    CHECK(c[0] == 2 * 1 + 3 * 5);
    CHECK(c[1] == 2 * 2 + 3 * 6);
    CHECK(c[2] == 4 * 3);
    CHECK(c[3] == 4 * 4);
  }
}

TEST_CASE("the stride of a single row or column means nothing") {
  constexpr Index kAny = std::numeric_limits<Index>::max();
  const float a[] = {1, 2, 3}, b[] = {4, 5, 6};
  float c = 0;
  gemm(ConstMatrix(a, Type::f32, 1, 3, kAny, 1), ConstMatrix(b, Type::f32, 3, 1, 1, kAny), row_major(&c, 1, 1));
  CHECK(c == 1 * 4 + 2 * 5 + 3 * 6);
}

TEST_CASE("what cannot be counted in bytes is not packed") {
  const std::int8_t byte = 1;
  PackedMatrix packed;
  CHECK(try_pack(ConstMatrix(&byte, Type::s8, Index{1} << 62, 1, 0, 0), {}, packed).cause() == Cause::bad_shape);
}

TEST_CASE("many empty products end at once") {
  float x = 0;
  gemm_batch(Index{1} << 50, row_major(&x, 0, 1), 0, row_major(&x, 1, 0), 0, row_major(&x, 0, 0), 0);
}

TEST_CASE("strict_nonfinite: stored zeros are skipped where B is not finite, on the CPU and on the array") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> a{1, 0, 0, 1, 1, 0}, b{1, kInf, 1};
  const auto a_view = row_major(a.data(), 2, 3);
  const auto b_view = row_major(b.data(), 3, 1);
  std::vector<float> c(2);
  const auto c_view = row_major(c.data(), 2, 1);
  GemmOptions options;
  options.array = {2, 2};
  options.strict_nonfinite = true;
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    options.dataflow = dataflow;
    INFO(name(dataflow));
    gemm(a_view, b_view, c_view, options);
    CHECK(c == std::vector<float>{1, kInf});
    std::fill(c.begin(), c.end(), -1.0f);
    emulation::emulate(a_view, b_view, c_view, options);
    CHECK(c == std::vector<float>{1, kInf});
  }
  PackOptions packing;
  packing.format = Format::bsr, packing.block = {2, 3};
  const PackedMatrix blocks = pack(a_view, packing);
  GemmOptions plain;
  gemm(blocks, b_view, c_view, plain);
  CHECK(std::isnan(c[0]));
  plain.strict_nonfinite = true;
  gemm(blocks, b_view, c_view, plain);
  CHECK(c == std::vector<float>{1, kInf});
  plain.dataflow = Dataflow::sWS, plain.accumulate = Accumulate::fold_then_add;
  CHECK(try_gemm(a_view, b_view, c_view, plain).argument() == "options.strict_nonfinite");
}
