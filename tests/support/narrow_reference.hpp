// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Narrow accumulators and flushing, one sum at a time, from the page dataflows.md (section 9) alone. Integers are
// computed in 64 bits, binary16 by the definition of rounding to nearest: from the exact value, which is the sum of two
// doubles.
#pragma once

#include "number.hpp"
#include "septet/gemm.hpp"

#include <cmath>
#include <cstdint>

namespace septet::support {

/// A subnormal, of a format whose smallest normal number is 2^(min_exponent - 1), becomes the zero of its sign.
template <class T>
T flushed(T value, int min_exponent) {
  return std::abs(value) < std::ldexp(T{1}, min_exponent - 1) ? std::copysign(T{0}, value) : value;
}

/// value + rest, exactly; value is the double next to it.
struct Exact {
  double value;
  double rest = 0;
};

/// x + y (Knuth's TwoSum). Not for infinite ones, whose rest is NaN and of no meaning.
inline Exact exact_sum(double x, double y) {
  const volatile double value = x + y;
  const volatile double of_y = value - x, of_x = value - of_y;
  const volatile double rest_x = x - of_x, rest_y = y - of_y;
  return {value, rest_x + rest_y};
}

/// The binary16 next to x, ties to even; beyond the range infinity or 65504.
inline float to_half(const Exact& x, Overflow overflow) {
  const double beyond = overflow == Overflow::clamp ? 65504.0 : std::numeric_limits<double>::infinity();
  const double magnitude = std::abs(x.value);
  if (std::isnan(x.value)) return std::numeric_limits<float>::quiet_NaN();
  if (magnitude >= 0x1p17) return static_cast<float>(std::copysign(beyond, x.value));
  const double rest = std::signbit(x.value) ? -x.rest : x.rest;
  const int exponent = magnitude == 0 ? -14 : std::max(std::ilogb(magnitude), -14);
  const double quantum = std::ldexp(1.0, exponent - 10);
  const double count = std::floor(magnitude / quantum);
  const double low = count * quantum, middle = low + quantum / 2;
  const bool above = magnitude > middle || (magnitude == middle && rest > 0);
  const bool tie = magnitude == middle && rest == 0;
  const double nearest = above || (tie && std::fmod(count, 2) != 0) ? low + quantum : low;
  return static_cast<float>(std::copysign(nearest > 65504 ? beyond : nearest, x.value));
}

// ---- R, then F

inline float kept(float value, const Accumulator& to, bool flushes) {
  if (to.bits == 16) value = to_half({static_cast<double>(value)}, to.overflow);
  return flushes ? flushed(value, to.bits == 16 ? -13 : -125) : value;
}
inline double kept(double value, const Accumulator&, bool flushes) { return flushes ? flushed(value, -1021) : value; }

/// An integer of any size into `bits` of two's complement, sign-extended to 32.
inline std::uint32_t kept(std::int64_t value, const Accumulator& to) {
  const std::int64_t size = std::int64_t{1} << (to.bits == 0 ? 32 : to.bits), low = -size / 2, high = size / 2 - 1;
  if (to.overflow == Overflow::clamp) return static_cast<std::uint32_t>(std::min(std::max(value, low), high));
  while (value > high) value -= size * std::max<std::int64_t>(1, (value - high) / size);
  while (value < low) value += size * std::max<std::int64_t>(1, (low - value) / size);
  return static_cast<std::uint32_t>(value);
}
inline std::int64_t as_signed(std::uint32_t value) { return static_cast<std::int32_t>(value); }
inline std::uint32_t kept(std::uint32_t value, const Accumulator& to, bool) { return kept(as_signed(value), to); }

// ---- one step: acc <- MAC(acc, x, y)

inline double narrow_mac(double acc, double x, double y, const GemmOptions& o) {
  if (o.mac == Mac::fused) return kept(std::fma(x, y, acc), o.accumulator, o.flush_subnormals);
  const volatile double product = x * y;
  return kept(acc + kept(static_cast<double>(product), o.accumulator, o.flush_subnormals), o.accumulator,
              o.flush_subnormals);
}

inline float narrow_mac(float acc, float x, float y, const GemmOptions& o) {
  const bool half = o.accumulator.bits == 16;
  const auto keep = [&](float value) { return kept(value, o.accumulator, o.flush_subnormals); };
  if (!half && o.mac == Mac::fused) return keep(std::fma(x, y, acc));
  if (!half) {
    const volatile float product = x * y;
    const volatile float sum = acc + keep(product);
    return keep(sum);
  }
  const double product = static_cast<double>(x) * y;  // exact: of two f16 or bf16
  if (o.mac == Mac::fused) return keep(to_half(exact_sum(product, acc), o.accumulator.overflow));
  const float rounded = keep(to_half({product}, o.accumulator.overflow));
  return keep(to_half(exact_sum(acc, rounded), o.accumulator.overflow));
}

inline std::uint32_t narrow_mac(std::uint32_t acc, std::uint32_t x, std::uint32_t y, const GemmOptions& o) {
  return kept(as_signed(acc) + as_signed(x) * as_signed(y), o.accumulator);
}

// ---- what folds are added to: total <- R'(total + sum)

inline double narrow_add(double total, double sum, const GemmOptions& o) {
  return kept(total + sum, o.fold_accumulator, o.flush_subnormals);
}
inline float narrow_add(float total, float sum, const GemmOptions& o) {
  if (o.fold_accumulator.bits == 16) {
    return kept(to_half(exact_sum(total, sum), o.fold_accumulator.overflow), o.fold_accumulator, o.flush_subnormals);
  }
  return kept(total + sum, o.fold_accumulator, o.flush_subnormals);
}
inline std::uint32_t narrow_add(std::uint32_t total, std::uint32_t sum, const GemmOptions& o) {
  return kept(as_signed(total) + as_signed(sum), o.fold_accumulator);
}

}  // namespace septet::support
