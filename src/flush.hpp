// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Flushing of operands: elements that are subnormal in their own type become zeros of their sign. After packing, which
// widens exactly.
#pragma once

#include "kernels/narrow.hpp"

namespace septet::detail {

/// Packed elements of `type`, which is a float's.
inline void flush_elements(Type type, void* data, Index count) {
  const auto flush = [&](auto* elements) {
    using T = std::remove_pointer_t<decltype(elements)>;
    const T smallest = static_cast<T>(kernels::smallest_normal(type));
    for (Index i = 0; i < count; ++i) {
      if (std::abs(elements[i]) < smallest) elements[i] = std::copysign(T{0}, elements[i]);
    }
  };
  type == Type::f64 ? flush(static_cast<double*>(data)) : flush(static_cast<float*>(data));
}

}  // namespace septet::detail
