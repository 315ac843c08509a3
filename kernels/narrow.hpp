// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Accumulators as real arrays have them (docs/dataflows.md, section 9): what they need to know at run time, made from
// the options here and nowhere else, and their arithmetic one sum at a time. narrow_mac-inl.h has it in vectors.
//
//   R(x)  what an accumulator keeps of x: all of it; an f16, to nearest even; n bits, by wrapping or saturating
//   F(x)  what flushing leaves of x: a subnormal becomes the zero of its sign
//
//   integers   acc <- R(acc + a * b)
//   unfused    acc <- F(R(acc + F(R(a * b))))
//   fused      acc <- F(R(a * b + acc)), one rounding
//   start      acc <- F(R(start))                 folds: total <- F(R'(start)), total <- F(R'(total + acc))
//
// Elements of A and B are flushed, in their own type, before they come here.
#pragma once

#include "septet/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::kernels {

/// The largest f16, and the smallest normal one.
inline constexpr double kLargestHalf = 65504, kSmallestHalf = 0x1p-14;

/// One accumulator.
struct NarrowSum {
  // Of integers.
  bool clamps = false;  ///< to [low, high]; else modulo 2^(32 - shift), as a signed number
  std::int32_t low = std::numeric_limits<std::int32_t>::min();
  std::int32_t high = std::numeric_limits<std::int32_t>::max();
  int shift = 0;
  // Of floats.
  bool half = false;                                        ///< an f16
  double beyond = std::numeric_limits<double>::infinity();  ///< what magnitudes that round beyond 65504 become
  double smallest = 0;                                      ///< smaller magnitudes are flushed
};

/// The running sum, and what sums are added to: the fold accumulator, or (chained) the running sum again.
struct Narrow {
  NarrowSum sum;
  NarrowSum total;
};

/// The smallest normal magnitude of a float type: what flushing leaves.
constexpr double smallest_normal(Type type) {
  return type == Type::f16 ? kSmallestHalf : type == Type::f64 ? 0x1p-1022 : 0x1p-126;
}

/// Of sums of type `type` (f32, f64, s32).
inline NarrowSum narrow_sum(Type type, const Accumulator& accumulator, bool flushes) {
  NarrowSum result;
  const bool clamps = accumulator.overflow == Overflow::clamp;
  if (type == Type::s32) {
    const int unused = accumulator.bits == 0 ? 0 : 32 - accumulator.bits;
    result.clamps = clamps;
    if (clamps) result.low >>= unused, result.high >>= unused;
    if (!clamps) result.shift = unused;
    return result;
  }
  result.half = accumulator.bits == 16;
  if (result.half && clamps) result.beyond = kLargestHalf;
  if (flushes) result.smallest = smallest_normal(result.half ? Type::f16 : type);
  return result;
}

inline Narrow narrow_of(Type type, const GemmOptions& options) {
  const bool folds = options.accumulate == Accumulate::fold_then_add;
  const NarrowSum sum = narrow_sum(type, options.accumulator, options.flush_subnormals);
  return {sum, folds ? narrow_sum(type, options.fold_accumulator, options.flush_subnormals) : sum};
}

/// Some option asks for less than the sums' type in full.
inline bool narrows(const GemmOptions& o) {
  const auto whole = [](const Accumulator& x) { return x.bits == 0 && x.overflow == Overflow::wrap; };
  return o.flush_subnormals || !whole(o.accumulator) || !whole(o.fold_accumulator);
}

/// Every step has to be done as it is stated: no kernel that knows the full type alone gives these bits. Otherwise the
/// sums are exact modulo 2^32, and R at the end is all there is to do (integers that wrap: the low bits of a sum depend
/// on the low bits of what is added alone).
inline bool steps_matter(Type type, const GemmOptions& options) {
  if (!narrows(options)) return false;
  const Narrow narrow = narrow_of(type, options);
  const auto matters = [](const NarrowSum& x) { return x.clamps || x.half || x.smallest != 0; };
  return matters(narrow.sum) || matters(narrow.total) || narrow.total.shift < narrow.sum.shift;
}

/// In words, of options of which they do.
inline const char* why_steps_matter(const GemmOptions& options) {
  if (options.accumulator.bits == 0 && options.fold_accumulator.bits == 0 && options.flush_subnormals) {
    return "exact and slower: subnormals are flushed at every step";
  }
  return "exact and slower: sums are rounded or saturate at every step";
}

// ---- one at a time

/// R of an exact integer.
inline std::int32_t rounded(const NarrowSum& to, std::int64_t exact) {
  if (to.clamps) return static_cast<std::int32_t>(std::clamp<std::int64_t>(exact, to.low, to.high));
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(exact) << to.shift) >> to.shift;
}

/// F(R(x)) of a float or double.
template <class T, class = std::enable_if_t<std::is_floating_point_v<T>>>
T rounded(const NarrowSum& to, T x) {
  T magnitude = std::abs(x);
  if (to.half) {
    // Beside 2^(digits - 1) steps of an f16 at x, or of a subnormal one, a whole number of steps is all that T holds.
    constexpr T kSteps = static_cast<T>(std::int64_t{1} << (std::numeric_limits<T>::digits - 1 - 10));
    const T least = static_cast<T>(kSmallestHalf), most = static_cast<T>(0x1p16);
    const T power = !(magnitude < most) ? most  // NaN stays
                    : magnitude < least ? least
                                        : std::ldexp(T{1}, std::ilogb(magnitude));
    magnitude = (magnitude + power * kSteps) - power * kSteps;
    if (magnitude > static_cast<T>(kLargestHalf)) magnitude = static_cast<T>(to.beyond);
  }
  return std::copysign(magnitude < static_cast<T>(to.smallest) ? T{0} : magnitude, x);
}

/// One multiply-accumulate. Of floats, kFused.
template <bool kFused>
float narrow_step(const NarrowSum& to, float acc, float a, float b) {
  if (!kFused) return rounded(to, acc + rounded(to, a * b));
  if (!to.half) return rounded(to, std::fma(a, b, acc));
  // In double the product of two f16 or bf16 is exact, and so is its sum with an f16, but where one of the two is less
  // than a quarter of the other's last place as an f16: then the sum is as far from a tie as it was.
  return static_cast<float>(rounded(to, static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(acc)));
}
template <bool kFused>
double narrow_step(const NarrowSum& to, double acc, double a, double b) {
  return rounded(to, kFused ? std::fma(a, b, acc) : acc + rounded(to, a * b));
}
template <bool kFused>
std::int32_t narrow_step(const NarrowSum& to, std::int32_t acc, std::int32_t a, std::int32_t b) {
  return rounded(to, std::int64_t{acc} + std::int64_t{a} * b);
}

/// total + sum, for a fold accumulator.
inline std::int32_t narrow_add(const NarrowSum& to, std::int32_t total, std::int32_t sum) {
  return rounded(to, std::int64_t{total} + sum);
}
inline float narrow_add(const NarrowSum& to, float total, float sum) {
  if (!to.half) return rounded(to, total + sum);
  return static_cast<float>(rounded(to, static_cast<double>(total) + static_cast<double>(sum)));  // as above
}
inline double narrow_add(const NarrowSum& to, double total, double sum) { return rounded(to, total + sum); }

}  // namespace septet::kernels
