// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every named rounding at ties and extremes against exact 128-bit arithmetic, on every target and in whole products.
#include "reference.hpp"
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::support;

constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min(), kMax = std::numeric_limits<std::int32_t>::max();
constexpr Rounding kRoundings[] = {Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_away,
                                   Rounding::truncate,        Rounding::floor,          Rounding::fp32_nearest_even,
                                   Rounding::single_half_even};

// Sums near ties: multiples of half a unit, one beside, the ends, anything.
std::int32_t random_sum(Rng& rng) {
  const Index tie = rng.between(-600, 600) * (Index{1} << rng.below(24));
  const Index any = rng.between(kMin, kMax);
  const Index end = rng.pick<Index>({kMin, kMin + 1, kMax, kMax - 1, 0, 1, -1, 1 << 30, -(1 << 30)});
  const Index near = tie + rng.between(-1, 1);
  return static_cast<std::int32_t>(
      std::clamp<Index>(rng.pick({tie, near, any, end, rng.between(-40, 40)}), kMin, kMax));
}

std::int32_t random_multiplier(Rng& rng) {
  return static_cast<std::int32_t>(rng.pick<Index>({Index{1} << 30, kMax, kMin, 0, 1, -1, Index{3} << 29,
                                                    rng.between(Index{1} << 30, kMax), rng.between(kMin, kMax)}));
}

template <class T>
Storage<T> operand(Rng& rng, Index m, Index n) {
  return Storage<T>(m, n, rng.pick({Layout::per_row, Layout::per_col, Layout::row_padded, Layout::column_major}), rng);
}

// k = 0: the sums are the preload, whatever they are.
template <class TC>
void run_case(Rng& rng, Rounding rounding) {
  const Index m = rng.between(1, 20), n = rng.pick<Index>({1, 3, 8, 16, 17, 40, 300});
  const std::int8_t nothing = 0;
  auto sums = Storage<std::int32_t>(m, n), multiplier = operand<std::int32_t>(rng, m, n),
       shift = operand<std::int32_t>(rng, m, n);
  auto scale = operand<float>(rng, m, n);
  Storage<TC> c(m, n, random_layout(rng), rng);
  const bool network = rng.chance(0.5);  // shifts as networks have them, else any
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      sums(i, j) = random_sum(rng);
      multiplier(i, j) = random_multiplier(rng);
      shift(i, j) = static_cast<std::int32_t>(network ? rng.between(-12, 1) : rng.between(-31, 30));
      scale(i, j) = rng.pick({0.5f, 0.25f, 0x1p-7f, -0.125f, 0.f, random_float<float>(rng, -30, 2),
                              std::numeric_limits<float>::max(), random_float<float>(rng, -149, 100)});
    }
  }
  GemmOptions options;
  options.preload = sums.view();
  Requantise& r = options.epilogue.requantise;
  if (rounding == Rounding::fp32_nearest_even) {
    r.scale = scale.view();
  } else if (rng.chance(0.2)) {
    const std::int32_t& one = multiplier(0, 0);
    r.multiplier = per_tensor(&one, m, n);
    r.shift = per_tensor(&shift(0, 0), m, n);
  } else {
    r.multiplier = multiplier.view();
    if (rng.chance(0.9)) r.shift = shift.view();
  }
  constexpr int low = std::numeric_limits<TC>::min(), high = std::numeric_limits<TC>::max();
  r.rounding = rounding;
  r.zero_point = static_cast<int>(rng.pick<Index>({0, low, high, rng.between(low, high)}));
  r.overflow = rng.pick({Overflow::clamp, Overflow::wrap});
  if (r.overflow == Overflow::clamp && rng.chance(0.3)) {
    r.low = static_cast<int>(rng.between(low, high));
    r.high = static_cast<int>(rng.between(r.low, high));
  }
  const auto check = [&](const std::string& what) {
    CHECK(c.padding_intact());
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        const Index want = reference_requantise(sums(i, j), r, i, j, type_of<TC>());
        if (c(i, j) == want) continue;
        FAIL_CHECK(what << " rounding " << static_cast<int>(rounding) << ": " << sums(i, j) << " * " << multiplier(i, j)
                        << " shift " << shift(i, j) << " scale " << scale(i, j) << " became " << int{c(i, j)}
                        << ", not " << want);
      }
    }
  };
  const auto a = row_major(&nothing, m, 0), b = row_major(&nothing, 0, n);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    options.threads = rng.pick({1, 2, 7});
    gemm(a, b, c.view(), options);
    check(*target);
  }
  emulation::emulate(a, b, c.view(), options);
  check("emulator");
}

