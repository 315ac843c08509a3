// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The elements of files as C++ types.
#pragma once

#include "matrix_file.hpp"

#include <type_traits>

namespace septet::io {

/// Bytes of one element in FileMatrix::bytes; text is kept as doubles.
constexpr Index size_of(Element element) {
  switch (element) {
    case Element::s8:
    case Element::u8:
      return 1;
    case Element::f16:
    case Element::bf16:
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

template <class T>
inline constexpr bool kIsNarrowFloat = std::is_same_v<T, bf16> || std::is_same_v<T, f16>;

/// The value, exactly (but for integers of 64 bits).
template <class T>
double as_double(T value) {
  if constexpr (kIsNarrowFloat<T>) {
    return static_cast<float>(value);
  } else {
    return static_cast<double>(value);
  }
}

/// Calls `visit` with a value of the C++ type of `element`.
template <class Visit>
auto visit_element(Element element, Visit visit) {
  switch (element) {
    case Element::f16:
      return visit(f16{});
    case Element::bf16:
      return visit(bf16{});
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
    case Type::bf16:
      return visit(bf16{});
    case Type::f16:
      return visit(f16{});
    case Type::s16:
      return visit(std::int16_t{});
    default:
      return visit(std::int32_t{});
  }
}

}  // namespace septet::io
