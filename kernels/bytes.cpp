// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Quantised bytes, element by element, in 32-bit lanes; what does not fill a vector takes bytes_element.hpp.
#include "kernels/bytes.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bytes.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/bytes_element.hpp"
#include "kernels/instantiate.hpp"
#include "kernels/requantise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace {

// f(j), a vector from element j on, as far as vectors go, and g(j), one element, for the rest.
template <bool kInVectors, class F, class G>
HWY_INLINE void ForElements(Index count, F&& f, G&& g) {
  Index j = 0;
  if constexpr (kInVectors) {
    const Index lanes = static_cast<Index>(hn::Lanes(hn::ScalableTag<std::int32_t>()));
    for (; j + lanes <= count; j += lanes) f(j);
  }
  for (; j < count; ++j) g(j);
}

#if HWY_TARGET == HWY_SCALAR
constexpr bool kVectors = false;
#else
// Below AVX2 products of 32 bits are not worth it (requantise-inl.h).
constexpr bool kVectors = true, kProducts = !HWY_ARCH_X86 || HWY_MAX_BYTES >= 32;

template <class T>
HWY_INLINE Words LoadBytes(const void* x, Index j) {
  const WordTag d;
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, WordTag>(), static_cast<const T*>(x) + j));
}

// Clamped before the zero point comes, so that nothing leaves 32 bits.
template <class Call>
HWY_INLINE void StoreBytes(const Call& call, Words value, Index j) {
  const WordTag d;
  value = hn::Min(hn::Max(value, hn::Set(d, call.low - call.to)), hn::Set(d, call.high - call.to));
  StoreNarrowed(hn::BitCast(hn::RebindToUnsigned<WordTag>(), hn::Add(value, hn::Set(d, call.to))),
                static_cast<std::uint8_t*>(call.out) + j);
}

// x * 2^kLeft by one factor that is not above 1, as RescaledTwice() has it, of lanes with |x| < 2^(30 - kLeft). Both of
// its roundings are of one sum: adding 2^30 and dropping 31 bits rounds, ties up, and half of what the second drops can
// be added before the first does. Ties away from 0 are ties up, less one of the last place where the first result is
// below 0; where x is and that is 0, the one more makes no difference.
template <int kLeft>
class Downscale {
 public:
  explicit Downscale(const Factor& by)
      : multiplier_(hn::Set(WordTag(), by.multiplier)),
        sign_(hn::Set(WordTag(), by.shift == 0 ? 0 : -1)),
        rounding_(hn::Set(WideTag(), (std::uint64_t{1} << (30 - kLeft)) +
                                         (by.shift == 0 ? 0 : std::uint64_t{1} << (30 - kLeft - by.shift)))),
        right_(-by.shift) {}

  HWY_INLINE Words operator()(Words x) const {
    const WordTag d;
    const WideTag wide;
    const Words odd_lanes = hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, x)));
    const auto even = hn::Add(hn::BitCast(wide, hn::MulEven(x, multiplier_)), rounding_);
    const auto odd = hn::Add(hn::BitCast(wide, hn::MulEven(odd_lanes, multiplier_)), rounding_);
    const Words high =
        hn::OddEven(hn::BitCast(d, hn::ShiftLeft<1 + kLeft>(odd)), hn::BitCast(d, hn::ShiftRight<31 - kLeft>(even)));
    return hn::ShiftRightSame(hn::Add(high, hn::And(hn::BroadcastSignBit(x), sign_)), right_);
  }

 private:
  using WideTag = hn::Repartition<std::uint64_t, WordTag>;
  Words multiplier_, sign_;
  hn::Vec<WideTag> rounding_;
  int right_;
};

// What an operand of an addition comes to: half of it is exact, and what the coarser one always does.
template <class T, bool kHalf>
class Operand {
 public:
  Operand(const AddCall& call, int i)
      : x_(static_cast<const T*>(call.x[i])), from_(hn::Set(WordTag(), call.from[i])), scale_(call.of[i]) {}
  HWY_INLINE Words operator()(Index j) const {
    const Words x = hn::Sub(LoadBytes<T>(x_, j), from_);
    if constexpr (kHalf) return hn::ShiftLeft<kAddFractionalBits - 1>(x);
    return scale_(x);
  }

 private:
  const T* x_;
  Words from_;
  Downscale<kAddFractionalBits> scale_;
};

constexpr bool is_half(const Factor& factor) { return factor.multiplier == 1 << 30 && factor.shift == 0; }

// f(two operands): the coarser one, or both, are halved.
template <class T, class F>
HWY_INLINE void WithOperands(const AddCall& call, F&& f) {
  const bool half0 = is_half(call.of[0]), half1 = is_half(call.of[1]);
  if (half0 && half1) return f(Operand<T, true>(call, 0), Operand<T, true>(call, 1));
  if (half0) return f(Operand<T, true>(call, 0), Operand<T, false>(call, 1));
  if (half1) return f(Operand<T, true>(call, 1), Operand<T, false>(call, 0));
  f(Operand<T, false>(call, 0), Operand<T, false>(call, 1));
}

