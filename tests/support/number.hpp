// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Elements as numbers, for every element type. bf16 and f16 are read and rounded here by the definition of their
// formats, computed in double: nothing of the library's conversions.
#pragma once

#include "septet/types.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace septet::support {

template <class T>
inline constexpr bool kIsNarrow = std::is_same_v<T, bf16> || std::is_same_v<T, f16>;

/// f32, f64, bf16, f16.
template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsNarrow<T>;

/// What an element is computed with: a narrow float's value is a float.
template <class T>
using NumberOf = std::conditional_t<kIsNarrow<T>, float, T>;

/// Digits of the significand, and exponents, in the words of std::numeric_limits.
template <class T>
struct FloatFormat {
  static constexpr int digits = std::numeric_limits<T>::digits;
  static constexpr int min_exponent = std::numeric_limits<T>::min_exponent;
  static constexpr int max_exponent = std::numeric_limits<T>::max_exponent;
};
template <>
struct FloatFormat<bf16> {
  static constexpr int digits = 8, min_exponent = -125, max_exponent = 128;
};
template <>
struct FloatFormat<f16> {
  static constexpr int digits = 11, min_exponent = -13, max_exponent = 16;
};

/// The bits of +infinity, and so of the first value that is too large.
template <class T>
inline constexpr int kInfinityBits = (FloatFormat<T>::max_exponent * 2 - 1) << (FloatFormat<T>::digits - 1);

/// What 16 bits stand for. Infinity counts as the next power of two, NaN as what would follow.
template <class T>
double value_of_bits(int bits) {
  constexpr int kFractionBits = FloatFormat<T>::digits - 1;
  const int magnitude = bits & 0x7fff;
  const int exponent = magnitude >> kFractionBits, fraction = magnitude % (1 << kFractionBits);
  const int significand = exponent == 0 ? fraction : fraction + (1 << kFractionBits);
  const double value =
      std::ldexp(significand, std::max(exponent, 1) - 2 + FloatFormat<T>::min_exponent - kFractionBits);
  return (bits & 0x8000) != 0 ? -value : value;
}

/// The bits that a float is rounded to: the nearest whole number of its binade's quantum, ties to even. NaN: any.
template <class T>
int rounded_bits(float value) {
  constexpr int kFractionBits = FloatFormat<T>::digits - 1, kLeast = FloatFormat<T>::min_exponent - 1;
  const int sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7fff;
  if (std::isinf(value)) return sign | kInfinityBits<T>;
  if (value == 0) return sign;
  const int exponent = std::max(std::ilogb(value), kLeast);
  const double quantum = std::ldexp(1.0, exponent - kFractionBits);
  const double count = std::nearbyint(std::abs(static_cast<double>(value)) / quantum);  // the division is exact
  // Counted from 0 in the binade's quantum; a carry out of the binade is the next one's first value.
  const double bits = std::ldexp(exponent - kLeast, kFractionBits) + count;
  return sign | static_cast<int>(std::min<double>(bits, kInfinityBits<T>));
}

template <class T>
NumberOf<T> number(T element) {
  if constexpr (kIsNarrow<T>) {
    static const std::vector<float> kValues = [] {
      std::vector<float> values;
      for (int bits = 0; bits < 0x10000; ++bits) {
        const int magnitude = bits & 0x7fff;
        const float sign = bits < 0x8000 ? 1.0f : -1.0f;
        values.push_back(magnitude > kInfinityBits<T>    ? std::numeric_limits<float>::quiet_NaN()
                         : magnitude == kInfinityBits<T> ? sign * std::numeric_limits<float>::infinity()
                                                         : static_cast<float>(value_of_bits<T>(bits)));
      }
      return values;
    }();
    return kValues[element.bits];
  } else {
    return element;
  }
}

/// The element that a number is rounded to.
template <class T>
T element(NumberOf<T> value) {
  if constexpr (kIsNarrow<T>) {
    T result;
    result.bits = static_cast<std::uint16_t>(rounded_bits<T>(value));
    return result;
  } else {
    return value;
  }
}

/// A whole number as an element: a zero point, or 0.
template <class T>
T whole(int value) {
  return element<T>(static_cast<NumberOf<T>>(value));
}

template <class T>
bool is_zero(T value, int zero_point) {
  return number(value) == static_cast<NumberOf<T>>(zero_point);
}

}  // namespace septet::support
