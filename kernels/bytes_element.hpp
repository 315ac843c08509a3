// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of kernels/bytes.hpp, one element at a time: the portable kernel, and what is left of a row that does
// not fill a vector.
#pragma once

#include "kernels/bytes.hpp"
#include "kernels/requantise.hpp"

namespace septet::kernels {

/// value + to within [low, high], as the byte's bits.
template <class Call>
inline std::uint8_t byte_of(std::int64_t value, const Call& call) {
  value += call.to;
  value = value < call.low ? call.low : value;
  value = value > call.high ? call.high : value;
  return static_cast<std::uint8_t>(value);
}

inline std::int64_t rescaled(std::int32_t x, const Factor& by) {
  return rescaled<Rounding::gemmlowp_double>(x, by.multiplier, by.shift);
}

inline std::uint8_t rescaled_byte(const RescaleCall& call, std::int32_t x) {
  return byte_of(rescaled(x - call.from, call.by), call);
}

inline std::uint8_t added_byte(const AddCall& call, std::int32_t x0, std::int32_t x1) {
  constexpr std::int32_t kOne = 1 << kAddFractionalBits;
  const std::int64_t a = rescaled((x0 - call.from[0]) * kOne, call.of[0]);
  const std::int64_t b = rescaled((x1 - call.from[1]) * kOne, call.of[1]);
  return byte_of(rescaled(static_cast<std::int32_t>(a + b), call.by), call);
}

inline std::uint8_t quantised_byte(const QuantiseCall& call, float x) {
  constexpr float kBeyond = 1024;  // outside of every byte's range; within, the difference to the whole part is exact
  float steps = x == x ? x / call.scale : 0;
  steps = steps < -kBeyond ? -kBeyond : steps;
  steps = steps > kBeyond ? kBeyond : steps;
  const auto whole = static_cast<std::int32_t>(steps);
  const float rest = steps - static_cast<float>(whole);
  return byte_of(std::int64_t{whole} + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0), call);
}

inline float dequantised(const DequantiseCall& call, std::int32_t x) {
  return call.scale * static_cast<float>(x - call.from);
}

}  // namespace septet::kernels
