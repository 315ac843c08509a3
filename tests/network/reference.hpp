// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A convolution from its definition alone (septet/network/operators.hpp): seven loops, one multiply-accumulate after
// the other, nothing gathered, nothing skipped.
#pragma once

#include "epilogue/reference.hpp"
#include "septet/network/operators.hpp"

namespace septet::support {

/// The operand of x at a place that may be padding, as the accumulator takes it.
template <class T>
auto reference_input(const network::Tensor& x, Index b, Index row, Index column, Index channel) {
  const auto& info = x.info();
  const int zero_point = info.quantisation.zero_point;
  const bool inside = row >= 0 && row < info.dim(1) && column >= 0 && column < info.dim(2);
  if (!inside) return operand<T>(static_cast<T>(zero_point), zero_point);
  return operand<T>(x.as<T>()[((b * info.dim(1) + row) * info.dim(2) + column) * info.dim(3) + channel], zero_point);
}

/// Sums without the bias, as [b][p][q][o]. X, W: the elements of x and of the weights.
template <class X, class W>
auto reference_convolution(const network::Convolution& op, const network::Tensor& x, const network::TensorInfo& y) {
  const network::Window& w = op.window;
  const network::Tensor& weight = *op.linear.weight;
  const Index outputs = y.dim(3), channels = x.info().dim(3) / op.groups;
  std::vector<decltype(operand(X{}, 0))> sums;
  for (Index b = 0; b < y.dim(0); ++b) {
    for (Index p = 0; p < y.dim(1); ++p) {
      for (Index q = 0; q < y.dim(2); ++q) {
        for (Index o = 0; o < outputs; ++o) {
          auto sum = decltype(operand(X{}, 0)){0};
          const Index first = o / (outputs / op.groups) * channels;
          for (Index i = 0; i < w.height; ++i) {
            for (Index j = 0; j < w.width; ++j) {
              for (Index c = 0; c < channels; ++c) {
                const W stored = weight.as<W>()[((o * w.height + i) * w.width + j) * channels + c];
                sum = fused(operand<W>(stored, weight.info().quantisation.zero_point),
                            reference_input<X>(x, b, p * w.stride_h + i * w.dilation_h - w.pad_top,
                                               q * w.stride_w + j * w.dilation_w - w.pad_left, first + c),
                            sum);
              }
            }
          }
          sums.push_back(sum);
        }
      }
    }
  }
  return sums;
}

/// Adds the bias, requantises or activates: what y is to hold, and the sums.
struct ReferenceOutputs {
  network::Tensor y, sums;
};
inline ReferenceOutputs reference_outputs(const network::Linear& linear, const std::vector<float>& products,
                                          const network::TensorInfo& info) {
  ReferenceOutputs out{network::Tensor(info), network::Tensor({"", Type::f32, info.shape, {}})};
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::size_t o = i % static_cast<std::size_t>(linear.outputs());
    const float sum = linear.bias ? plus(products[i], linear.bias->as<float>()[o]) : products[i];
    out.sums.as<float>()[i] = sum;
    out.y.as<float>()[i] = exact_activation(sum, linear.activation);
  }
  return out;
}
inline ReferenceOutputs reference_outputs(const network::Linear& linear, const std::vector<std::uint32_t>& products,
                                          const network::TensorInfo& info) {
  ReferenceOutputs out{network::Tensor(info), network::Tensor({"", Type::s32, info.shape, {}})};
  Requantise r;
  r.rounding = linear.rounding, r.zero_point = info.quantisation.zero_point;
  r.low = linear.low, r.high = linear.high;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::size_t o = i % static_cast<std::size_t>(linear.outputs());
    const auto product = static_cast<std::int32_t>(products[i]);
    const std::int32_t sum = linear.bias ? plus(product, linear.bias->as<std::int32_t>()[o]) : product;
    if (r.rounding == Rounding::fp32_nearest_even) {
      r.scale = row_major(&linear.scale[o], 1, 1);
    } else {
      r.multiplier = row_major(&linear.multiplier[o], 1, 1), r.shift = row_major(&linear.shift[o], 1, 1);
    }
    out.sums.as<std::int32_t>()[i] = sum;
    // Either type of a byte has these low 8 bits.
    out.y.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(reference_requantise(sum, r, 0, 0, info.type));
  }
  return out;
}

}  // namespace septet::support
