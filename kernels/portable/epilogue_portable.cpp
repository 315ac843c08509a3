// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "epilogue_portable.hpp"

#include "kernels/activation_tables.hpp"
#include "kernels/requantise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace septet::kernels {
namespace {

template <std::size_t kCount>
double horner(double x, const double (&coefficients)[kCount]) {
  double sum = coefficients[0];
  for (std::size_t i = 1; i < kCount; ++i) sum = std::fma(sum, x, coefficients[i]);
  return sum;
}

double power_of_two(double n) {
  const double biased = n + kExponentBias;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &biased, sizeof bits);
  bits <<= 52;
  double power = 0;
  std::memcpy(&power, &bits, sizeof power);
  return power;
}

// e^(t + extra) = (1 + p) * 2^n.
struct Exponential {
  double p;
  double n;
};

template <class Precision>
Exponential exponential(double t, double extra) {
  const double n = std::fma(t, kLog2E, kRoundToInteger) - kRoundToInteger;
  double r = std::fma(n, -kLn2High, t);
  if (Precision::kDouble) r = r + std::fma(n, -kLn2Low, extra);
  return {std::fma(r * r, horner(r, Precision::kExp), r), n};
}

template <class Precision>
double scaled(double x, double n) {
  if (!Precision::kDouble) return x * power_of_two(n);
  const double first = std::fma(n, 0.5, kRoundToInteger) - kRoundToInteger;
  return x * power_of_two(first) * power_of_two(n - first);
}

template <class Precision>
double exp_of_negative(double x) {
  const auto [p, n] = exponential<Precision>(std::max(x, -Precision::kSigmoidEnd), 0);
  return scaled<Precision>(1 + p, n);
}

template <class Precision>
double sigmoid(double x) {
  const double z = exp_of_negative<Precision>(-std::fabs(x));
  return (x < 0 ? z : 1.0) / (1 + z);
}

template <class Precision>
double tanh(double x) {
  const auto [p, n] = exponential<Precision>(std::min(std::fabs(x), Precision::kTanhEnd) * -2, 0);
  const double power = power_of_two(n);
  const double em1 = std::fma(power, p, power - 1);
  return std::copysign(em1 / (2 + em1), x);
}

// Phi(-a) / 2^n.
template <class Precision>
double tail_of(double a, double p) {
  if constexpr (Precision::kDouble) {
    const double g = horner((a - 4) / (a + 4), Precision::kMillsG);
    const double divisor = std::fma(1.25, a, 1.0);
    const double mills = g / divisor;
    const double missed = std::fma(1.25, a, 1 - divisor);
    const double rest = std::fma(-mills, divisor, g) - mills * missed;
    const double low = rest * (mills * kInverseOfG);
    return mills + std::fma(mills, p, low);
  } else {
    const double mills = horner(a, Precision::kMillsP) / horner(a, Precision::kMillsQ);
    return std::fma(mills, p, mills);
  }
}

template <class Precision>
double gelu(double x) {
  const double a = std::min(std::fabs(x), Precision::kGeluEnd);
  const double square = a * a;
  if constexpr (Precision::kDouble) {
    if (a < Precision::kCentreEnd) return x * std::fma(x, horner(square, Precision::kCentre), 0.5);
  }
  const double rest = Precision::kDouble ? std::fma(a, a, -square) : 0;
  const auto [p, n] = exponential<Precision>(square * -0.5, rest * -0.5);
  const double tail = tail_of<Precision>(a, p);
  return x < 0 ? scaled<Precision>(tail * -a, n) : x * (1 - scaled<Precision>(tail, n));
}

template <class Precision>
double activated(double x, Activation activation) {
  if (x != x) return x;
  if (activation == Activation::gelu) return gelu<Precision>(x);
  if (activation == Activation::sigmoid) return sigmoid<Precision>(x);
  return tanh<Precision>(x);
}

float activated(float x, Activation a) { return static_cast<float>(activated<SinglePrecision>(x, a)); }
double activated(double x, Activation a) { return activated<DoublePrecision>(x, a); }

