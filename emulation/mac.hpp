// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One multiply-accumulate and its rounding: the plain statement that everything else is checked against.
#pragma once

#include "septet/types.hpp"

#include <cmath>
#include <type_traits>

namespace septet::emulation {

/// acc + a * b in the type of the accumulator. Floats: one rounding (fused) or two (unfused; the build forbids
/// contraction). Integers: modulo 2^32.
template <class T, Mac kMac>
T multiply_accumulate(T acc, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint32_t>(acc) +
                          static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  } else if constexpr (kMac == Mac::fused) {
    return std::fma(a, b, acc);
  } else {
    return acc + a * b;
  }
}

/// What fold-then-add does behind the array.
template <class T>
T add(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(y));
  } else {
    return x + y;
  }
}

}  // namespace septet::emulation
