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

/// One row of PEs in one cycle: acc[w] <- acc[w] + a[w] * b[w] where bit 0 of both in_use_a[w] and in_use_b[w] is set.
/// Returns how many that were. With `gates` (a or b), a PE whose element of it is zero takes its turn, but keeps its
/// sum.
template <class T, Mac kMac>
Index multiply_accumulate_row(Index width, T* acc, const T* a, const T* b, const std::uint8_t* in_use_a,
                              const std::uint8_t* in_use_b, const T* gates) {
  Index count = 0;
  for (Index w = 0; w < width; ++w) {
    const bool turn = in_use_a[w] & in_use_b[w] & 1;
    const bool active = turn && (gates == nullptr || gates[w] != T{0});
    count += turn;
    if constexpr (std::is_floating_point_v<T> && kMac == Mac::fused) {
      if (active) acc[w] = multiply_accumulate<T, kMac>(acc[w], a[w], b[w]);  // a library call: not for idle PEs
    } else {
      const T sum = multiply_accumulate<T, kMac>(acc[w], a[w], b[w]);
      acc[w] = active ? sum : acc[w];  // a select, which vectorises
    }
  }
  return count;
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
