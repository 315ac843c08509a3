// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of products from the definition of the products alone (septet/network/operators.hpp), in f64: for every
// multiplication of the forward pass its part of either operand's gradient. Nothing is arranged, nothing skipped.
// Beside each sum that of its terms' magnitudes and how many there are, which bound the error of a chain in f32.
#pragma once

#include "septet/network/operators.hpp"

#include <cmath>
#include <vector>

namespace septet::support {

/// An element of f32, s8 or u8 as the number it stands for, but for the scale.
inline double real(const network::Tensor& x, Index i) {
  const int zero_point = x.info().quantisation.zero_point;
  switch (x.info().type) {
    case Type::f32:
      return double{x.as<float>()[i]};
    case Type::s8:
      return x.as<std::int8_t>()[i] - zero_point;
    default:
      return x.as<std::uint8_t>()[i] - zero_point;
  }
}

/// Sums of an operand's shape.
struct ReferenceSums {
  explicit ReferenceSums(Index count)
      : sum(static_cast<std::size_t>(count)), magnitude(sum.size()), terms(sum.size()) {}
  void add(Index i, double term) {
    const auto at = static_cast<std::size_t>(i);
    sum[at] += term, magnitude[at] += std::fabs(term), ++terms[at];
  }
  std::vector<double> sum, magnitude;
  std::vector<Index> terms;
};

/// dy of the sums, before a fused relu or relu6 made y of them.
inline std::vector<double> reference_slopes(Activation activation, const network::Tensor& y,
                                            const network::Tensor& dy) {
  std::vector<double> slopes;
  for (Index i = 0; i < dy.info().elements(); ++i) {
    const bool masked = activation != Activation::none && y.as<float>()[i] <= 0;
    const bool clipped = activation == Activation::relu6 && y.as<float>()[i] >= 6;
    slopes.push_back(masked || clipped ? 0 : real(dy, i));
  }
  return slopes;
}

struct ReferenceGradients {
  ReferenceSums x, weight, bias;
};

/// A fully connected layer is one whose x is [batch][1][1][inputs].
inline ReferenceGradients reference_gradients(const network::Convolution& op, const network::Tensor& x,
                                              const network::TensorInfo& y, const std::vector<double>& slopes) {
  const network::Window& w = op.window;
  const network::Tensor& weight = *op.linear.weight;
  const network::TensorInfo& in = x.info();
  const Index outputs = y.dim(3), channels = in.dim(3) / op.groups;
  ReferenceGradients d{ReferenceSums(in.elements()), ReferenceSums(weight.info().elements()), ReferenceSums(outputs)};
  for (Index at = 0; at < y.elements(); ++at) {
    const Index o = at % outputs, q = at / outputs % y.dim(2), p = at / outputs / y.dim(2) % y.dim(1);
    const Index b = at / outputs / y.dim(2) / y.dim(1), first = o / (outputs / op.groups) * channels;
    const double slope = slopes[static_cast<std::size_t>(at)];
    d.bias.add(o, slope);
    for (Index i = 0; i < w.height; ++i) {
      for (Index j = 0; j < w.width; ++j) {
        const Index row = p * w.stride_h - w.pad_top + i * w.dilation_h;
        const Index column = q * w.stride_w - w.pad_left + j * w.dilation_w;
        if (row < 0 || row >= in.dim(1) || column < 0 || column >= in.dim(2)) continue;
        for (Index c = 0; c < channels; ++c) {
          const Index of_x = ((b * in.dim(1) + row) * in.dim(2) + column) * in.dim(3) + first + c;
          const Index of_weight = ((o * w.height + i) * w.width + j) * channels + c;
          d.x.add(of_x, real(weight, of_weight) * slope);
          d.weight.add(of_weight, real(x, of_x) * slope);
        }
      }
    }
  }
  return d;
}

/// Are these the sums, on top of `before`? s32: exactly, modulo 2^32. f32: within what a chain of n fused
/// multiply-adds, rounded n times, may be off, and one step more, which is far beyond what the f64 sum here is: gamma(n
/// + 1) times the sum of magnitudes, gamma(n) = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability of Numerical
/// Algorithms, 2002, section 3.1).
inline bool holds(const network::Tensor& got, const ReferenceSums& want, double before = 0) {
  for (Index i = 0; i < got.info().elements(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double sum = want.sum[at] + before;
    if (got.info().type == Type::s32) {
      const auto wrapped = static_cast<std::uint32_t>(static_cast<std::int64_t>(sum));  // whole: below 2^53
      if (static_cast<std::uint32_t>(got.as<std::int32_t>()[i]) != wrapped) return false;
      continue;
    }
    const double nu = static_cast<double>(want.terms[at] + 1) * 0x1p-24;
    const double bound = nu / (1 - nu) * (want.magnitude[at] + std::fabs(before));
    if (!(std::fabs(double{got.as<float>()[i]} - sum) <= bound)) return false;
  }
  return true;
}

}  // namespace septet::support
