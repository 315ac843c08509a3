// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of binary16 against MPFR, which rounds correctly: conversion, addition, multiplication, fused
// multiply-add, with subnormals and both ends of the range; the kernels of every target, the tests' own reference, and
// whole products.
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>
#include <mpfr.h>

namespace {

using namespace septet;
using namespace septet::support;

// A number of MPFR, and its arithmetic as binary16 has it. Inputs are exact; exponents are those of MPFR, whose
// significands lie in [1/2, 1).
class Half {
 public:
  Half() {
    mpfr_init2(result_, 11);
    for (auto& x : inputs_) mpfr_init2(x, 53);
  }
  ~Half() {
    mpfr_clear(result_);
    for (auto& x : inputs_) mpfr_clear(x);
  }
  Half(const Half&) = delete;
  Half& operator=(const Half&) = delete;

  float rounded(double x) {
    set(0, x);
    return result(mpfr_set(result_, inputs_[0], MPFR_RNDN));
  }
  float product(double x, double y) {
    set(0, x), set(1, y);
    return result(mpfr_mul(result_, inputs_[0], inputs_[1], MPFR_RNDN));
  }
  float sum(double x, double y) {
    set(0, x), set(1, y);
    return result(mpfr_add(result_, inputs_[0], inputs_[1], MPFR_RNDN));
  }
  float fused(double x, double y, double z) {
    set(0, x), set(1, y), set(2, z);
    return result(mpfr_fma(result_, inputs_[0], inputs_[1], inputs_[2], MPFR_RNDN));
  }

 private:
  void set(int i, double x) { mpfr_set_d(inputs_[i], x, MPFR_RNDN); }

  // What was rounded to 11 bits, with any exponent, in the range of binary16: 2^-24 … 65504.
  float result(int ternary) {
    const mpfr_exp_t low = mpfr_get_emin(), high = mpfr_get_emax();
    mpfr_set_emin(-23);
    mpfr_set_emax(16);
    ternary = mpfr_check_range(result_, ternary, MPFR_RNDN);
    mpfr_subnormalize(result_, ternary, MPFR_RNDN);
    mpfr_set_emin(low);
    mpfr_set_emax(high);
    return static_cast<float>(mpfr_get_d(result_, MPFR_RNDN));
  }

  mpfr_t result_;
  mpfr_t inputs_[3];
};

// What clamping and flushing leave of a binary16.
float finished(float x, const Accumulator& accumulator, bool flushes) {
  if (accumulator.overflow == Overflow::clamp && std::isinf(x)) x = std::copysign(65504.0f, x);
  return flushes && std::abs(x) < 0x1p-14f ? std::copysign(0.0f, x) : x;
}

float step(Half& half, float acc, float x, float y, const GemmOptions& o) {
  const auto finish = [&](float value) { return finished(value, o.accumulator, o.flush_subnormals); };
  if (o.mac == Mac::fused) return finish(half.fused(x, y, acc));
  return finish(half.sum(acc, finish(half.product(x, y))));
}

template <class T>
float operand_of(T x, const GemmOptions& o) {
  const float value = number(x);
  constexpr float kNormal = std::is_same_v<T, f16> ? 0x1p-14f : 0x1p-126f;
  return o.flush_subnormals && std::abs(value) < kNormal ? std::copysign(0.0f, value) : value;
}

bool same(float x, float y) {
  return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
}

// Every combination of the options that there is.
template <class F>
void for_each_option(F&& f) {
  for (const Mac mac : {Mac::fused, Mac::unfused}) {
    for (const Overflow overflow : {Overflow::wrap, Overflow::clamp}) {
      for (const bool flushes : {false, true}) {
        GemmOptions options;
        options.mac = mac, options.accumulator = {16, overflow}, options.flush_subnormals = flushes;
        INFO(name(mac) << " " << name(overflow) << " flush " << flushes);
        f(options);
      }
    }
  }
}

// Ends, ties and neighbours of an f16, or any.
f16 boundary(Rng& rng) {
  const int near = rng.pick({0x0001, 0x0002, 0x0003, 0x03fe, 0x03ff, 0x0400, 0x0401, 0x3bff, 0x3c00, 0x3c01, 0x67ff,
                             0x6800, 0x7bfe, 0x7bff, 0x7c00, 0x0000});
  const int bits = rng.chance(0.5) ? near : static_cast<int>(rng.below(0x7c01));
  return f16::from_bits(static_cast<std::uint16_t>(bits | (rng.chance(0.5) ? 0x8000 : 0)));
}
bf16 boundary_bf16(Rng& rng) {
  const int near = rng.pick({0x0001, 0x007f, 0x0080, 0x3880, 0x387f, 0x3b80, 0x477f, 0x4780, 0x7f7f, 0x7f80, 0x0000});
  const int around_1 = static_cast<int>(rng.between(0x3300, 0x4b00));  // 2^-25 … 2^23
  const int bits = rng.chance(0.3) ? near : rng.chance(0.7) ? around_1 : static_cast<int>(rng.below(0x7f81));
  return bf16::from_bits(static_cast<std::uint16_t>(bits | (rng.chance(0.5) ? 0x8000 : 0)));
}

std::vector<std::string> all_targets() {
  std::vector<std::string> names;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) names.emplace_back(*name);
  return names;
}

