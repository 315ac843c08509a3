// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of quantised operators (docs/network.md, section 1): numbers as a multiplier and a shift, and
// fractions of 32 bits. TensorFlow Lite's kernels/internal/quantization_util.cc and common.h, gemmlowp's
// fixedpoint/fixedpoint.h.
#pragma once

#include "kernels/requantise.hpp"
#include "septet/network/quantisation.hpp"

#include <algorithm>

namespace septet::network {

/// x * by, under gemmlowp's two roundings; by.shift at most 30 (MultiplyByQuantizedMultiplier()).
inline std::int32_t multiplied(std::int32_t x, const Multiplier& by) {
  return static_cast<std::int32_t>(
      kernels::rescaled<Rounding::gemmlowp_double>(x, by.multiplier, static_cast<std::int32_t>(by.shift)));
}

/// Fractions in units of 2^-31: a * b, ties up (SaturatingRoundingDoublingHighMul()).
inline std::int32_t fraction_product(std::int32_t a, std::int32_t b) { return multiplied(a, {b, 0}); }

/// x / 2^exponent, ties away from 0; exponent in [0, 31] (RoundingDivideByPOT()).
inline std::int32_t divided_by_power_of_two(std::int32_t x, int exponent) {
  const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0 ? 1 : 0) ? 1 : 0);
}

/// e^(x / 2^26), x <= 0, as a fraction (exp_on_negative_values() of 5 integer bits).
std::int32_t fraction_exp(std::int32_t x);

/// 1 / (1 + x) of a fraction x >= 0, as a fraction (one_over_one_plus_x_for_x_in_0_1()).
std::int32_t fraction_of_one_plus(std::int32_t x);

/// value + zero_point, the nearest in the range.
inline int quantised(std::int32_t value, int zero_point, IntegerRange range) {
  return static_cast<int>(std::clamp<std::int64_t>(std::int64_t{value} + zero_point, range.low, range.high));
}

/// f(null pointer of the element type), s8 or u8.
template <class F>
void with_bytes(Type type, F&& f) {
  type == Type::u8 ? f(static_cast<std::uint8_t*>(nullptr)) : f(static_cast<std::int8_t*>(nullptr));
}

}  // namespace septet::network
