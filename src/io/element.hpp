// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The elements of files as C++ types.
#pragma once

#include "matrix_file.hpp"

#include <cstring>

namespace septet::io {

/// Bytes of one element in FileMatrix::bytes; text is kept as doubles.
constexpr Index size_of(Element element) {
  switch (element) {
    case Element::s8:
    case Element::u8:
      return 1;
    case Element::f16:
    case Element::s16:
    case Element::u16:
      return 2;
    case Element::f32:
    case Element::s32:
    case Element::u32:
      return 4;
    default:
      return 8;
  }
}

/// IEEE binary16, which C++17 has no type for.
struct Half {
  std::uint16_t bits;
};

/// Exact: every half is a float, NaNs keep sign and payload.
inline float widen(Half half) {
  const std::uint32_t sign = std::uint32_t{half.bits & 0x8000u} << 16;
  const std::uint32_t exponent = (half.bits >> 10) & 0x1f;
  const std::uint32_t fraction = half.bits & 0x3ffu;
  if (exponent == 0) {  // zero and subnormals: fraction * 2^-24, exact in float
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide_exponent = exponent == 31 ? 255 : exponent + (127 - 15);
  const std::uint32_t bits = sign | wide_exponent << 23 | fraction << 13;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Calls `visit` with a value of the C++ type of `element`.
template <class Visit>
auto visit_element(Element element, Visit visit) {
  switch (element) {
    case Element::f16:
      return visit(Half{});
    case Element::f32:
      return visit(float{});
    case Element::s8:
      return visit(std::int8_t{});
    case Element::u8:
      return visit(std::uint8_t{});
    case Element::s16:
      return visit(std::int16_t{});
    case Element::u16:
      return visit(std::uint16_t{});
    case Element::s32:
      return visit(std::int32_t{});
    case Element::u32:
      return visit(std::uint32_t{});
    case Element::s64:
      return visit(std::int64_t{});
    case Element::u64:
      return visit(std::uint64_t{});
    default:
      return visit(double{});
  }
}

/// Calls `visit` with a value of the C++ type of `type`.
template <class Visit>
auto visit_type(Type type, Visit visit) {
  switch (type) {
    case Type::f32:
      return visit(float{});
    case Type::f64:
      return visit(double{});
    case Type::s8:
      return visit(std::int8_t{});
    case Type::u8:
      return visit(std::uint8_t{});
    default:
      return visit(std::int32_t{});
  }
}

}  // namespace septet::io
