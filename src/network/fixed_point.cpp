// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "fixed_point.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::network {
namespace {

constexpr std::int32_t kOne = std::numeric_limits<std::int32_t>::max();  // as near to 1 as a fraction gets

// e^x - of a fraction in [-1/4, 0): Taylor's series of degree 4 at -1/8.
std::int32_t exp_of_quarter(std::int32_t a) {
  constexpr std::int32_t kExpOfCentre = 1895147668;  // e^(-1/8)
  constexpr std::int32_t kThird = 715827883;
  const std::int32_t x = a + (1 << 28);
  const std::int32_t x2 = fraction_product(x, x);
  const std::int32_t x3 = fraction_product(x2, x);
  const std::int32_t x4 = fraction_product(x2, x2);
  const std::int32_t tail = fraction_product(divided_by_power_of_two(x4, 2) + x3, kThird) + x2;  // x4/12 + x3/3 + x2
  return kExpOfCentre + fraction_product(kExpOfCentre, x + divided_by_power_of_two(tail, 1));
}

// x * 2^exponent, saturating.
std::int32_t saturating_shift(std::int32_t x, int exponent) {
  const std::int64_t shifted = std::int64_t{x} * (std::int64_t{1} << exponent);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(shifted, std::numeric_limits<std::int32_t>::min(), kOne));
}

}  // namespace

std::int32_t fraction_exp(std::int32_t x) {
  constexpr int kFractionalBits = 26;
  constexpr std::int32_t kQuarter = 1 << (kFractionalBits - 2);
  // e^-(2^i), i = -2 … 4: one factor for every bit of what is left beside the quarter.
  constexpr std::int32_t kExpOfPower[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (x == 0) return kOne;
  const std::int32_t in_quarter = (x & (kQuarter - 1)) - kQuarter;  // in [-1/4, 0)
  const std::int32_t rest = in_quarter - x;
  std::int32_t result = exp_of_quarter(saturating_shift(in_quarter, 31 - kFractionalBits));
  for (int i = 0; i < 7; ++i) {
    if ((rest & (kQuarter << i)) != 0) result = fraction_product(result, kExpOfPower[i]);
  }
  return result;
}

// Newton's iteration for the reciprocal of d = (1 + x) / 2, in units of 2^-29; its start is the line 48/17 - 32/17 d.
std::int32_t fraction_of_one_plus(std::int32_t x) {
  constexpr std::int32_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540, kUnit = 1 << 29;
  const auto half = static_cast<std::int32_t>((std::int64_t{x} + kOne + 1) / 2);  // RoundingHalfSum()
  std::int32_t reciprocal = k48Over17 + fraction_product(half, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const std::int32_t missing = kUnit - fraction_product(half, reciprocal);
    reciprocal += saturating_shift(fraction_product(reciprocal, missing), 2);
  }
  return saturating_shift(reciprocal, 1);  // 1 / (2 d), in units of 2^-31
}

}  // namespace septet::network