// Bytes that are shifted to the left by so many bits still fit Downscale.
constexpr int kMostLeft = 20;

template <class T>
HWY_INLINE void RescaleVector(const RescaleCall& call, const Downscale<0>& by, Index j) {
  const Words x = hn::Sub(LoadBytes<T>(call.x, j), hn::Set(WordTag(), call.from));
  StoreBytes(call, by(hn::ShiftLeftSame(x, call.by.shift > 0 ? call.by.shift : 0)), j);
}

HWY_INLINE void QuantiseVector(const QuantiseCall& call, Index j) {
  const WordTag d;
  const hn::ScalableTag<float> f;
  const auto x = hn::LoadU(f, call.x + j), beyond = hn::Set(f, 1024.0f), half = hn::Set(f, 0.5f);
  auto steps = hn::IfThenElseZero(hn::Eq(x, x), hn::Div(x, hn::Set(f, call.scale)));
  steps = hn::Min(hn::Max(steps, hn::Neg(beyond)), beyond);
  const Words whole = hn::ConvertTo(d, steps), one = hn::Set(d, 1);
  const auto rest = hn::Sub(steps, hn::ConvertTo(f, whole));
  const auto when = [&](auto mask) { return hn::IfThenElseZero(hn::RebindMask(d, mask), one); };
  const Words up = when(hn::Ge(rest, half)), down = when(hn::Le(rest, hn::Neg(half)));
  StoreBytes(call, hn::Sub(hn::Add(whole, up), down), j);
}

template <class T>
HWY_INLINE void DequantiseVector(const DequantiseCall& call, Index j) {
  const hn::ScalableTag<float> f;
  const Words steps = hn::Sub(LoadBytes<T>(call.x, j), hn::Set(WordTag(), call.from));
  hn::StoreU(hn::Mul(hn::Set(f, call.scale), hn::ConvertTo(f, steps)), f, call.out + j);
}
#endif  // HWY_TARGET != HWY_SCALAR

// The calls are copied: what `out` points to cannot be a part of the copy.
template <class T>
void Rescale(const RescaleCall& from) noexcept {
  const RescaleCall call = from;
  const auto one = [&](Index j) {
    static_cast<std::uint8_t*>(call.out)[j] = rescaled_byte(call, static_cast<const T*>(call.x)[j]);
  };
#if HWY_TARGET != HWY_SCALAR
  if (call.by.shift <= kMostLeft) {
    const Downscale<0> by({call.by.multiplier, call.by.shift > 0 ? 0 : call.by.shift});
    return ForElements<kProducts>(
        call.count, [&](Index j) { RescaleVector<T>(call, by, j); }, one);
  }
#endif
  ForElements<false>(call.count, one, one);
}

template <class T>
void AddBytes(const AddCall& from) noexcept {
  const AddCall call = from;
  const T *x0 = static_cast<const T*>(call.x[0]), *x1 = static_cast<const T*>(call.x[1]);
  const auto one = [&](Index j) { static_cast<std::uint8_t*>(call.out)[j] = added_byte(call, x0[j], x1[j]); };
#if HWY_TARGET == HWY_SCALAR
  ForElements<false>(call.count, one, one);
#else
  const Downscale<0> by(call.by);
  WithOperands<T>(call, [&](const auto& a, const auto& b) {
    ForElements<kProducts>(
        call.count, [&](Index j) { StoreBytes(call, by(hn::Add(a(j), b(j))), j); }, one);
  });
#endif
}

void Quantise(const QuantiseCall& from) noexcept {
  const QuantiseCall call = from;
  const auto one = [&](Index j) { static_cast<std::uint8_t*>(call.out)[j] = quantised_byte(call, call.x[j]); };
#if HWY_TARGET == HWY_SCALAR
  ForElements<kVectors>(call.count, one, one);
#else
  ForElements<kVectors>(
      call.count, [&](Index j) { QuantiseVector(call, j); }, one);
#endif
}

template <class T>
void Dequantise(const DequantiseCall& from) noexcept {
  const DequantiseCall call = from;
  const auto one = [&](Index j) { call.out[j] = dequantised(call, static_cast<const T*>(call.x)[j]); };
#if HWY_TARGET == HWY_SCALAR
  ForElements<kVectors>(call.count, one, one);
#else
  ForElements<kVectors>(
      call.count, [&](Index j) { DequantiseVector<T>(call, j); }, one);
#endif
}

}  // namespace

ByteKernels byte_table() {
  return {
      &Rescale<std::int8_t>,    &Rescale<std::uint8_t>,   &AddBytes<std::int8_t>, &AddBytes<std::uint8_t>, &Quantise,
      &Dequantise<std::int8_t>, &Dequantise<std::uint8_t>};
}
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(ByteKernels, byte_table)
}  // namespace septet::kernels
#endif
