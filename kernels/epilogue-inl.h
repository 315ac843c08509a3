// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue's kernels (epilogue.hpp), compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_EPILOGUE_INL_H_
#undef SEPTET_KERNELS_EPILOGUE_INL_H_
#else
#define SEPTET_KERNELS_EPILOGUE_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/activation_tables.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/strip-inl.h"  // FusedMultiplyAdd

#include <algorithm>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using WideTag = hn::ScalableTag<double>;
using Wide = hn::Vec<WideTag>;

// ---- activations, in f64; see activation_tables.hpp for the formulas

HWY_INLINE Wide Fma(Wide a, Wide b, Wide c) { return FusedMultiplyAdd(WideTag(), c, a, b); }

template <size_t kCount>
HWY_INLINE Wide Horner(Wide x, const double (&coefficients)[kCount]) {
  const WideTag d;
  Wide sum = hn::Set(d, coefficients[0]);
  HWY_UNROLL(16)
  for (size_t i = 1; i < kCount; ++i) sum = Fma(sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

// 2^n for a whole n in [-1022, 1023].
HWY_INLINE Wide PowerOfTwo(Wide n) {
  const WideTag d;
  const hn::RebindToUnsigned<WideTag> bits;
  return hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(bits, hn::Add(n, hn::Set(d, kExponentBias)))));
}

// e^(t + extra) = (1 + p) * 2^n.
struct Exponential {
  Wide p;
  Wide n;
};

template <class Precision>
HWY_INLINE Exponential Exp(Wide t, Wide extra) {
  const WideTag d;
  const Wide to_integer = hn::Set(d, kRoundToInteger);
  const Wide n = hn::Sub(Fma(t, hn::Set(d, kLog2E), to_integer), to_integer);
  Wide r = Fma(n, hn::Set(d, -kLn2High), t);
  if (Precision::kDouble) r = hn::Add(r, Fma(n, hn::Set(d, -kLn2Low), extra));  // r was exact
  return {Fma(hn::Mul(r, r), Horner(r, Precision::kExp), r), n};
}

// x * 2^n. f64 reaches into the subnormals, where two steps round once.
template <class Precision>
HWY_INLINE Wide Scaled(Wide x, Wide n) {
  if (!Precision::kDouble) return hn::Mul(x, PowerOfTwo(n));
  const WideTag d;
  const Wide to_integer = hn::Set(d, kRoundToInteger);
  const Wide first = hn::Sub(Fma(n, hn::Set(d, 0.5), to_integer), to_integer);
  return hn::Mul(hn::Mul(x, PowerOfTwo(first)), PowerOfTwo(hn::Sub(n, first)));
}

template <class Precision>
HWY_INLINE Wide ExpOfNegative(Wide x) {
  const WideTag d;
  const Exponential e = Exp<Precision>(hn::Max(x, hn::Set(d, -Precision::kSigmoidEnd)), hn::Zero(d));
  return Scaled<Precision>(hn::Add(hn::Set(d, 1.0), e.p), e.n);
}

template <class Precision>
HWY_INLINE Wide Sigmoid(Wide x) {
  const WideTag d;
  const Wide one = hn::Set(d, 1.0);
  const Wide z = ExpOfNegative<Precision>(hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), z, one), hn::Add(one, z));
}

template <class Precision>
HWY_INLINE Wide Tanh(Wide x) {
  const WideTag d;
  const Wide a = hn::Min(hn::Abs(x), hn::Set(d, Precision::kTanhEnd));
  const Exponential e = Exp<Precision>(hn::Mul(a, hn::Set(d, -2.0)), hn::Zero(d));
  const Wide power = PowerOfTwo(e.n);
  const Wide em1 = Fma(power, e.p, hn::Sub(power, hn::Set(d, 1.0)));
  return hn::CopySign(hn::Div(em1, hn::Add(hn::Set(d, 2.0), em1)), x);
}

// Phi(-a) / 2^n.
template <class Precision>
HWY_INLINE Wide Tail(Wide a, Wide p) {
  if constexpr (Precision::kDouble) {
    const WideTag d;
    const Wide four = hn::Set(d, 4.0), one = hn::Set(d, 1.0), steep = hn::Set(d, 1.25);
    const Wide g = Horner(hn::Div(hn::Sub(a, four), hn::Add(a, four)), Precision::kMillsG);
    const Wide divisor = Fma(steep, a, one);
    const Wide mills = hn::Div(g, divisor);
    // What the divisor and the division were rounded by.
    const Wide missed = Fma(steep, a, hn::Sub(one, divisor));
    const Wide rest = hn::Sub(Fma(hn::Neg(mills), divisor, g), hn::Mul(mills, missed));
    const Wide low = hn::Mul(rest, hn::Mul(mills, hn::Set(d, kInverseOfG)));
    return hn::Add(mills, Fma(mills, p, low));
  } else {
    const Wide mills = hn::Div(Horner(a, Precision::kMillsP), Horner(a, Precision::kMillsQ));
    return Fma(mills, p, mills);
  }
}

