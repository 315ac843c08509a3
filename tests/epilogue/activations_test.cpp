// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// gelu, sigmoid and tanh: their error against wider arithmetic, and the same bits on every target.
//
//   build/tests/epilogue_test --no-skip -tc='every float'      all 2^32 of them, some minutes
#include "kernels/dispatch.hpp"
#include "reference.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace {

using namespace septet;
using namespace septet::support;

constexpr Activation kSmooth[] = {Activation::gelu, Activation::sigmoid, Activation::tanh};

void activate(const std::vector<float>& x, std::vector<float>& y, Activation activation) {
  kernels::FinishCall<float> call;
  call.sums = x.data(), call.out = y.data(), call.count = static_cast<Index>(x.size()), call.activation = activation;
  kernels::epilogue_kernels().finish_f32(call);
}

void activate(const std::vector<double>& x, std::vector<double>& y, Activation activation) {
  kernels::FinishCall<double> call;
  call.sums = x.data(), call.out = y.data(), call.count = static_cast<Index>(x.size()), call.activation = activation;
  kernels::epilogue_kernels().finish_f64(call);
}

float float_of(std::uint64_t bits) {
  const auto low = static_cast<std::uint32_t>(bits);
  float x = 0;
  std::memcpy(&x, &low, sizeof x);
  return x;
}

// Every `step`-th float against the f64 kernel, which the other test holds against long double: f32's error in ulp.
double worst_error(Activation activation, std::uint64_t step) {
  constexpr std::size_t kBatch = 1 << 14;
  std::vector<float> x(kBatch), y(kBatch);
  std::vector<double> wide(kBatch), want(kBatch);
  double worst = 0;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += step * kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) wide[i] = x[i] = float_of(bits + i * step);
    activate(x, y, activation);
    activate(wide, want, activation);
    for (std::size_t i = 0; i < kBatch; ++i) {
      if (y[i] == static_cast<float>(want[i])) {
        if (std::fabs(y[i] - want[i]) == 0 || std::isinf(y[i])) continue;
      } else if (y[i] != y[i] && x[i] != x[i]) {
        continue;
      }
      int exponent = 0;
      std::frexp(want[i], &exponent);
      const double error = std::fabs(y[i] - want[i]) / std::ldexp(1.0, std::max(exponent - 24, -149));
      if (!(error <= worst)) worst = error;  // also a NaN
    }
  }
  return worst;
}

// Arguments where something happens, of any magnitude.
std::vector<double> arguments(Rng& rng, std::size_t count) {
  std::vector<double> x;
  while (x.size() < count) {
    const double u = rng.unit();
    x.push_back(rng.pick({u - 0.5, 12 * u - 6, 80 * u - 40, 1500 * u - 750, random_float<double>(rng, -1074, 1023),
                          -37.0 - 2 * u, std::ldexp(u, -1060)}));
  }
  return x;
}

}  // namespace

TEST_CASE("f32: error over a sample of all floats") {
  const auto step = static_cast<std::uint64_t>(641 / std::min(effort(), 1.0)) | 1;
  for (const Activation activation : kSmooth) {
    CAPTURE(static_cast<int>(activation));
    CHECK(worst_error(activation, step) < 0.51);
  }
}

TEST_CASE("every float" * doctest::skip()) {
  for (const Activation activation : kSmooth) {
    const double worst = worst_error(activation, 1);
    MESSAGE("activation " << static_cast<int>(activation) << ": at most " << worst << " ulp");
    CHECK(worst < 0.51);
  }
}

TEST_CASE("f64: error over random arguments") {
  Rng rng(11);
  const std::vector<double> x = arguments(rng, static_cast<std::size_t>(problem_count(300000)));
  std::vector<double> y(x.size());
  for (const Activation activation : kSmooth) {
    activate(x, y, activation);
    long double worst = 0;
    double at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double error = ulp_error(y[i], long_activation(x[i], activation));
      if (error > worst) worst = error, at = x[i];
    }
    INFO("activation " << static_cast<int>(activation) << ": " << static_cast<double>(worst) << " ulp at " << at);
    CHECK(worst < (activation == Activation::gelu ? 4 : 3));
  }
}

// e^x, x <= 0, of softmax.
TEST_CASE("exp: error over floats, ends, the same bits on every target") {
  std::vector<float> x{0, -0.0f, -1, -87.5f, -103.97f, -103.98f, -110, -1e30f, -HUGE_VALF, NAN};
  const auto step = static_cast<std::uint32_t>(6007 / std::min(effort(), 1.0));
  for (std::uint64_t bits = 0x80000000u; bits < 0xff800000u; bits += step) x.push_back(float_of(bits));
  std::vector<float> want = x;
  REQUIRE(set_target("portable").ok());
  kernels::epilogue_kernels().exp_f32(want.data(), static_cast<Index>(want.size()));
  CHECK(want[0] == 1);
  CHECK(want[1] == 1);
  CHECK(want[9] != want[9]);
  CHECK(want[4] == std::numeric_limits<float>::denorm_min());
  CHECK(want[5] == 0);
  CHECK(want[8] == 0);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != x[i]) continue;
    const long double real = std::exp(static_cast<long double>(x[i]));
    int exponent = 0;
    std::frexp(real, &exponent);
    const long double ulp = std::ldexp(1.0L, std::max(exponent - 24, -149));
    worst = std::max(worst, static_cast<double>(std::fabs(want[i] - real) / ulp));
  }
  INFO(worst << " ulp");
  CHECK(worst < 0.51);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    std::vector<float> got = x;
    kernels::epilogue_kernels().exp_f32(got.data(), static_cast<Index>(got.size()));
    INFO(std::string(*target));
    CHECK(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)) == 0);
    for (std::size_t i = 0; i + 20 < x.size(); i += 1009) {
      std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(i),
                              x.begin() + static_cast<std::ptrdiff_t>(i + i % 20));
      kernels::epilogue_kernels().exp_f32(part.data(), static_cast<Index>(part.size()));
      CHECK(std::memcmp(part.data(), want.data() + i, part.size() * sizeof(float)) == 0);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("the same bits on every target, wherever in a vector") {
  Rng rng(12);
  const std::vector<double> x = arguments(rng, static_cast<std::size_t>(problem_count(20011)));
  std::vector<float> narrow(x.begin(), x.end());
  for (const Activation activation : kSmooth) {
    std::vector<double> want(x.size()), got(x.size());
    std::vector<float> narrow_want(x.size()), narrow_got(x.size());
    REQUIRE(set_target("portable").ok());
    activate(x, want, activation);
    activate(narrow, narrow_want, activation);
    for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
      REQUIRE(set_target(*target).ok());
      INFO(std::string(*target) << " activation " << static_cast<int>(activation));
      activate(x, got, activation);
      activate(narrow, narrow_got, activation);
      CHECK(std::memcmp(got.data(), want.data(), got.size() * sizeof(double)) == 0);
      CHECK(std::memcmp(narrow_got.data(), narrow_want.data(), got.size() * sizeof(float)) == 0);
      for (Index i = 0; i + 20 < static_cast<Index>(x.size()); i += 97) {
        const Index count = rng.between(1, 20);
        std::vector<float> part(narrow.begin() + i, narrow.begin() + i + count), part_got(part.size());
        activate(part, part_got, activation);
        CHECK(std::memcmp(part_got.data(), narrow_want.data() + i, part.size() * sizeof(float)) == 0);
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}
