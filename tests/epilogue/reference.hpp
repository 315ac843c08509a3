// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an epilogue does to one sum, from its description alone, one step after the other. Rounded steps pass through a
// volatile, integers through 128 bits.
#pragma once

#include "septet/gemm.hpp"
#include "support/reference.hpp"

#include <cmath>
#include <limits>

namespace septet::support {

template <class T>
T element(const ConstMatrix& view, Index m, Index n) {
  return static_cast<const T*>(view.data)[m * view.row_stride + n * view.col_stride];
}

// ---- the steps before an activation ----

inline float plus(float x, float y) { return static_cast<volatile float&&>(x) + y; }
inline double plus(double x, double y) { return static_cast<volatile double&&>(x) + y; }
inline std::int32_t plus(std::int32_t x, std::int32_t y) {
  return static_cast<std::int32_t>(static_cast<std::int64_t>(x) + y);  // the low 32 bits
}
inline std::int32_t product(std::int32_t x, std::int32_t y) { return static_cast<std::int32_t>(std::int64_t{x} * y); }

/// scale, bias, residual.
template <class T>
T reference_steps(T sum, const Epilogue& e, Index m, Index n) {
  if (e.scale.data != nullptr) sum = product(sum, element<T>(e.scale, m, n));
  if (e.bias.data != nullptr) sum = plus(sum, element<T>(e.bias, m, n));
  if (e.residual.data != nullptr) sum = plus(sum, element<T>(e.residual, m, n));
  return sum;
}

// ---- activations ----

inline bool is_exact(Activation activation) {
  return activation == Activation::none || activation == Activation::relu || activation == Activation::relu6;
}

template <class T>
T exact_activation(T x, Activation activation) {
  if (activation == Activation::none || x != x || x > 0) return activation == Activation::relu6 && x > 6 ? T{6} : x;
  return 0;
}

/// gelu, sigmoid or tanh with at least 60 bits. x is a float or a double.
inline long double long_activation(long double x, Activation activation) {
  if (x != x) return x;
  if (activation == Activation::tanh) return std::tanh(x);
  if (activation == Activation::sigmoid) return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
  if (std::isinf(x)) return x > 0 ? x : -0.0L;
  // x / sqrt 2 = z + rest; erfc is steep, so that the rest counts.
  const long double root = 0.70710678118654752440084436210484903928L;
  const long double root_rest = (0.5L - root * root - std::fma(root, root, -(root * root))) / (2 * root);
  const long double z = x * root, rest = std::fma(x, root, -z) + x * root_rest;
  const long double two_over_root_pi = 1.12837916709551257389615890312154517169L;
  return x * (std::erfc(-z) + two_over_root_pi * std::exp(-z * z) * rest) / 2;
}

/// |got - want| in units of the last place that `want` has as a T; huge if one is finite and the other is not.
template <class T>
long double ulp_error(T got, long double want) {
  if (want != want || got != got) return want != want && got != got ? 0 : std::numeric_limits<long double>::infinity();
  if (static_cast<long double>(got) == want) return 0;
  using Limits = std::numeric_limits<T>;
  int exponent = 0;
  std::frexp(want, &exponent);
  const int unit = want == 0 ? Limits::min_exponent - Limits::digits
                             : std::max(exponent - Limits::digits, Limits::min_exponent - Limits::digits);
  return std::fabs(static_cast<long double>(got) - want) / std::ldexp(1.0L, unit);
}

// ---- requantisation ----

/// numerator / 2^bits to an integer.
inline __int128 rounded(__int128 numerator, int bits, Rounding rounding) {
  const __int128 divisor = static_cast<__int128>(1) << bits;
  __int128 down = numerator / divisor;  // towards 0
  if (numerator % divisor < 0) down -= 1;
  const __int128 rest = numerator - down * divisor;  // 0 … divisor - 1
  switch (rounding) {
    case Rounding::single_half_up:
      return down + (2 * rest >= divisor ? 1 : 0);
    case Rounding::single_half_away:
      return down + (2 * rest > divisor || (2 * rest == divisor && numerator > 0) ? 1 : 0);
    case Rounding::single_half_even:
      return down + (2 * rest > divisor || (2 * rest == divisor && down % 2 != 0) ? 1 : 0);
    case Rounding::truncate:
      return down + (numerator < 0 && rest != 0 ? 1 : 0);
    default:
      return down;
  }
}

/// As gemmlowp writes it (fixedpoint.h).
inline std::int32_t gemmlowp(std::int32_t x, std::int32_t multiplier, int shift) {
  const auto a = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << (shift > 0 ? shift : 0));
  constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
  std::int32_t high = std::numeric_limits<std::int32_t>::max();
  if (a != kMin || multiplier != kMin) {
    const std::int64_t ab = static_cast<std::int64_t>(a) * multiplier;
    const std::int32_t nudge = ab >= 0 ? (1 << 30) : (1 - (1 << 30));
    high = static_cast<std::int32_t>((ab + nudge) / (std::int64_t{1} << 31));
  }
  const int exponent = shift > 0 ? 0 : -shift;
  const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  const std::int32_t remainder = high & mask;
  const std::int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return static_cast<std::int32_t>((static_cast<std::int64_t>(high) >> exponent) + (remainder > threshold ? 1 : 0));
}

/// The output as an integer, before it is stored.
inline Index reference_requantise(std::int32_t sum, const Requantise& r, Index m, Index n, Type type) {
  __int128 value = 0;
  if (r.rounding == Rounding::fp32_nearest_even) {
    const volatile float wide = static_cast<float>(sum);
    const volatile float scaled = wide * element<float>(r.scale, m, n);
    const long double nearest = std::nearbyint(static_cast<long double>(scaled));
    value = static_cast<__int128>(std::min(std::max(nearest, -0x1p31L), 0x1p31L - 1));
  } else {
    const std::int32_t multiplier = element<std::int32_t>(r.multiplier, m, n);
    const int shift = r.shift.data == nullptr ? 0 : element<std::int32_t>(r.shift, m, n);
    value = r.rounding == Rounding::gemmlowp_double
                ? gemmlowp(sum, multiplier, shift)
                : rounded(static_cast<__int128>(sum) * multiplier, 31 - shift, r.rounding);
  }
  value += r.zero_point;
  const __int128 low = type == Type::u8 ? 0 : type == Type::s8 ? -128 : -32768, range = type == Type::s16 ? 65536 : 256;
  if (r.overflow == Overflow::wrap) {
    value = (value - low) % range;
    return static_cast<Index>(low + (value < 0 ? value + range : value));
  }
  value = std::max(value, std::max<__int128>(low, r.low));
  return static_cast<Index>(std::min(value, std::min<__int128>(low + range - 1, r.high)));
}

}  // namespace septet::support