template <class Precision>
HWY_INLINE Wide Gelu(Wide x) {
  const WideTag d;
  const Wide one = hn::Set(d, 1.0), minus_half = hn::Set(d, -0.5), end = hn::Set(d, Precision::kGeluEnd);
  const Wide a = hn::Min(hn::Abs(x), end);
  const Wide square = hn::Mul(a, a);
  const Wide rest = Precision::kDouble ? Fma(a, a, hn::Neg(square)) : hn::Zero(d);
  const Exponential e = Exp<Precision>(hn::Mul(square, minus_half), hn::Mul(rest, minus_half));
  const Wide tail = Tail<Precision>(a, e.p);
  const Wide below = Scaled<Precision>(hn::Mul(tail, hn::Neg(a)), e.n);
  const Wide above = hn::Mul(x, hn::Sub(one, Scaled<Precision>(tail, e.n)));
  const Wide y = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), below, above);
  if constexpr (Precision::kDouble) {
    const Wide centre = hn::Mul(x, Fma(x, Horner(square, Precision::kCentre), hn::Set(d, 0.5)));
    return hn::IfThenElse(hn::Lt(a, hn::Set(d, Precision::kCentreEnd)), centre, y);
  } else {
    return y;
  }
}

// What is computed in f64.
enum class Smooth { exp_of_negative, sigmoid, tanh, gelu };

template <class Precision, Smooth kFunction>
HWY_INLINE Wide Activated(Wide x) {
  Wide y = x;
  if (kFunction == Smooth::exp_of_negative) y = ExpOfNegative<Precision>(x);
  if (kFunction == Smooth::sigmoid) y = Sigmoid<Precision>(x);
  if (kFunction == Smooth::tanh) y = Tanh<Precision>(x);
  if (kFunction == Smooth::gelu) y = Gelu<Precision>(x);
  return hn::IfThenElse(hn::Eq(x, x), y, x);  // a NaN stays one
}

template <Smooth kFunction>
HWY_INLINE void ActivateVector(float* data) {
  const WideTag d;
  const hn::Rebind<float, WideTag> narrow;
  const Wide y = Activated<SinglePrecision, kFunction>(hn::PromoteTo(d, hn::LoadU(narrow, data)));
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  // Their DemoteTo makes infinity the largest float.
  HWY_ALIGN double lanes[hn::MaxLanes(WideTag())];
  hn::Store(y, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) data[i] = static_cast<float>(lanes[i]);
#else
  hn::StoreU(hn::DemoteTo(narrow, y), narrow, data);
#endif
}

template <Smooth kFunction>
HWY_INLINE void ActivateVector(double* data) {
  const WideTag d;
  hn::StoreU(Activated<DoublePrecision, kFunction>(hn::LoadU(d, data)), d, data);
}

// In place, one vector of f64 lanes at a time; the rest of the row in a padded one.
template <Smooth kFunction, class T>
HWY_NOINLINE void Activate(T* data, Index count) {
  const Index lanes = static_cast<Index>(hn::Lanes(WideTag()));
  Index j = 0;
  for (; j + lanes <= count; j += lanes) ActivateVector<kFunction>(data + j);
  if (j == count) return;
  HWY_ALIGN T rest[hn::MaxLanes(WideTag())] = {};
  std::copy(data + j, data + count, rest);
  ActivateVector<kFunction>(rest);
  std::copy(rest, rest + (count - j), data + j);
}

// ---- the steps before it

template <class T>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> Load(const RowOperand<T>& operand, Index j) {
  const hn::ScalableTag<T> d;
  return operand.repeated ? hn::Set(d, *operand.data) : hn::LoadU(d, operand.data + j);
}

template <class T>
HWY_INLINE void FinishVector(const FinishCall<T>& call, Index j) {
  const hn::ScalableTag<T> d;
  auto sum = hn::LoadU(d, call.sums + j);
  if (call.scaled) {
    const auto start = call.old.data == nullptr ? hn::Zero(d) : hn::Mul(hn::Set(d, call.beta), Load(call.old, j));
    sum = FusedMultiplyAdd(d, start, hn::Set(d, call.alpha), sum);
  }
  if (call.scale.data != nullptr) sum = hn::Mul(sum, Load(call.scale, j));
  if (call.bias.data != nullptr) sum = hn::Add(sum, Load(call.bias, j));
  if (call.residual.data != nullptr) sum = hn::Add(sum, Load(call.residual, j));
  if (call.activation == Activation::relu || call.activation == Activation::relu6) {
    const auto zero = hn::Zero(d), six = hn::Set(d, T{6});
    sum = hn::IfThenElse(hn::Le(sum, zero), zero, sum);
    if (call.activation == Activation::relu6) sum = hn::IfThenElse(hn::Gt(sum, six), six, sum);
  }
  hn::StoreU(sum, d, call.out + j);
}

