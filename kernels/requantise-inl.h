// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Requantisation in vectors, compiled once per target: gemmlowp_double and fp32_nearest_even in 32-bit lanes, the other
// roundings in 64-bit ones. What does not fill a vector takes requantise.hpp. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_REQUANTISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_REQUANTISE_INL_H_
#undef SEPTET_KERNELS_REQUANTISE_INL_H_
#else
#define SEPTET_KERNELS_REQUANTISE_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/requantise.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
HWY_INLINE T ValueAt(const RowOperand<T>& operand, Index j) {
  return operand.data == nullptr ? T{0} : operand.data[operand.repeated ? 0 : j];
}

#if HWY_TARGET != HWY_SCALAR  // whose vectors have no halves

// Below AVX2 there is no 64-bit arithmetic shift: measured, vectors of integers took twice the scalar code's time.
constexpr bool kRequantisesInVectors = !HWY_ARCH_X86 || HWY_MAX_BYTES >= 32;

using SumTag = hn::ScalableTag<std::int64_t>;
using Sums = hn::Vec<SumTag>;

// Elements j, j + 1, … as 64-bit lanes.
HWY_INLINE Sums Widened(const std::int32_t* data) {
  const SumTag d;
  const hn::Rebind<std::int32_t, SumTag> narrow;
  return hn::PromoteTo(d, hn::LoadU(narrow, data));
}

// Sums with their bias.
template <class D>
HWY_INLINE hn::Vec<D> BiasedSums(D d, const RequantiseCall& call, Index j) {
  const auto sums = hn::LoadU(d, call.sums + j);
  if (call.bias.data == nullptr) return sums;
  return hn::Add(sums, call.bias.repeated ? hn::Set(d, *call.bias.data) : hn::LoadU(d, call.bias.data + j));
}

HWY_INLINE Sums Widened(const RowOperand<std::int32_t>& operand, Index j) {
  const SumTag d;
  if (operand.data == nullptr) return hn::Zero(d);
  return operand.repeated ? hn::Set(d, std::int64_t{*operand.data}) : Widened(operand.data + j);
}

// x * y of what fits 32 bits.
HWY_INLINE Sums Product(Sums x, Sums y) {
  const hn::Repartition<std::int32_t, SumTag> half;
  return hn::MulEven(hn::BitCast(half, x), hn::BitCast(half, y));
}

// rescaled() of requantise.hpp, operation by operation.
template <Rounding kRounding>
HWY_INLINE Sums Rescaled(Sums x, Sums multiplier, Sums shift) {
  const SumTag d;
  const Sums one = hn::Set(d, std::int64_t{1});
  const Sums total = hn::Sub(hn::Set(d, std::int64_t{31}), shift);
  const Sums product = Product(x, multiplier);
  if constexpr (kRounding == Rounding::floor) return hn::Shr(product, total);
  const Sums half = hn::Shl(one, hn::Sub(total, one));
  if constexpr (kRounding == Rounding::single_half_up) return hn::Shr(hn::Add(product, half), total);
  if constexpr (kRounding == Rounding::single_half_even) {
    const Sums odd = hn::And(hn::Shr(product, total), one);
    return hn::Shr(hn::Add(product, hn::Add(hn::Sub(half, one), odd)), total);
  }
  const Sums sign = hn::BroadcastSignBit(product);
  const Sums magnitude = hn::Sub(hn::Xor(product, sign), sign);
  const Sums nudged = kRounding == Rounding::single_half_away ? hn::Add(magnitude, half) : magnitude;
  return hn::Sub(hn::Xor(hn::Shr(nudged, total), sign), sign);
}

using WordTag = hn::ScalableTag<std::int32_t>;
using Words = hn::Vec<WordTag>;

HWY_INLINE Words Loaded(const RowOperand<std::int32_t>& operand, Index j) {
  const WordTag d;
  if (operand.data == nullptr) return hn::Zero(d);
  return operand.repeated ? hn::Set(d, *operand.data) : hn::LoadU(d, operand.data + j);
}

// round(x * y / 2^31), ties up: what SaturatingRoundingDoublingHighMul() is of all but -2^31 and -2^31.
HWY_INLINE Words HighProduct(Words x, Words y) {
  const WordTag d;
  const hn::Repartition<std::uint64_t, WordTag> wide;
  // Twice the product of even lanes, and a unit's half: bits 32 to 63 are what is wanted.
  const auto twice = [&](Words a, Words b) {
    const auto sum = hn::Add(hn::BitCast(wide, hn::MulEven(a, b)), hn::Set(wide, std::uint64_t{1} << 30));
    return hn::BitCast(d, hn::Add(sum, sum));
  };
  const auto odd_lanes = [&](Words v) { return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, v))); };
  return hn::OddEven(twice(odd_lanes(x), odd_lanes(y)), odd_lanes(twice(x, y)));
}

