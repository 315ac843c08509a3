// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One multiply-accumulate into a narrow accumulator (narrow.hpp) on vectors, compiled once per target: what the exact
// strips and the emulator's registers share. Sums, and elements of A and B, stand one to a lane: f16 and bf16 as the
// f32 that they are exactly. Include guard by Highway's toggle.
//
//   V Enter(V start)             F(R'(start))
//   V Step(V acc, V a, V b)      one MAC, as narrow.hpp states it
//   V Add(V total, V sum)        F(R'(total + sum))
#if defined(SEPTET_KERNELS_NARROW_MAC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_NARROW_MAC_INL_H_
#undef SEPTET_KERNELS_NARROW_MAC_INL_H_
#else
#define SEPTET_KERNELS_NARROW_MAC_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/mac-inl.h"
#include "kernels/narrow.hpp"

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x + y, rounded to odd: if f32 has no room for it, the one of its two neighbours there whose last bit is 1. That is
/// never a tie of f16, nor on the other side of one, since f32 has more than two bits more: rounding it to f16 is
/// rounding x + y itself (S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms
/// using rounding to odd", IEEE Transactions on Computers 57(4), 2008, theorem 3). From the sum to nearest and its
/// exact error (TwoSum; D. E. Knuth, The Art of Computer Programming 2, section 4.2.2).
HWY_INLINE hn::Vec<hn::ScalableTag<float>> AddToOdd(hn::Vec<hn::ScalableTag<float>> x,
                                                    hn::Vec<hn::ScalableTag<float>> y) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<hn::ScalableTag<float>> bits;
  const auto sum = hn::Add(x, y), y_part = hn::Sub(sum, x);
  const auto error = hn::Add(hn::Sub(x, hn::Sub(sum, y_part)), hn::Sub(y, y_part));
  // Towards the error: one up or stay, or one down or stay, to where the last bit is 1.
  const auto sum_bits = hn::BitCast(bits, sum);
  const auto down = hn::ShiftRight<31>(hn::Xor(sum_bits, hn::BitCast(bits, error)));
  const auto odd = hn::BitCast(d, hn::Or(hn::Add(sum_bits, down), hn::Set(bits, 1)));
  // Where the sum is infinite or NaN the error is NaN: no error.
  return hn::IfThenElse(hn::Gt(hn::Abs(error), hn::Zero(d)), odd, sum);
}

/// F alone, of sums in f32 or f64 in full.
template <class T>
class FlushRounding {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;

  explicit FlushRounding(const NarrowSum& to) : smallest_(hn::Set(D(), static_cast<T>(to.smallest))) {}
  HWY_INLINE V operator()(V x) const {
    const V magnitude = hn::Abs(x);
    return hn::CopySign(hn::IfThenZeroElse(hn::Lt(magnitude, smallest_), magnitude), x);
  }
  /// Of x + y with one rounding.
  HWY_INLINE V Sum(V x, V y) const { return (*this)(hn::Add(x, y)); }

 private:
  V smallest_;
};

/// F(R(x)) of any sum: doubles have no narrower form.
template <class T>
class NarrowRounding : public FlushRounding<T> {
 public:
  using FlushRounding<T>::FlushRounding;
};

/// Of f32: f16 or all of it.
//
// Let 2^e <= |x| < 2^(e + 1). An f16 there is a whole number of 2^(e - 10), or of 2^-24 below 2^-14. M = 2^(e + 13), at
// least 2^-1, is 2^23 of those: every f32 in [M, 2 M) is a whole number of them, and M an even one. So |x| + M is |x|
// rounded to nearest even beside M, and the subtraction is exact. From 2^16 on everything is beyond the range, whatever
// its last bits: M stays 2^29, which keeps infinity and NaN. With M = 0 nothing is rounded.
template <>
class NarrowRounding<float> {
 public:
  using D = hn::ScalableTag<float>;
  using V = hn::Vec<D>;

  explicit NarrowRounding(const NarrowSum& to)
      : half_(hn::BitCast(D(), hn::Set(hn::RebindToUnsigned<D>(), to.half ? ~std::uint32_t{0} : 0))),
        largest_(hn::Set(D(), to.half ? static_cast<float>(kLargestHalf) : std::numeric_limits<float>::infinity())),
        beyond_(hn::Set(D(), static_cast<float>(to.beyond))),
        smallest_(hn::Set(D(), static_cast<float>(to.smallest))) {}

  HWY_INLINE V operator()(V x) const {
    const D d;
    const V exponent = hn::And(x, hn::BitCast(d, hn::Set(hn::RebindToUnsigned<D>(), 0x7f800000u)));
    const V steps = hn::Max(hn::Mul(exponent, hn::Set(d, 0x1p13f)), hn::Set(d, 0x1p-1f));
    const V beside = hn::And(hn::Min(steps, hn::Set(d, 0x1p29f)), half_);
    V magnitude = hn::Sub(hn::Add(hn::Abs(x), beside), beside);
    magnitude = hn::IfThenElse(hn::Gt(magnitude, largest_), beyond_, magnitude);
    magnitude = hn::IfThenZeroElse(hn::Lt(magnitude, smallest_), magnitude);
    return hn::CopySign(magnitude, x);
  }
  /// Of x + y with one rounding, whatever f32 they are.
  HWY_INLINE V Sum(V x, V y) const {
    const V odd = AddToOdd(x, y), sum = hn::Add(x, y);
    return (*this)(hn::IfThenElse(hn::Ne(largest_, hn::Set(D(), std::numeric_limits<float>::infinity())), odd, sum));
  }

