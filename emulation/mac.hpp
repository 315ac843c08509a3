// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One multiply-accumulate and its rounding: the plain statement that everything else is checked against.
#pragma once

#include "kernels/narrow.hpp"

#include <cmath>
#include <type_traits>

namespace septet::emulation {

/// A PE's arithmetic, and that of the accumulators behind the array, in the sums' type in full. Floats: one rounding
/// (fused) or two (unfused; the build forbids contraction). Integers: modulo 2^32.
template <class T, Mac kMac>
struct FullUnit {
  using Value = T;
  // Fused floats are a library call: not for idle PEs. For the others a select, which vectorises.
  static constexpr bool kSelects = std::is_integral_v<T> || kMac == Mac::unfused;

  T mac(T acc, T a, T b) const {
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
  T add(T total, T sum) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint32_t>(total) + static_cast<std::uint32_t>(sum));
    } else {
      return total + sum;
    }
  }
};

/// The same in narrow accumulators (kernels/narrow.hpp).
template <class T, Mac kMac>
struct NarrowUnit {
  using Value = T;
  static constexpr bool kSelects = false;
  kernels::Narrow narrow;

  T mac(T acc, T a, T b) const { return kernels::narrow_step<kMac == Mac::fused>(narrow.sum, acc, a, b); }
  T add(T total, T sum) const { return kernels::narrow_add(narrow.total, total, sum); }
};

/// f(unit) with the arithmetic that the options ask for.
template <class T, class F>
decltype(auto) with_unit(const GemmOptions& options, F&& f) {
  const bool fused = options.mac == Mac::fused;
  if (!kernels::narrows(options)) {
    if (fused) return f(FullUnit<T, Mac::fused>());
    return f(FullUnit<T, Mac::unfused>());
  }
  const Type type = type_of<T>();
  const kernels::Narrow narrow = kernels::narrow_of(type, options);
  if (fused) return f(NarrowUnit<T, Mac::fused>{narrow});
  return f(NarrowUnit<T, Mac::unfused>{narrow});
}

/// One row of PEs in one cycle: acc[w] <- acc[w] + a[w] * b[w] where bit 0 of both in_use_a[w] and in_use_b[w] is set.
/// Returns how many that were. With `gates` (a or b), a PE whose element of it is zero takes its turn, but keeps its
/// sum.
template <class Unit, class T = typename Unit::Value>
Index multiply_accumulate_row(const Unit& unit, Index width, T* acc, const T* a, const T* b,
                              const std::uint8_t* in_use_a, const std::uint8_t* in_use_b, const T* gates) {
  Index count = 0;
  for (Index w = 0; w < width; ++w) {
    const bool turn = in_use_a[w] & in_use_b[w] & 1;
    const bool active = turn && (gates == nullptr || gates[w] != T{0});
    count += turn;
    if constexpr (Unit::kSelects) {
      const T sum = unit.mac(acc[w], a[w], b[w]);
      acc[w] = active ? sum : acc[w];
    } else {
      if (active) acc[w] = unit.mac(acc[w], a[w], b[w]);
    }
  }
  return count;
}

}  // namespace septet::emulation
