// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators that are no products, and their gradients, in f64 from their definitions alone; and central differences,
// which know the operator, but not its derivative.
#pragma once

#include "operators_reference.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace septet::support {

using Values = std::vector<double>;

inline constexpr double kUnit =
    0x1p-24;  // half a unit in the last place of an f32 at 1: what a rounding is of a result

inline Values values_of(const Tensor& tensor) {
  return Values(tensor.as<float>(), tensor.as<float>() + tensor.info().elements());
}

/// A sum in f64, and what it may be off in f32.
struct Sum {
  double value = 0, magnitude = 0;
  Index terms = 0;

  void add(double term) { value += term, magnitude += std::fabs(term), ++terms; }
  /// A chain of f32, each of whose terms has been rounded `each` times before: gamma_n times the sum of magnitudes
  /// (Higham 2002, 3.1). One of the n additions is left for f64's own roundings.
  double bound(Index each) const {
    const double n = static_cast<double>(terms + each + 1) * kUnit;
    return n / (1 - n) * magnitude;
  }
};

inline void check_within(const Tensor& got, const Values& want, const Values& bounds) {
  REQUIRE(got.info().elements() == static_cast<Index>(want.size()));
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double value = got.as<float>()[i];
    CHECK_MESSAGE(std::fabs(value - want[i]) <= bounds[i],
                  "element " << i << ": " << value << ", not " << want[i] << " within " << bounds[i]);
  }
}
inline void check_within(const Tensor& got, const std::vector<Sum>& want, Index each) {
  Values values, bounds;
  for (const Sum& sum : want) values.push_back(sum.value), bounds.push_back(sum.bound(each));
  check_within(got, values, bounds);
}

// ---- derivatives without knowing any

using Forward = std::function<Values(const std::vector<Values>& operands)>;

inline double weighted(const Values& y, const Values& dy) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += dy[i] * y[i];
  return sum;
}

/// Is `gradient` that of the sum of dy * f(operands), by operands[which]? Central differences with step h are off by
/// h^2 / 6 of the third derivative, and by what f64 rounds the sums by, over h. Of third derivatives below 2^13, and
/// fewer than 2^10 terms of magnitude 2^14 together: 2^-24 / 6 * 2^13 + 2^10 * 2^-53 * 2^14 * 2^12 < 2^-13.
inline void check_differences(const Forward& f, std::vector<Values> operands, std::size_t which, const Values& dy,
                              const Values& gradient) {
  constexpr double h = 0x1p-12;
  REQUIRE(gradient.size() == operands[which].size());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    double& x = operands[which][i];
    const double at = x;
    x = at + h;
    const double above = weighted(f(operands), dy);
    x = at - h;
    const double below = weighted(f(operands), dy);
    x = at;
    const double slope = (above - below) / (2 * h);
    CHECK_MESSAGE(std::fabs(slope - gradient[i]) <= 0x1p-13 * (1 + std::fabs(slope)),
                  "operand " << which << ", element " << i << ": slope " << slope << ", gradient " << gradient[i]);
  }
}

// ---- activations

inline double plain_activation(Activation activation, double z) {
  switch (activation) {
    case Activation::none:
      return z;
    case Activation::relu:
      return std::max(z, 0.0);
    case Activation::relu6:
      return std::min(std::max(z, 0.0), 6.0);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::tanh:
      return std::tanh(z);
    default:
      return z * std::erfc(-z * std::sqrt(0.5)) / 2;
  }
}

/// 0 at the corners of relu and relu6, as PyTorch has it.
inline double plain_slope(Activation activation, double z) {
  const double power = std::exp(-std::fabs(z));
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::relu:
      return z > 0 ? 1 : 0;
    case Activation::relu6:
      return z > 0 && z < 6 ? 1 : 0;
    case Activation::sigmoid:
      return power / ((1 + power) * (1 + power));
    case Activation::tanh:
      return 4 * power * power / ((1 + power * power) * (1 + power * power));
    default:
      return std::erfc(-z * std::sqrt(0.5)) / 2 + z * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  }
}

// ---- rows and columns of a matrix

/// h = (x - mean) / sqrt(variance + epsilon) of `count` elements from `first` on, `stride` apart; and that root.
struct Normal {
  Values h;
  double deviation = 0;
};
inline Normal plain_normal(const Values& x, Index first, Index count, Index stride, double epsilon) {
  const auto at = [&](Index i) { return x[static_cast<std::size_t>(first + i * stride)]; };
  double mean = 0, variance = 0;
  for (Index i = 0; i < count; ++i) mean += at(i) / static_cast<double>(count);
  for (Index i = 0; i < count; ++i) variance += (at(i) - mean) * (at(i) - mean) / static_cast<double>(count);
  Normal normal;
  normal.deviation = std::sqrt(variance + epsilon);
  for (Index i = 0; i < count; ++i) normal.h.push_back((at(i) - mean) / normal.deviation);
  return normal;
}

/// The gradient of x from that of h: from the Jacobian dh[k]/dx[i] = ((k == i) - 1/n - h[k] h[i] / n) / deviation.
/// bound: one rounding, and 2^-40 of what is added and taken away, for f64's own.
inline void plain_normal_gradient(const Normal& normal, const Values& dh, Values& dx, Values& bounds) {
  const auto n = static_cast<double>(dh.size());
  for (std::size_t i = 0; i < dh.size(); ++i) {
    double sum = 0, magnitude = 0;
    for (std::size_t k = 0; k < dh.size(); ++k) {
      const double slope = ((k == i ? 1 : 0) - 1 / n - normal.h[k] * normal.h[i] / n) / normal.deviation;
      sum += dh[k] * slope;
      magnitude += std::fabs(dh[k]) * ((k == i ? 1 : 0) + 1 / n + std::fabs(normal.h[k] * normal.h[i]) / n);
    }
    dx.push_back(sum);
    bounds.push_back(kUnit * std::fabs(sum) + 0x1p-40 * magnitude / normal.deviation);
  }
}

}  // namespace septet::support