 private:
  V half_, largest_, beyond_, smallest_;
};

/// Sums of f32 or f64, flushed; or of f16, unfused. T: float, double. (Totals may be either: a fold accumulator is an
/// f16 or not, whatever the running sum is.)
//
// Unfused f16: the f32 product of two f16 is exact (22 bits), and so is that of two bf16 (16 bits) where an f16 could
// tell: what leaves the range of f32 is 0, with its sign, or beyond the range of f16 too. The f32 sum of two f16, s, is
// inexact only if the smaller one, y, is less than 2^(e - 12), with 2^e the larger one's magnitude rounded down to a
// power of two: then s is nearer to the larger one, an f16, than to any tie, before and after it is rounded to f32. So
// rounding twice is rounding once (S. A. Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30(3), 1995:
// 24 >= 2 * 11 + 2).
template <class T, bool kFused>
class NarrowMac {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using Elem = T;

  explicit NarrowMac(const Narrow& narrow) : sum_(narrow.sum), total_(narrow.total) {}
  HWY_INLINE V Enter(V start) const { return total_(start); }
  HWY_INLINE V Step(V acc, V a, V b) const {
    if constexpr (kFused) return sum_(FusedMultiplyAdd(D(), acc, a, b));
    return sum_(hn::Add(acc, sum_(hn::Mul(a, b))));
  }
  HWY_INLINE V Add(V total, V sum) const { return total_.Sum(total, sum); }

 private:
  std::conditional_t<kFused, FlushRounding<T>, NarrowRounding<T>> sum_;
  NarrowRounding<T> total_;
};

/// Sums of f16, fused: R(a * b + acc) with one rounding.
//
// The f32 product p is exact, as above; one of finite bf16 that f32 has no room for is replaced by 2^-100 or 2^100 of
// its sign (of the first, nothing but the sign can count beside an f16; the second is beyond the range beside any but
// infinity). p + acc is rounded to odd, and then to f16.
class HalfFusedMac : public NarrowMac<float, true> {
 public:
  explicit HalfFusedMac(const Narrow& narrow) : NarrowMac(narrow), sum_(narrow.sum) {}

  HWY_INLINE V Step(V acc, V a, V b) const { return sum_(AddToOdd(Product(a, b), acc)); }

 private:
  static HWY_INLINE V Product(V a, V b) {
    const D d;
    const V product = hn::Mul(a, b), magnitude = hn::Abs(product);
    const V zero = hn::Zero(d), infinity = hn::Set(d, std::numeric_limits<float>::infinity());
    const V tiny = hn::Set(d, 0x1p-100f), huge = hn::Set(d, 0x1p100f);
    const auto not_zero = hn::And(hn::Ne(a, zero), hn::Ne(b, zero));
    const auto finite = hn::And(hn::Lt(hn::Abs(a), infinity), hn::Lt(hn::Abs(b), infinity));
    V kept = hn::IfThenElse(hn::And(hn::Lt(magnitude, tiny), not_zero), tiny, magnitude);
    kept = hn::IfThenElse(hn::And(hn::Gt(magnitude, huge), finite), huge, kept);
    return hn::CopySign(kept, product);
  }

  NarrowRounding<float> sum_;
};

/// s32 sums of n bits; elements are of 16 bits, or of 9 (bytes less their zero points), each in a lane of 32.
template <>
class NarrowRounding<std::int32_t> {
 public:
  using D = hn::ScalableTag<std::int32_t>;
  using V = hn::Vec<D>;

  explicit NarrowRounding(const NarrowSum& to)
      : clamps_(hn::Set(D(), to.clamps ? -1 : 0)),
        low_(hn::Set(D(), to.low)),
        high_(hn::Set(D(), to.high)),
        shift_(to.shift) {}

  HWY_INLINE V operator()(V x) const {
    x = hn::ShiftRightSame(hn::ShiftLeftSame(x, shift_), shift_);
    return hn::Min(hn::Max(x, low_), high_);
  }
  /// R(x + y), the sum exact: where it leaves 32 bits, both have the sign that it has not.
  HWY_INLINE V Sum(V x, V y) const {
    const D d;
    const V sum = hn::Add(x, y);
    const V left = hn::And(hn::BroadcastSignBit(hn::And(hn::Xor(x, sum), hn::Xor(y, sum))), clamps_);
    const V end = hn::Xor(hn::BroadcastSignBit(x), hn::Set(d, std::numeric_limits<std::int32_t>::max()));
    return (*this)(hn::IfThenElse(hn::MaskFromVec(left), end, sum));
  }

 private:
  V clamps_, low_, high_;
  int shift_;
};

template <bool kFused>
class NarrowMac<std::int32_t, kFused> {
 public:
  using D = hn::ScalableTag<std::int32_t>;
  using V = hn::Vec<D>;
  using Elem = std::int32_t;

  explicit NarrowMac(const Narrow& narrow) : sum_(narrow.sum), total_(narrow.total) {}
  HWY_INLINE V Enter(V start) const { return total_(start); }
  HWY_INLINE V Step(V acc, V a, V b) const { return sum_.Sum(acc, hn::Mul(a, b)); }
  HWY_INLINE V Add(V total, V sum) const { return total_.Sum(total, sum); }

 private:
  NarrowRounding<std::int32_t> sum_, total_;
};

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