// Modulo 2^32.
HWY_INLINE void FinishVector(const FinishCall<std::int32_t>& call, Index j) {
  const hn::ScalableTag<std::int32_t> d;
  const hn::ScalableTag<std::uint32_t> bits;
  const auto load = [&](const RowOperand<std::int32_t>& operand) { return hn::BitCast(bits, Load(operand, j)); };
  auto sum = hn::BitCast(bits, hn::LoadU(d, call.sums + j));
  if (call.scaled) {
    sum = hn::Mul(sum, hn::Set(bits, static_cast<std::uint32_t>(call.alpha)));
    if (call.old.data != nullptr) {
      sum = hn::Add(sum, hn::Mul(load(call.old), hn::Set(bits, static_cast<std::uint32_t>(call.beta))));
    }
  }
  if (call.bias.data != nullptr) sum = hn::Add(sum, load(call.bias));
  if (call.residual.data != nullptr) sum = hn::Add(sum, load(call.residual));
  auto value = hn::BitCast(d, sum);
  if (call.activation == Activation::relu) value = hn::Max(value, hn::Zero(d));
  hn::StoreU(value, d, call.out + j);
}

// A vector's worth of padded copies of the last few columns.
template <class T>
struct Rest {
  explicit Rest(const FinishCall<T>& from, Index first) : call(from), count(from.count - first) {
    call.sums = padded(from.sums + first, 0);
    call.out = buffers[0];
    pad(call.old, first, 1);
    pad(call.scale, first, 2);
    pad(call.bias, first, 3);
    pad(call.residual, first, 4);
  }
  const T* padded(const T* data, int i) {
    std::copy(data, data + count, buffers[i]);
    return buffers[i];
  }
  void pad(RowOperand<T>& operand, Index first, int i) {
    if (operand.data != nullptr && !operand.repeated) operand.data = padded(operand.data + first, i);
  }

  FinishCall<T> call;
  Index count;
  HWY_ALIGN T buffers[5][hn::MaxLanes(hn::ScalableTag<T>())] = {};
};

// What most layers end with, without a question asked for every vector: sum + bias + residual, relu.
template <class T, bool kResidual, bool kRelu>
HWY_INLINE Index FinishVectors(const T* sums, const RowOperand<T>& bias, const T* residual, T* out, Index count) {
  const hn::ScalableTag<T> d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const auto zero = hn::Zero(d), same = hn::Set(d, *bias.data);
  const T* const each = bias.repeated ? nullptr : bias.data;
  Index j = 0;
  for (; j + lanes <= count; j += lanes) {
    auto sum = hn::Add(hn::LoadU(d, sums + j), each == nullptr ? same : hn::LoadU(d, each + j));
    if constexpr (kResidual) sum = hn::Add(sum, hn::LoadU(d, residual + j));
    if constexpr (kRelu) sum = hn::IfThenElse(hn::Le(sum, zero), zero, sum);
    hn::StoreU(sum, d, out + j);
  }
  if constexpr (kHasMaskedMemory) {
    if (j == count) return j;
    const auto mask = hn::FirstN(d, static_cast<size_t>(count - j));
    auto sum = hn::Add(hn::MaskedLoad(mask, d, sums + j), each == nullptr ? same : hn::MaskedLoad(mask, d, each + j));
    if constexpr (kResidual) sum = hn::Add(sum, hn::MaskedLoad(mask, d, residual + j));
    if constexpr (kRelu) sum = hn::IfThenElse(hn::Le(sum, zero), zero, sum);
    hn::BlendedStore(sum, mask, d, out + j);
    j = count;
  }
  return j;
}

// As many of a row's columns as are done that way.
template <class T>
HWY_INLINE Index FinishUsual(const FinishCall<T>& call) {
  const bool relu = call.activation == Activation::relu, residual = call.residual.data != nullptr;
  if (call.scaled || call.scale.data != nullptr || call.bias.data == nullptr || call.residual.repeated) return 0;
  if (!relu && call.activation == Activation::relu6) return 0;
  const auto run = residual ? (relu ? &FinishVectors<T, true, true> : &FinishVectors<T, true, false>)
                            : (relu ? &FinishVectors<T, false, true> : &FinishVectors<T, false, false>);
  return run(call.sums, call.bias, call.residual.data, call.out, call.count);
}

template <class T>
HWY_INLINE void FinishRow(const FinishCall<T>& call) {
  const Index lanes = static_cast<Index>(hn::Lanes(hn::ScalableTag<T>()));
  Index j = 0;
  if constexpr (!std::is_integral_v<T>) j = FinishUsual(call);
  for (; j + lanes <= call.count; j += lanes) FinishVector(call, j);
  if (j == call.count) return;
  Rest<T> rest(call, j);
  FinishVector(rest.call, 0);
  std::copy(rest.call.out, rest.call.out + rest.count, call.out + j);
}

template <class T>
void FinishFloats(const FinishCall<T>& call) noexcept {
  FinishRow(call);
  if (call.activation == Activation::gelu) Activate<Smooth::gelu>(call.out, call.count);
  if (call.activation == Activation::sigmoid) Activate<Smooth::sigmoid>(call.out, call.count);
  if (call.activation == Activation::tanh) Activate<Smooth::tanh>(call.out, call.count);
}

inline void ExpOfNegatives(float* data, Index count) noexcept { Activate<Smooth::exp_of_negative>(data, count); }

inline void FinishIntegers(const FinishCall<std::int32_t>& call) noexcept { FinishRow(call); }

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