// One requantised sum.
int one(std::int32_t sum, std::int32_t multiplier, std::int32_t shift, Rounding rounding) {
  const std::int8_t nothing = 0;
  std::int8_t c = 99;
  GemmOptions options;
  options.preload = row_major(&sum, 1, 1);
  options.epilogue.requantise.multiplier = row_major(&multiplier, 1, 1);
  options.epilogue.requantise.shift = row_major(&shift, 1, 1);
  options.epilogue.requantise.rounding = rounding;
  gemm(row_major(&nothing, 1, 0), row_major(&nothing, 0, 1), row_major(&c, 1, 1), options);
  return c;
}

}  // namespace

TEST_CASE("the named roundings, by hand") {
  constexpr std::int32_t kHalf = 1 << 30;  // times 1/2
  const struct {
    std::int32_t sum;
    int gemmlowp, half_up, half_away, half_even, truncate, floor;
  } cases[] = {{3, 2, 2, 2, 2, 1, 1},
               {-3, -1, -1, -2, -2, -1, -2},
               {1, 1, 1, 1, 0, 0, 0},
               {-1, 0, 0, -1, 0, 0, -1},
               {4, 2, 2, 2, 2, 2, 2}};
  for (const auto& c : cases) {
    CAPTURE(c.sum);
    CHECK(one(c.sum, kHalf, 0, Rounding::gemmlowp_double) == c.gemmlowp);
    CHECK(one(c.sum, kHalf, 0, Rounding::single_half_up) == c.half_up);
    CHECK(one(c.sum, kHalf, 0, Rounding::single_half_away) == c.half_away);
    CHECK(one(c.sum, kHalf, 0, Rounding::single_half_even) == c.half_even);
    CHECK(one(c.sum, kHalf, 0, Rounding::truncate) == c.truncate);
    CHECK(one(c.sum, kHalf, 0, Rounding::floor) == c.floor);
  }
  // 11 / 8 * 1/2 ... two roundings against one: 5 * 1/2 = 2.5 -> 3 -> 1.5 -> 2, but 5 / 4 = 1.25 -> 1.
  CHECK(one(5, kHalf, -1, Rounding::gemmlowp_double) == 2);
  CHECK(one(5, kHalf, -1, Rounding::single_half_up) == 1);
  // gemmlowp's second rounding: ties away from 0.
  CHECK(one(-6, kHalf, -1, Rounding::gemmlowp_double) == -2);
  CHECK(one(-6, kHalf, -1, Rounding::single_half_up) == -1);
  // Saturation of the doubling high multiplication.
  CHECK(one(kMin, kMin, -31, Rounding::gemmlowp_double) == 1);
}

TEST_CASE("random sums, multipliers and shifts under every rounding") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    for (const Rounding rounding : kRoundings) {
      run_case<std::int8_t>(rng, rounding);
      run_case<std::uint8_t>(rng, rounding);
      run_case<std::int16_t>(rng, rounding);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("a quantised layer: zero points, bias, relu, requantisation in one product") {
  Rng rng(5);
  for (int round = 0; round < 30; ++round) {
    const Index m = rng.between(1, 40), n = rng.between(1, 70), k = rng.between(1, 50);
    Storage<std::int8_t> a(m, k), b(k, n);
    fill_random(rng, a.view(), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
    std::vector<std::int32_t> bias(m), multiplier(m), shift(m);
    for (Index i = 0; i < m; ++i) {
      bias[i] = static_cast<std::int32_t>(rng.between(-5000, 5000));
      multiplier[i] = static_cast<std::int32_t>(rng.between(1 << 30, kMax));
      shift[i] = static_cast<std::int32_t>(rng.between(-11, -6));
    }
    GemmOptions options;
    options.b_zero_point = static_cast<int>(rng.between(-128, 127));
    Storage<std::int32_t> sums(m, n);
    reference_gemm(a.view(), b.view(), sums.view(), options);
    Epilogue& e = options.epilogue;
    e.bias = per_row(bias.data(), m, n);
    e.activation = rng.pick({Activation::none, Activation::relu});
    e.requantise.multiplier = per_row(multiplier.data(), m, n);
    e.requantise.shift = per_row(shift.data(), m, n);
    e.requantise.zero_point = static_cast<int>(rng.between(-128, 127));
    Storage<std::int8_t> want(m, n), c(m, n, random_layout(rng), rng);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        const std::int32_t sum = exact_activation(reference_steps(sums(i, j), e, i, j), e.activation);
        want(i, j) = static_cast<std::int8_t>(reference_requantise(sum, e.requantise, i, j, Type::s8));
      }
    }
    for (int d = 0; d < 8; ++d) {
      options.dataflow = static_cast<Dataflow>(d);
      gemm(a.view(), b.view(), c.view(), options);
      CHECK(compare_bits(c.view(), want.view()).equal);
    }
    emulation::emulate(a.view(), b.view(), c.view(), options);
    CHECK(compare_bits(c.view(), want.view()).equal);
    CHECK(c.padding_intact());
  }
}
