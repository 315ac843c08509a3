// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The operators of a network: what each computes, from which operands. docs/network.md defines them to the bit; those
// of integers are TensorFlow Lite's.
//
// Activations are NHWC, x[b][h][w][c]. What multiplies is a product C = A * B with the weights as A
// (docs/dataflows.md):
//
//   operator         M                  K                           N                                       times
//   Convolution      outputs / groups   window * inputs / groups    batch * output rows * output columns    groups
//   FullyConnected   outputs            inputs                      batch                                   1
//   MatMul           rows of Y          inner                       columns of Y                            batch
#pragma once

#include "septet/epilogue.hpp"
#include "septet/network/tensor.hpp"

#include <memory>
#include <variant>

namespace septet::network {

/// Slides over rows and columns of an image. Element (i, j) of the window at output (p, q) lies at input row
/// p * stride_h - pad_top + i * dilation_h, column q * stride_w - pad_left + j * dilation_w; outside there is padding.
struct Window {
  Index height = 1, width = 1;
  Index stride_h = 1, stride_w = 1;
  Index dilation_h = 1, dilation_w = 1;
  Index pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;

  Index out_height(Index in) const {
    return (in + pad_top + pad_bottom - dilation_h * (height - 1) - 1) / stride_h + 1;
  }
  Index out_width(Index in) const { return (in + pad_left + pad_right - dilation_w * (width - 1) - 1) / stride_w + 1; }
};

/// Weights, bias and what becomes of sums. Integers: y = clamp(requantise(sum + bias) + zero point of y, low, high).
struct Linear {
  std::shared_ptr<const Tensor> weight;  ///< of s8, u8 or f32; row i has the K weights of output i
  std::shared_ptr<const Tensor> bias;    ///< [outputs] of s32 or f32; null: none
  /// Integers: one per output, in units of 2^-31, and the shift to the left (septet/epilogue.hpp); or, under
  /// fp32_nearest_even, one real scale per output instead of the two.
  std::vector<std::int32_t> multiplier, shift;
  std::vector<float> scale;
  Rounding rounding = Rounding::gemmlowp_double;
  int low = -128, high = 127;  ///< integers: of y, its type's range or what a fused activation leaves of it
  Activation activation = Activation::none;  ///< f32

  Index outputs() const { return weight->info().dim(0); }
};

/// y[b][p][q][o] = sum over the window and the inputs of o's group. weight is [outputs][window rows][window
/// columns][inputs / groups]; K's order is that. A depthwise convolution has as many groups as inputs. Padding is real
/// 0.
struct Convolution {
  Linear linear;
  Window window;
  Index groups = 1;
};
/// y[b][o] = sum over i of weight[o][i] * x[b][i]; x is flattened but for its first dimension.
struct FullyConnected {
  Linear linear;
};
/// y[...][i][j] = sum over k of x0[...][i][k] * x1[...][k][j], or x1[...][j][k] where transposed. What x1 has before
/// its last two dimensions may be 1, or missing: then it is the same for all of x0. f32; or s8 and u8, as with weights
/// of x1's scale and zero point, without a bias.
struct MatMul {
  bool transposed = false;
  float scale = 1;                                ///< multiplies the sums; integers: 1
  Rounding rounding = Rounding::gemmlowp_double;  ///< integers, as are low and high
  int low = -128, high = 127;
};
/// y[b] = sum, or mean, of the rows of a table that are listed for b, in that order; 0 if none is. x0: s32 indices, x1:
/// s32 offsets [b + 1], where a bag's list starts.
struct EmbeddingBag {
  enum class Mode : std::uint8_t { sum, mean };
  std::shared_ptr<const Tensor>
      table;  ///< [rows][width] of f32 or f16, or u8: [rows][width + 8], scale and bias in f32 at a row's end
  Mode mode = Mode::sum;
  Type sums = Type::f32;  ///< or f16: every step is rounded to it and clipped to 65504 (preset inference-card-fp16)
};
struct MaxPool {
  Window window;
  int low = -128, high = 127;  ///< integers
  Activation activation = Activation::none;
};
/// Padding does not count.
struct AveragePool {
  Window window;
  int low = -128, high = 127;
  Activation activation = Activation::none;
};
/// Over rows and columns: y[b][c], or y[b][1][1][c].
struct Mean {};
/// y = x0 + x1, of equal shapes.
struct Add {
  int low = -128, high = 127;
  Activation activation = Activation::none;
};
/// y = f(x), f32; relu and relu6 of integers, too.
struct Activate {
  Activation activation = Activation::relu;
};
/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, one of each per channel; folded: y = x * factor + term.
struct BatchNorm {
  std::shared_ptr<const Tensor> factor, term;  ///< [channels] of f32
};
/// Over the last dimension: y = (x - mean(x)) / sqrt(variance(x) + epsilon) * gamma + beta.
struct LayerNorm {
  std::shared_ptr<const Tensor> gamma, beta;  ///< [width] of f32
  float epsilon = 1e-5f;
};
/// Over the last dimension: y = exp(factor * x) / sum of exp(factor * x).
struct Softmax {
  float factor = 1;
};
/// From one quantisation, or f32, to another.
struct Quantise {};
/// The same elements in another shape.
struct Reshape {};

using Operator = std::variant<Convolution, FullyConnected, MatMul, EmbeddingBag, MaxPool, AveragePool, Mean, Add,
                              Activate, BatchNorm, LayerNorm, Softmax, Quantise, Reshape>;

/// "convolution", "fully_connected", …: of reports.
SEPTET_API const char* name(const Operator& op);

}  // namespace septet::network
