// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators that are no products, from docs/network.md alone: one element of y at a time, integers exact in 128 bits,
// rounded steps of floats through a volatile.
#pragma once

#include "epilogue/reference.hpp"
#include "septet/network/operators.hpp"

namespace septet::support {

using network::Quantisation;
using network::Tensor;
using Int128 = __int128;

// ---- numbers

/// a / b to the nearest integer, ties away from 0 or up; b > 0.
inline Int128 floor_quotient(Int128 a, Int128 b) { return a / b - (a % b < 0 ? 1 : 0); }
inline Int128 nearest_up(Int128 a, Int128 b) { return floor_quotient(2 * a + b, 2 * b); }
inline Int128 nearest_away(Int128 a, Int128 b) { return a < 0 ? -nearest_up(-a, b) : nearest_up(a, b); }

struct ReferenceMultiplier {
  std::int32_t multiplier = 0;
  int shift = 0;
};

/// The fraction of 31 bits nearest to real / 2^shift in [1/2, 1).
inline ReferenceMultiplier reference_multiplier(double real) {
  int shift = 0;
  long double fraction = real;
  while (fraction >= 1) fraction /= 2, ++shift;
  while (fraction > 0 && fraction < 0.5L) fraction *= 2, --shift;
  auto steps = static_cast<std::int64_t>(std::floor(fraction * 0x1p31L + 0.5L));
  if (steps == std::int64_t{1} << 31) steps = std::int64_t{1} << 30, ++shift;
  if (shift < -31) return {};
  return {static_cast<std::int32_t>(steps), shift};
}

inline int clamped(Int128 value, int low, int high) {
  return static_cast<int>(value < low ? low : value > high ? high : value);
}
inline int lowest(Type type) { return type == Type::u8 ? 0 : -128; }

/// (x - zero point) * from's scale / to's, + its zero point.
inline int reference_requantised(int x, int zero_point, double ratio, int to_zero_point, int low, int high) {
  const ReferenceMultiplier by = reference_multiplier(ratio);
  return clamped(Int128{gemmlowp(x - zero_point, by.multiplier, by.shift)} + to_zero_point, low, high);
}

inline int stored(const Tensor& x, Index i) {
  return x.info().type == Type::u8 ? x.as<std::uint8_t>()[i] : x.as<std::int8_t>()[i];
}

// ---- operators of integers, one element

inline int reference_add(const Tensor& x0, const Tensor& x1, Index i, const Quantisation& to, int low, int high) {
  const double scale0 = x0.info().quantisation.scale, scale1 = x1.info().quantisation.scale;
  const double twice = 2 * (scale0 > scale1 ? scale0 : scale1);
  const auto operand = [&](const Tensor& x, double scale) {
    const ReferenceMultiplier by = reference_multiplier(scale / twice);
    return gemmlowp((stored(x, i) - x.info().quantisation.zero_point) * 1048576, by.multiplier, by.shift);
  };
  const ReferenceMultiplier by = reference_multiplier(twice / (1048576 * static_cast<double>(to.scale)));
  const Int128 sum = gemmlowp(operand(x0, scale0) + operand(x1, scale1), by.multiplier, by.shift);
  return clamped(sum + to.zero_point, low, high);
}

inline int reference_mean(Int128 sum, Index count, const Quantisation& from, const Quantisation& to, int low,
                          int high) {
  ReferenceMultiplier by = reference_multiplier(static_cast<double>(from.scale) / static_cast<double>(to.scale));
  int bits = 0;
  while ((Index{2} << bits) <= count) ++bits;
  if (bits > 31 + by.shift) bits = 31 + by.shift;
  by.multiplier = static_cast<std::int32_t>((Int128{by.multiplier} << bits) / count);
  by.shift -= bits;
  const auto about_zero = static_cast<std::int32_t>(sum - Int128{from.zero_point} * count);
  return clamped(Int128{gemmlowp(about_zero, by.multiplier, by.shift)} + to.zero_point, low, high);
}

// ---- the softmax of integers: fractions in units of 2^-31

inline std::int32_t times(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(nearest_up(Int128{a} * b, Int128{1} << 31));
}
inline std::int32_t over(std::int32_t a, std::int64_t b) { return static_cast<std::int32_t>(nearest_away(a, b)); }

/// e^(x / 2^26), x <= 0: the part within a quarter by a polynomial, the rest by a factor for each of its bits.
inline std::int32_t reference_fraction_exp(std::int32_t x) {
  if (x == 0) return std::numeric_limits<std::int32_t>::max();
  const std::int32_t quarter = 1 << 24;
  const Index quarters =
      static_cast<Index>(floor_quotient(x, quarter)) + 1;  // x = quarters/4 + part, part in [-1/4, 0)
  const auto part = static_cast<std::int32_t>(x - quarters * quarter);
  const std::int32_t a = part * 32 + (1 << 28);
  const std::int32_t a2 = times(a, a), a3 = times(a2, a), a4 = times(a2, a2);
  const std::int32_t tail = over(times(over(a4, 4) + a3, 715827883) + a2, 2);
  std::int32_t result = 1895147668 + times(1895147668, a + tail);
  const std::int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (int bit = 0; bit < 7; ++bit) {
    if ((-quarters >> bit) % 2 == 1) result = times(result, factors[bit]);
  }
  return result;
}

/// 1 / (1 + x), x in [0, 1).
inline std::int32_t reference_fraction_of_one_plus(std::int32_t x) {
  const auto half = static_cast<std::int32_t>(nearest_up(Int128{x} + 2147483647, 2));
  std::int32_t r = 1515870810 + times(half, -1010580540);
  for (int i = 0; i < 3; ++i) r += times(r, 536870912 - times(half, r)) * 4;
  return static_cast<std::int32_t>(std::min<Int128>(Int128{r} * 2, 2147483647));
}

inline std::vector<int> reference_softmax(const std::vector<int>& x, double factor, double scale, int low) {
  const ReferenceMultiplier by = reference_multiplier(std::min(factor * scale * 67108864, 2147483647.0));
  const Index radius = static_cast<Index>(std::floor(31 * std::pow(2.0, 26 - by.shift)));
  const int most = *std::max_element(x.begin(), x.end());
  Int128 sum = 0;
  std::vector<std::int32_t> powers;
  for (const int value : x) {
    const bool counts = most - value <= radius;
    powers.push_back(counts ? reference_fraction_exp(gemmlowp(value - most, by.multiplier, by.shift)) : 0);
    if (counts) sum += over(powers.back(), 4096);
  }
  int bits = 0;  // of what is before the point: sum / 2^19 in [2^bits, 2^(bits + 1))
  while (sum >= Int128{1} << (20 + bits)) ++bits;
  std::vector<int> y;
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (most - x[j] > radius || bits > 8) {
      y.push_back(low);
      continue;
    }
    const auto above_one = static_cast<std::int32_t>((sum << (12 - bits)) - (Int128{1} << 31));
    const std::int32_t share = times(reference_fraction_of_one_plus(above_one), powers[j]);
    y.push_back(clamped(Int128{over(share, std::int64_t{1} << (bits + 23))} + low, low, low + 255));
  }
  return y;
}

// ---- windows

/// Elements of x's channel c that lie under the window at (p, q) of image b, in rows, then columns: their places.
inline std::vector<Index> under_window(const network::TensorInfo& x, const network::Window& w, Index b, Index p,
                                       Index q, Index c) {
  std::vector<Index> places;
  for (Index i = 0; i < w.height; ++i) {
    for (Index j = 0; j < w.width; ++j) {
      const Index row = p * w.stride_h + i * w.dilation_h - w.pad_top;
      const Index column = q * w.stride_w + j * w.dilation_w - w.pad_left;
      if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2)) continue;
      places.push_back(((b * x.dim(1) + row) * x.dim(2) + column) * x.dim(3) + c);
    }
  }
  return places;
}

}  // namespace septet::support