// … saturating.
HWY_INLINE Words SaturatedHighProduct(Words x, Words y) {
  const WordTag d;
  const Words least = hn::Set(d, std::numeric_limits<std::int32_t>::min());
  const auto overflows = hn::And(hn::Eq(x, least), hn::Eq(y, least));
  return hn::IfThenElse(overflows, hn::Set(d, std::numeric_limits<std::int32_t>::max()), HighProduct(x, y));
}

// rescaled<Rounding::gemmlowp_double>() of requantise.hpp.
HWY_INLINE Words RescaledTwice(Words x, Words multiplier, Words shift) {
  const WordTag d;
  const Words zero = hn::Zero(d), one = hn::Set(d, 1);
  const Words right = hn::Max(hn::Sub(zero, shift), zero);
  const Words high = SaturatedHighProduct(hn::Shl(x, hn::Max(shift, zero)), multiplier);
  const Words mask = hn::Sub(hn::Shl(one, right), one);
  const Words threshold = hn::Add(hn::ShiftRight<1>(mask), hn::IfThenElseZero(hn::Lt(high, zero), one));
  const auto up = hn::Gt(hn::And(high, mask), threshold);
  return hn::Add(hn::Shr(high, right), hn::IfThenElseZero(up, one));
}

// The bits of unsigned lanes that a narrower output keeps.
template <class Out, class V>
HWY_INLINE void StoreNarrowed(V value, Out* out) {
  using Bits = std::make_unsigned_t<Out>;
  const hn::Rebind<Bits, hn::DFromV<V>> narrow;
  hn::StoreU(hn::TruncateTo(narrow, value), narrow, reinterpret_cast<Bits*>(out));
}

template <Rounding kRounding, class Out>
HWY_INLINE void RequantiseVector(const RequantiseCall& call, Index j, Out* out) {
  const SumTag d;
  const hn::RebindToUnsigned<SumTag> bits;
  Sums value = Rescaled<kRounding>(hn::PromoteTo(d, BiasedSums(hn::Rebind<std::int32_t, SumTag>(), call, j)),
                                   Widened(call.multiplier, j), Widened(call.shift, j));
  value = hn::Add(value, hn::Set(d, std::int64_t{call.zero_point}));
  if (call.overflow == Overflow::clamp) {
    value = hn::Max(value, hn::Set(d, std::int64_t{call.low}));
    value = hn::Min(value, hn::Set(d, std::int64_t{call.high}));
  }
  StoreNarrowed(hn::BitCast(bits, value), out);
}

// Clamps before the zero point comes, so that nothing leaves 32 bits.
template <class Out>
HWY_INLINE void StoreWords(const RequantiseCall& call, Words value, Out* out) {
  const WordTag d;
  const hn::RebindToUnsigned<WordTag> bits;
  if (call.overflow == Overflow::clamp) {
    value = hn::Max(value, hn::Set(d, call.low - call.zero_point));
    value = hn::Min(value, hn::Set(d, call.high - call.zero_point));
  }
  const auto sum = hn::Add(hn::BitCast(bits, value), hn::Set(bits, static_cast<std::uint32_t>(call.zero_point)));
  StoreNarrowed(sum, out);
}

// A vector of columns by fp32_nearest_even.
struct ByScale {
  hn::Vec<hn::ScalableTag<float>> scale;

  HWY_INLINE ByScale(const RequantiseCall& call, Index j)
      : scale(call.scale.repeated ? hn::Set(hn::ScalableTag<float>(), *call.scale.data)
                                  : hn::LoadU(hn::ScalableTag<float>(), call.scale.data + j)) {}
  template <class Out>
  HWY_INLINE void store(const RequantiseCall& call, Words sum, Out* out) const {
    // Saturates; rounds as the environment says, which is to nearest even.
    StoreWords(call, hn::NearestInt(hn::Mul(hn::ConvertTo(hn::ScalableTag<float>(), sum), scale)), out);
  }
};

// … by gemmlowp_double.
struct ByTwoRoundings {
  Words multiplier, shift;

  HWY_INLINE ByTwoRoundings(const RequantiseCall& call, Index j)
      : multiplier(Loaded(call.multiplier, j)), shift(Loaded(call.shift, j)) {}
  // Two places to the right and more, and no multiplier that could make the first rounding saturate.
  HWY_INLINE bool is_usual() const {
    const WordTag d;
    const auto least = hn::Set(d, std::numeric_limits<std::int32_t>::min());
    return hn::AllTrue(d, hn::Lt(shift, hn::Set(d, -1))) && hn::AllFalse(d, hn::Eq(multiplier, least));
  }
  template <class Out>
  HWY_INLINE void store(const RequantiseCall& call, Words sum, Out* out) const {
    StoreWords(call, RescaledTwice(sum, multiplier, shift), out);
  }
};

// … as is usual. With e = -shift >= 2, high / 2^e to the nearest integer, ties away from 0, is
// ((high - [high < 0] >> e - 1) + 1) >> 1, where nothing leaves 32 bits, nor does it with twice the zero point beside
// that 1.
struct ByUsualRoundings {
  Words multiplier, less_one, term;

