// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The multiply-accumulate (MAC) of a fold, and where its sums start and end.
//
// Computes one step of one processing element: acc <- MAC(acc, a, b).
//
//   Fused     acc <- a * b + acc, one rounding, to nearest even       A, B, C: float or double
//   Unfused   p <- round(a * b);  acc <- round(acc + p)               A, B, C: float or double
//   Exact     acc <- acc + (a - a_zero_point) * (b - b_zero_point)    A, B: integers to 32 bits; C: int32_t, mod 2^32
//   yours     acc = mac(acc, a, b)                                    any types
//
// float operands of double sums are widened exactly. A functor of yours is const, sees every (a, b) in the fold's
// order and never a place outside the tile in use. What your types need is what your functor needs, and to be
// copied; sums that start from zero start from C{}, and Sum::fold_then_add calls mac.add(acc, sum) if your functor
// has it, else acc + sum.
//
// The call: pass an object of one of these as the last argument of a fold. Left out: Fused for float and double,
// Exact for int32_t.
//
//   struct Saturating { Q78 operator()(Q78 acc, Q78 a, Q78 b) const { return saturating_add(acc, a * b); } };
//   septet::fold::dOS<8, 8>(a, b, c, Saturating{});
//
// A MAC that also knows vectors declares `kTakesLanes = true` and has take_a, take_b and mac as Fused has; L is a
// Lane of lane.hpp, of width 1 where strides allow no vector.
#pragma once

#include <cstdint>
#include <type_traits>

#include "septet/inline/lane.hpp"
#include "septet/types.hpp"

namespace septet::fold {

/// Where the sums of a fold start, and where they go.
enum class Sum : std::uint8_t {
  chained,        ///< C enters, C leaves: a preload, or the partial sums of the fold before
  from_zero,      ///< zero enters, and replaces C, which is never read
  fold_then_add,  ///< zero enters, and what leaves is added to C: C <- C + (0 + ...). WS and IS only
};

namespace detail {

template <class L, class T>
SEPTET_ALWAYS_INLINE typename L::Value widen_float(T value) {
  static_assert(kIsFloat<typename L::Value>,
                "septet: Fused and Unfused sum in float or double; int32_t sums take Exact, your own types your MAC");
  static_assert(kIsFloat<T> && sizeof(T) <= sizeof(typename L::Value),
                "septet: Fused and Unfused multiply float or double, no wider than the sums");
  return value;
}

template <class L, class T>
SEPTET_ALWAYS_INLINE typename L::Value widen_integer(T value, int zero_point) {
  static_assert(std::is_same_v<typename L::Value, std::int32_t>,
                "septet: Exact sums in int32_t; float and double take Fused or Unfused, your own types your MAC");
  static_assert(std::is_integral_v<T> && sizeof(T) <= 4 && !std::is_same_v<T, bool>,
                "septet: Exact multiplies integers of at most 32 bits");
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) - static_cast<std::uint32_t>(zero_point));
}

}  // namespace detail

/// acc <- fma(a, b, acc): one rounding. Where the build has no such instruction, std::fma per lane: exact, but slow.
struct Fused {
  static constexpr bool kTakesLanes = true;
  static constexpr bool kKeepsOwnType = true;  ///< take_a and take_b change nothing but the type

  /// An element of A, of B, as the MAC sees it.
  template <class L, class T>
  static SEPTET_ALWAYS_INLINE typename L::Value take_a(T a) {
    return detail::widen_float<L>(a);
  }
  template <class L, class T>
  static SEPTET_ALWAYS_INLINE typename L::Value take_b(T b) {
    return detail::widen_float<L>(b);
  }
  /// The MAC itself, L::kWidth of them.
  template <class L>
  static SEPTET_ALWAYS_INLINE typename L::Vec mac(const typename L::Vec& acc, const typename L::Vec& a,
                                                  const typename L::Vec& b) {
    return L::fma(a, b, acc);
  }
};

/// The product is rounded, then the sum; no compiler contracts the two.
struct Unfused : Fused {
  template <class L>
  static SEPTET_ALWAYS_INLINE typename L::Vec mac(const typename L::Vec& acc, const typename L::Vec& a,
                                                  const typename L::Vec& b) {
    return L::add(acc, L::mul(a, b));
  }
};

/// Integers, exact modulo 2^32; zero points are subtracted from every element that is multiplied.
struct Exact {
  static constexpr bool kTakesLanes = true;
  static constexpr bool kKeepsOwnType = false;

  int a_zero_point = 0;
  int b_zero_point = 0;

  template <class L, class T>
  SEPTET_ALWAYS_INLINE typename L::Value take_a(T a) const {
    return detail::widen_integer<L>(a, a_zero_point);
  }
  template <class L, class T>
  SEPTET_ALWAYS_INLINE typename L::Value take_b(T b) const {
    return detail::widen_integer<L>(b, b_zero_point);
  }
  template <class L>
  static SEPTET_ALWAYS_INLINE typename L::Vec mac(const typename L::Vec& acc, const typename L::Vec& a,
                                                  const typename L::Vec& b) {
    return L::add(acc, L::mul(a, b));
  }
};

/// The MAC of a fold that is not told one.
template <class C>
using DefaultMac = std::conditional_t<std::is_floating_point_v<C>, Fused, Exact>;

/// True for Fused, Unfused, Exact and every MAC that says so.
template <class Mac, class = void>
inline constexpr bool kTakesLanes = false;
template <class Mac>
inline constexpr bool kTakesLanes<Mac, std::void_t<decltype(Mac::kTakesLanes)>> = Mac::kTakesLanes;

}  // namespace septet::fold
