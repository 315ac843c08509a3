// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of requantisation, one element at a time: the portable kernel, and what requantise-inl.h does in
// vectors. Integers are exact, so that is all that equal bits need.
//
// gemmlowp: B. Jacob and others, fixedpoint/fixedpoint.h; "Quantization and training of neural networks for efficient
// integer-arithmetic-only inference", CVPR 2018, section 2.2.
#pragma once

#include "kernels/epilogue.hpp"

#include <limits>

namespace septet::kernels {

/// round(x * multiplier * 2^(shift - 31)); shift in [-31, 30]. Neither x * multiplier nor a rounding term beside it
/// leaves 64 bits: 2^62 + 2^61.
template <Rounding kRounding>
inline std::int64_t rescaled(std::int32_t x, std::int32_t multiplier, std::int32_t shift) {
  if constexpr (kRounding == Rounding::gemmlowp_double) {
    const int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << left);
    // gemmlowp's nudge and division towards zero are this shift. Only -2^31 * -2^31 leaves 32 bits.
    std::int64_t high = (std::int64_t{shifted} * multiplier + (std::int64_t{1} << 30)) >> 31;
    high = high > std::numeric_limits<std::int32_t>::max() ? std::numeric_limits<std::int32_t>::max() : high;
    const std::int64_t mask = (std::int64_t{1} << right) - 1;
    const std::int64_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    return (high >> right) + ((high & mask) > threshold ? 1 : 0);
  } else {
    const int total = 31 - shift;
    const std::int64_t product = std::int64_t{x} * multiplier;
    const std::int64_t half = std::int64_t{1} << (total - 1);
    if constexpr (kRounding == Rounding::single_half_up) return (product + half) >> total;
    if constexpr (kRounding == Rounding::floor) return product >> total;
    // A tie goes up where that makes an odd one even.
    if constexpr (kRounding == Rounding::single_half_even)
      return (product + half - 1 + (product >> total & 1)) >> total;
    const std::int64_t sign = product >> 63;
    const std::int64_t magnitude = (product ^ sign) - sign;
    const std::int64_t nudge = kRounding == Rounding::single_half_away ? half : 0;
    return (((magnitude + nudge) >> total) ^ sign) - sign;
  }
}

/// The integer nearest to float(x) * scale, ties to even, saturating to 32 bits. Round-to-nearest-even is set.
inline std::int64_t rescaled(std::int32_t x, float scale) {
  const float product = static_cast<float>(x) * scale;
  double value = static_cast<double>(product);
  value = value < -0x1p31 ? -0x1p31 : value;
  value = value > 0x1p31 - 1 ? 0x1p31 - 1 : value;
  constexpr double kToInteger = 0x1.8p+52;
  return static_cast<std::int32_t>((value + kToInteger) - kToInteger);
}

/// Element j with its bias.
inline std::int32_t biased_sum(const RequantiseCall& call, Index j) {
  const RowOperand<std::int32_t>& bias = call.bias;
  if (bias.data == nullptr) return call.sums[j];
  const std::int32_t term = bias.data[bias.repeated ? 0 : j];
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(call.sums[j]) + static_cast<std::uint32_t>(term));
}

template <class Out>
inline Out narrowed(std::int64_t value, const RequantiseCall& call) {
  value += call.zero_point;
  if (call.overflow == Overflow::clamp) {
    value = value < call.low ? call.low : value;
    value = value > call.high ? call.high : value;
  }
  return static_cast<Out>(static_cast<std::uint64_t>(value));
}

}  // namespace septet::kernels