  HWY_INLINE ByUsualRoundings(const RequantiseCall& call, const ByTwoRoundings& by)
      : multiplier(by.multiplier),
        less_one(hn::Sub(hn::Set(WordTag(), -1), by.shift)),
        term(hn::Set(WordTag(), 1 + 2 * call.zero_point)) {}
  template <class Out>
  HWY_INLINE void store(const RequantiseCall& call, Words sum, Out* out) const {
    const WordTag d;
    const Words high = HighProduct(sum, multiplier);
    const Words value = hn::ShiftRight<1>(hn::Add(hn::Shr(hn::Add(high, hn::BroadcastSignBit(high)), less_one), term));
    if (call.overflow == Overflow::clamp) {
      const Words clamped = hn::Min(hn::Max(value, hn::Set(d, call.low)), hn::Set(d, call.high));
      return StoreNarrowed(hn::BitCast(hn::RebindToUnsigned<WordTag>(), clamped), out);
    }
    StoreNarrowed(hn::BitCast(hn::RebindToUnsigned<WordTag>(), value), out);
  }
};

// A vector of columns from j on, row by row: what belongs to a column is fetched once.
template <class Rescaler, class Out>
HWY_INLINE void RequantiseWith(const RequantiseCall& call, const Rescaler& by, Index j, Out* out) {
  const Words bias = Loaded(call.bias, j);
  const std::int32_t* sums = call.sums + j;
  for (Index i = 0; i < call.rows; ++i, sums += call.sums_row, out += call.out_row) {
    by.store(call, hn::Add(hn::LoadU(WordTag(), sums), bias), out);
  }
}

template <Rounding kRounding, class Out>
HWY_INLINE void RequantiseColumns(const RequantiseCall& call, Index j, Out* out) {
  if constexpr (kRounding == Rounding::fp32_nearest_even) {
    RequantiseWith(call, ByScale(call, j), j, out);
  } else {
    const ByTwoRoundings by(call, j);
    if (by.is_usual()) return RequantiseWith(call, ByUsualRoundings(call, by), j, out);
    RequantiseWith(call, by, j, out);
  }
}

#endif  // HWY_TARGET != HWY_SCALAR

// Columns from `first` on of one row.
template <Rounding kRounding, class Out>
HWY_INLINE void RequantiseRow(const RequantiseCall& call, Index first, Out* out) {
  constexpr bool kByScale = kRounding == Rounding::fp32_nearest_even;
  Index j = first;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (kRequantisesInVectors && !kByScale && kRounding != Rounding::gemmlowp_double) {
    const Index lanes = static_cast<Index>(hn::Lanes(SumTag()));
    for (; j + lanes <= call.count; j += lanes) RequantiseVector<kRounding>(call, j, out + j);
  }
#endif
  for (; j < call.count; ++j) {
    if constexpr (kByScale) {
      out[j] = narrowed<Out>(rescaled(biased_sum(call, j), ValueAt(call.scale, j)), call);
    } else {
      out[j] = narrowed<Out>(
          rescaled<kRounding>(biased_sum(call, j), ValueAt(call.multiplier, j), ValueAt(call.shift, j)), call);
    }
  }
}

template <Rounding kRounding, class Out>
void RequantiseRows(const RequantiseCall& from) {
  RequantiseCall call = from;  // what `out` points to cannot be a part of it
  Out* out = static_cast<Out*>(call.out);
  Index first = 0;
#if HWY_TARGET != HWY_SCALAR
  constexpr bool kByScale = kRounding == Rounding::fp32_nearest_even;
  if constexpr (kByScale || (kRequantisesInVectors && kRounding == Rounding::gemmlowp_double)) {
    const Index lanes = static_cast<Index>(hn::Lanes(WordTag()));
    for (; first + lanes <= call.count; first += lanes) RequantiseColumns<kRounding>(call, first, out + first);
  }
#endif
  if (first == call.count) return;
  for (Index i = 0; i < from.rows; ++i, call.sums += call.sums_row, out += call.out_row) {
    RequantiseRow<kRounding>(call, first, out);
  }
}

template <Rounding kRounding>
void RequantiseTo(const RequantiseCall& call) {
  if (call.type == Type::s8) return RequantiseRows<kRounding, std::int8_t>(call);
  if (call.type == Type::s16) return RequantiseRows<kRounding, std::int16_t>(call);
  return RequantiseRows<kRounding, std::uint8_t>(call);
}

inline void RequantiseAny(const RequantiseCall& call) noexcept {
  switch (call.rounding) {
    case Rounding::gemmlowp_double:
      return RequantiseTo<Rounding::gemmlowp_double>(call);
    case Rounding::single_half_up:
      return RequantiseTo<Rounding::single_half_up>(call);
    case Rounding::single_half_away:
      return RequantiseTo<Rounding::single_half_away>(call);
    case Rounding::truncate:
      return RequantiseTo<Rounding::truncate>(call);
    case Rounding::floor:
      return RequantiseTo<Rounding::floor>(call);
    case Rounding::fp32_nearest_even:
      return RequantiseTo<Rounding::fp32_nearest_even>(call);
    case Rounding::single_half_even:
      return RequantiseTo<Rounding::single_half_even>(call);
  }
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