// acc + a * b for all a against these b and these acc, on every target, and by the reference.
template <class T>
void check_steps(const std::vector<T>& a, const std::vector<T>& b, const std::vector<f16>& start) {
  Half half;
  const Index m = static_cast<Index>(a.size()), n = static_cast<Index>(b.size());
  std::vector<float> wide;
  for (const f16 x : start) wide.push_back(number(x));
  for_each_option([&](GemmOptions options) {
    options.preload = {wide.data(), Type::f32, m, n, 0, 1};
    std::vector<float> want(static_cast<std::size_t>(m * n));
    Index wrong = 0;
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        const float x = operand_of(a[i], options), y = operand_of(b[j], options);
        const float acc = finished(wide[j], options.accumulator, options.flush_subnormals);
        const float exact = want[i * n + j] = step(half, acc, x, y, options);
        const float mine = narrow_mac(acc, x, y, options);
        if (!same(mine, exact) && wrong++ < 3) {
          FAIL_CHECK("reference: " << x << " * " << y << " + " << acc << " = " << mine << ", not " << exact);
        }
      }
    }
    for (const std::string& target : all_targets()) {
      REQUIRE(set_target(target.c_str()).ok());
      std::vector<float> c(want.size());
      gemm(row_major(a.data(), m, 1), row_major(b.data(), 1, n), row_major(c.data(), m, n), options);
      wrong = 0;
      for (Index i = 0; i < m * n; ++i) {
        if (!same(c[i], want[i]) && wrong++ < 3) {
          FAIL_CHECK(target << ": " << number(a[i / n]) << " * " << number(b[i % n]) << " + " << wide[i % n] << " = "
                            << c[i] << ", not " << want[i]);
        }
      }
      CHECK(wrong == 0);
    }
    REQUIRE(set_target(nullptr).ok());
  });
}

// A whole product, in MPFR, with the folds and the totals.
template <class T>
void check_product(std::uint64_t seed, T (*draw)(Rng&)) {
  Rng rng(seed);
  Half half;
  const Index m = rng.between(1, 7), n = rng.between(1, 20), k = rng.between(1, 40);
  std::vector<T> a, b;
  for (Index i = 0; i < m * k; ++i) a.push_back(draw(rng));
  for (Index i = 0; i < k * n; ++i) b.push_back(draw(rng));
  for_each_option([&](GemmOptions options) {
    const bool folds = rng.chance(0.5);
    if (folds) {
      options.accumulate = Accumulate::fold_then_add, options.fold_depth = rng.between(1, 9);
      options.fold_accumulator = {16, rng.pick({Overflow::wrap, Overflow::clamp})};
    }
    std::vector<float> want;
    for (Index i = 0; i < m * n; ++i) {
      float total = 0, sum = 0;
      for (Index s = 0; s < k; ++s) {
        sum = step(half, sum, operand_of(a[i / n * k + s], options), operand_of(b[s * n + i % n], options), options);
        if (!folds || ((s + 1) % options.fold_depth != 0 && s + 1 != k)) continue;
        total = finished(half.sum(total, sum), options.fold_accumulator, options.flush_subnormals);
        sum = 0;
      }
      want.push_back(folds ? total : sum);
    }
    for (const std::string& target : all_targets()) {
      REQUIRE(set_target(target.c_str()).ok());
      std::vector<float> c(want.size());
      gemm(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(c.data(), m, n), options);
      INFO("seed " << seed << " on " << target);
      for (Index i = 0; i < m * n; ++i) {
        if (!same(c[i], want[i])) FAIL_CHECK("element " << i << " is " << c[i] << ", not " << want[i]);
      }
    }
    REQUIRE(set_target(nullptr).ok());
  });
}

}  // namespace