template <class T>
T activate(T x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x <= 0 ? T{0} : x;
    case Activation::relu6:
      return x <= 0 ? T{0} : x > 6 ? T{6} : x;
    default:
      return activated(x, activation);
  }
}

template <class T>
T at(const RowOperand<T>& operand, Index j) {
  return operand.data == nullptr ? T{0} : operand.data[operand.repeated ? 0 : j];
}

template <class T>
void finish_floats(const FinishCall<T>& call) noexcept {
  for (Index j = 0; j < call.count; ++j) {
    T sum = call.sums[j];
    if (call.scaled) {
      sum = std::fma(call.alpha, sum, call.old.data == nullptr ? T{0} : call.beta * at(call.old, j));
    }
    if (call.scale.data != nullptr) sum = sum * at(call.scale, j);
    if (call.bias.data != nullptr) sum = sum + at(call.bias, j);
    if (call.residual.data != nullptr) sum = sum + at(call.residual, j);
    call.out[j] = activate(sum, call.activation);
  }
}

void finish_integers(const FinishCall<std::int32_t>& call) noexcept {
  const auto bits = [](std::int32_t x) { return static_cast<std::uint32_t>(x); };
  for (Index j = 0; j < call.count; ++j) {
    std::uint32_t sum = bits(call.sums[j]);
    if (call.scaled) sum = bits(call.alpha) * sum + bits(call.beta) * bits(at(call.old, j));
    sum += bits(at(call.bias, j)) + bits(at(call.residual, j));
    const auto value = static_cast<std::int32_t>(sum);
    call.out[j] = call.activation == Activation::relu ? std::max(value, 0) : value;
  }
}

std::int64_t rescaled_at(const RequantiseCall& call, Index j) {
  const std::int32_t x = biased_sum(call, j);
  if (call.rounding == Rounding::fp32_nearest_even) return rescaled(x, at(call.scale, j));
  const std::int32_t multiplier = at(call.multiplier, j), shift = at(call.shift, j);
  switch (call.rounding) {
    case Rounding::single_half_up:
      return rescaled<Rounding::single_half_up>(x, multiplier, shift);
    case Rounding::single_half_away:
      return rescaled<Rounding::single_half_away>(x, multiplier, shift);
    case Rounding::single_half_even:
      return rescaled<Rounding::single_half_even>(x, multiplier, shift);
    case Rounding::truncate:
      return rescaled<Rounding::truncate>(x, multiplier, shift);
    case Rounding::floor:
      return rescaled<Rounding::floor>(x, multiplier, shift);
    default:
      return rescaled<Rounding::gemmlowp_double>(x, multiplier, shift);
  }
}

template <class Out>
void requantise_to(const RequantiseCall& call) {
  for (Index j = 0; j < call.count; ++j) static_cast<Out*>(call.out)[j] = narrowed<Out>(rescaled_at(call, j), call);
}

void requantise_row(const RequantiseCall& call) {
  if (call.type == Type::s8) return requantise_to<std::int8_t>(call);
  if (call.type == Type::s16) return requantise_to<std::int16_t>(call);
  return requantise_to<std::uint8_t>(call);
}

void requantise(const RequantiseCall& call) noexcept {
  RequantiseCall row = call;
  for (Index i = 0; i < call.rows; ++i) {
    requantise_row(row);
    row.sums += call.sums_row;
    row.out = static_cast<char*>(row.out) + call.out_row * size_of(call.type);
  }
}

void exp_of_negatives(float* data, Index count) noexcept {
  for (Index j = 0; j < count; ++j) {
    const double x = data[j];
    if (x == x) data[j] = static_cast<float>(exp_of_negative<SinglePrecision>(x));
  }
}

}  // namespace

EpilogueKernels portable_epilogue() {
  return {&finish_floats<float>, &finish_floats<double>, &finish_integers, &requantise, &exp_of_negatives};
}

}  // namespace septet::kernels
