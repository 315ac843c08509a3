// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One element of an operand: what counts as zero, and what the kernels multiply it as.
#pragma once

#include "septet/types.hpp"

#include <cassert>
#include <cstdint>
#include <type_traits>

namespace septet::detail {

template <class T>
inline constexpr bool kIsNarrowFloat = std::is_same_v<T, bf16> || std::is_same_v<T, f16>;

/// What an element is packed as: floats as the type they accumulate in, integers as s16 (their zero point subtracted,
/// a byte needs nine bits).
template <class T>
using PackedElement =
    std::conditional_t<std::is_integral_v<T>, std::int16_t, std::conditional_t<kIsNarrowFloat<T>, float, T>>;

/// Exact. Only bytes have a zero point other than 0.
template <class T>
PackedElement<T> packed_element(T value, int zero_point) {
  if constexpr (std::is_integral_v<T> && sizeof(T) == 1) {
    return static_cast<std::int16_t>(value - zero_point);
  } else {
    return static_cast<PackedElement<T>>(value);
  }
}

/// What counts as a zero: 0 of either sign, or the zero point. NaN is no zero.
template <class T>
bool is_zero(T value, int zero_point) {
  if constexpr (kIsNarrowFloat<T>) {
    return (value.bits & 0x7fffu) == 0;
  } else {
    return value == static_cast<T>(zero_point);
  }
}

/// The zero of an integer type is its zero point.
template <class T>
T zero_element(int zero_point) {
  if constexpr (kIsNarrowFloat<T>) {
    return T::from_bits(0);
  } else {
    return static_cast<T>(zero_point);
  }
}

/// Calls f with a null pointer of the element type of an input: `with_type(t, [&](auto* tag) { using T = … })`.
template <class F>
decltype(auto) with_type(Type type, F&& f) {
  assert(type != Type::s32);
  switch (type) {
    case Type::f64:
      return f(static_cast<double*>(nullptr));
    case Type::bf16:
      return f(static_cast<bf16*>(nullptr));
    case Type::f16:
      return f(static_cast<f16*>(nullptr));
    case Type::s8:
      return f(static_cast<std::int8_t*>(nullptr));
    case Type::u8:
      return f(static_cast<std::uint8_t*>(nullptr));
    case Type::s16:
      return f(static_cast<std::int16_t*>(nullptr));
    default:
      return f(static_cast<float*>(nullptr));
  }
}

}  // namespace septet::detail