TEST_CASE("rounding f32 to f16: a sample of all floats, and all beside ties") {
  Half half;
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += static_cast<std::uint64_t>(4369 / effort())) {
    float value;
    const auto low = static_cast<std::uint32_t>(bits);
    std::memcpy(&value, &low, sizeof value);
    values.push_back(value);
  }
  for (int bits = 0; bits < 0x7c00; ++bits) {
    const double here = value_of_bits<f16>(bits), tie = (here + value_of_bits<f16>(bits + 1)) / 2;
    for (const double x : {here, tie}) {
      const auto middle = static_cast<float>(x);
      for (const float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) {
        values.push_back(value);
        values.push_back(-value);
      }
    }
  }
  // As a start, which nothing is added to.
  const Index count = static_cast<Index>(values.size());
  const f16 nothing = f16::from_bits(0);
  for (const Overflow overflow : {Overflow::wrap, Overflow::clamp}) {
    GemmOptions options;
    options.accumulator = {16, overflow};
    options.preload = {values.data(), Type::f32, count, 1, 1, 1};
    std::vector<float> c(values.size());
    gemm(row_major(&nothing, count, 0), row_major(&nothing, 0, 1), row_major(c.data(), count, 1), options);
    Index wrong = 0;
    for (Index i = 0; i < count; ++i) {
      const float want = finished(half.rounded(values[i]), options.accumulator, false);
      if (!same(c[i], want) && wrong++ < 3) FAIL_CHECK(values[i] << " became " << c[i] << ", not " << want);
      if (!same(to_half({values[i]}, overflow), want) && wrong++ < 3) FAIL_CHECK("reference: " << values[i]);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("f16: every number times and plus some") {
  Rng rng(1);
  std::vector<f16> all, b, start;
  for (int bits = 0; bits < 0x10000; bits += static_cast<int>(3 / std::min(effort(), 3.0))) {
    all.push_back(f16::from_bits(static_cast<std::uint16_t>(bits)));
  }
  for (int j = 0; j < 9; ++j) b.push_back(boundary(rng)), start.push_back(boundary(rng));
  b[0] = f16::from_bits(0x3c00), b[1] = f16::from_bits(0xbc00);     // 1 and -1: sums alone
  start[2] = f16::from_bits(0), start[3] = f16::from_bits(0x8000);  // 0 and -0: products alone
  check_steps(all, b, start);
}

TEST_CASE("f16 and bf16: ends, ties and their neighbours") {
  for (std::uint64_t seed = 0; seed < static_cast<std::uint64_t>(problem_count(6)); ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<f16> a, b, start;
    std::vector<bf16> x, y;
    for (int i = 0; i < 500; ++i) a.push_back(boundary(rng)), x.push_back(boundary_bf16(rng));
    for (int j = 0; j < 37; ++j) {
      b.push_back(boundary(rng)), y.push_back(boundary_bf16(rng)), start.push_back(boundary(rng));
    }
    check_steps(a, b, start);
    check_steps(x, y, start);
  }
}

TEST_CASE("whole products") {
  const auto f16_near_1 = [](Rng& rng) { return random_value<f16>(rng, ValueKind::halves); };
  const auto bf16_near_1 = [](Rng& rng) { return random_value<bf16>(rng, ValueKind::halves); };
  const auto mixed = [](Rng& rng) { return random_value<f16>(rng, ValueKind::mixed); };
  for (int i = 0; i < problem_count(40); ++i) {
    const std::uint64_t seed = 100 + static_cast<std::uint64_t>(i);
    check_product<f16>(seed, f16_near_1);
    check_product<bf16>(seed, bf16_near_1);
    check_product<f16>(seed, mixed);
    check_product<f16>(seed, boundary);
  }
}
