// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Real factors as integers, and the clamps of fused activations: TensorFlow Lite's rules
// (tensorflow/lite/kernels/internal/quantization_util.cc, QuantizeMultiplier; tensorflow/lite/kernels/kernel_util.cc,
// CalculateActivationRangeQuantized).
#pragma once

#include "septet/epilogue.hpp"
#include "septet/network/tensor.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace septet::network {

/// value * 2^(shift - 31), shift to the left.
struct QuantisedMultiplier {
  std::int32_t value = 0, shift = 0;
};

/// `factor` (not negative, finite) with 31 bits, rounded half away from 0; below 2^-32 it is 0. A factor of 2^30 or
/// more has a shift that Requantise does not take (septet/epilogue.hpp).
inline QuantisedMultiplier quantised_multiplier(double factor) {
  int shift = 0;
  const double fraction = std::frexp(factor, &shift);  // [0.5, 1), or 0
  auto value = static_cast<std::int64_t>(std::round(fraction * static_cast<double>(std::int64_t{1} << 31)));
  if (value == std::int64_t{1} << 31) {
    value /= 2;
    ++shift;
  }
  if (shift < -31) return {};
  return {static_cast<std::int32_t>(value), shift};
}

/// Bounds of a stored integer.
struct Range {
  int low = 0, high = 0;
};

inline Range range_of(Type type) {
  if (type == Type::u8) return {0, 255};
  if (type == Type::s8) return {-128, 127};
  return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
}

/// What none, relu or relu6 leaves of it: the quantised 0 and 6, rounded half away from 0, where they are narrower.
inline Range clamp_of(Activation activation, Type type, const Quantisation& quantisation) {
  Range range = range_of(type);
  const auto stored = [&](float real) {
    const double value = quantisation.zero_point + std::round(static_cast<double>(real / quantisation.scale));
    return static_cast<int>(std::fmin(std::fmax(value, range.low), range.high));
  };
  if (activation == Activation::none) return range;
  const int low = stored(0), high = activation == Activation::relu6 ? stored(6) : range.high;
  return {low, high};
}

}  // namespace septet::network
