// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The floats of 16 bits: bf16, the upper half of a float (8 bits of exponent, 7 of fraction), and f16, IEEE 754
// binary16 (5 and 10). They hold bits and convert from and to float; there is no arithmetic in them.
//
//   septet::bf16 x(0.1f);                // to nearest even; beyond the range to infinity; subnormals are kept
//   float y = static_cast<float>(x);     // exact
//
// The conversions work on the bits: the same result on every CPU, whatever rounding mode and flushing the caller has
// set. NaN stays NaN, with its sign: narrowing makes it quiet, widening keeps its payload. They are always inlined: a
// function that two files share, one of them compiled for AVX, would be a copy that only one of their CPUs can run.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace septet {

namespace detail {

[[gnu::always_inline]] inline std::uint32_t bits_of_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

[[gnu::always_inline]] inline float float_of_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

[[gnu::always_inline]] inline float widened_bf16(std::uint16_t bits) {
  return float_of_bits(std::uint32_t{bits} << 16);
}

[[gnu::always_inline]] inline std::uint16_t narrowed_bf16(float value) {
  const std::uint32_t bits = bits_of_float(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// Without branches, so that loops over it become vectors.
[[gnu::always_inline]] inline float widened_f16(std::uint16_t half) {
  constexpr std::uint32_t kRebias = std::uint32_t{127 - 15} << 23;
  const std::uint32_t sign = (std::uint32_t{half} & 0x8000u) << 16;
  const std::uint32_t magnitude = (std::uint32_t{half} & 0x7fffu) << 13;
  const std::uint32_t top = magnitude >= (std::uint32_t{31} << 23) ? kRebias : 0;  // infinity, NaN
  const std::uint32_t normal = magnitude + kRebias + top;
  // A whole number of 2^-24: exact, and no subnormal is involved.
  const std::uint32_t subnormal =
      bits_of_float(static_cast<float>(static_cast<std::int32_t>(half & 0x3ffu)) * 0x1p-24f);
  return float_of_bits(sign | (magnitude < (std::uint32_t{1} << 23) ? subnormal : normal));
}

[[gnu::always_inline]] inline std::uint16_t narrowed_f16(float value) {
  constexpr std::uint32_t kOverflow = 0x477ff000u;   // 65520, halfway from the largest half to 2^16: a tie
  constexpr std::uint32_t kNormal = 0x38800000u;     // 2^-14
  constexpr std::uint32_t kUnderflow = 0x33000000u;  // 2^-25, halfway from 0 to the smallest half: a tie
  const std::uint32_t bits = bits_of_float(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | (magnitude >> 13 & 0x1ffu);
  } else if (magnitude >= kOverflow) {
    half = 0x7c00u;
  } else if (magnitude >= kNormal) {
    half = (magnitude - (std::uint32_t{127 - 15} << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  } else if (magnitude > kUnderflow) {
    const std::uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
    const std::uint32_t shift = 126 - (magnitude >> 23);  // 14 to 24: what is left counts 2^-24
    const std::uint32_t odd = significand >> shift & 1u;
    half = (significand + (std::uint32_t{1} << (shift - 1)) - 1 + odd) >> shift;
  }
  return static_cast<std::uint16_t>(sign | half);
}

template <class T>
using OnlyFloat = std::enable_if_t<std::is_same_v<T, float>>;

}  // namespace detail

/// The upper half of a float. Constructed from float alone: a double would be rounded twice.
struct bf16 {
  std::uint16_t bits;

  bf16() = default;
  template <class Float, class = detail::OnlyFloat<Float>>
  [[gnu::always_inline]] explicit bf16(Float value) : bits(detail::narrowed_bf16(value)) {}
  [[gnu::always_inline]] explicit operator float() const { return detail::widened_bf16(bits); }

  static bf16 from_bits(std::uint16_t bits) {
    bf16 result;
    result.bits = bits;
    return result;
  }
};

/// IEEE 754 binary16. As bf16.
struct f16 {
  std::uint16_t bits;

  f16() = default;
  template <class Float, class = detail::OnlyFloat<Float>>
  [[gnu::always_inline]] explicit f16(Float value) : bits(detail::narrowed_f16(value)) {}
  [[gnu::always_inline]] explicit operator float() const { return detail::widened_f16(bits); }

  static f16 from_bits(std::uint16_t bits) {
    f16 result;
    result.bits = bits;
    return result;
  }
};

static_assert(std::is_trivial_v<bf16> && sizeof(bf16) == 2, "septet: arrays of bf16 are arrays of 16 bits");
static_assert(std::is_trivial_v<f16> && sizeof(f16) == 2, "septet: arrays of f16 are arrays of 16 bits");

}  // namespace septet
