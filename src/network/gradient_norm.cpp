// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Batch norm as it is, frozen, and layer norm backwards. batch_norm.cpp has the batch norm that learns.
#include "column_sums.hpp"
#include "gradient_operators.hpp"

#include <cmath>
#include <vector>

namespace septet::network {
namespace {

// Of a row of layer norm's x: x less the mean, times the inverse deviation, is normalised.
struct RowStatistics {
  double mean = 0, inverse_deviation = 0;
};

RowStatistics statistics_of(const float* x, Index width, double epsilon) {
  double sum = 0, squares = 0;
  for (Index j = 0; j < width; ++j) sum += x[j];
  const double mean = sum / static_cast<double>(width);
  for (Index j = 0; j < width; ++j) {
    const double d = x[j] - mean;
    squares += d * d;
  }
  return {mean, 1 / std::sqrt(squares / static_cast<double>(width) + epsilon)};
}

// With g = dy * gamma and h normalised: dx = (g - mean of g - h * mean of g * h) / deviation.
void layer_norm_row(const float* x, const RowStatistics& row, const float* gamma, const float* dy, float* dx,
                    Index width) {
  double sum = 0, products = 0;
  for (Index j = 0; j < width; ++j) {
    const double g = double{dy[j]} * gamma[j];
    sum += g;
    products += g * ((x[j] - row.mean) * row.inverse_deviation);
  }
  const double mean = sum / static_cast<double>(width), mean_product = products / static_cast<double>(width);
  for (Index j = 0; j < width; ++j) {
    const double normal = (x[j] - row.mean) * row.inverse_deviation;
    dx[j] = static_cast<float>((double{dy[j]} * gamma[j] - mean - normal * mean_product) * row.inverse_deviation);
  }
}

}  // namespace

void backward(const BatchNorm& op, const Operands& x, const Tensor& /*y*/, const Tensor& dy, StepGradients& gradients) {
  const Index channels = dy.info().dim(-1), rows = dy.info().elements() / channels;
  const float *in = x[0]->as<float>(), *slope = dy.as<float>();
  Tensor &dx = gradients.inputs[0], &dfactor = gradients.parameters[0], &dterm = gradients.parameters[1];
  if (!dfactor.empty()) {
    add_columns(rows, channels, dfactor.as<float>(),
                [&](Index i, Index c) { return double{slope[i * channels + c]} * in[i * channels + c]; });
  }
  if (!dterm.empty()) {
    add_columns(rows, channels, dterm.as<float>(), [&](Index i, Index c) { return double{slope[i * channels + c]}; });
  }
  if (dx.empty()) return;
  share_row_blocks(rows, channels, 1, [&](Index first, Index last) {
    for (Index i = first * channels; i < last * channels; i += channels) {
      for (Index c = 0; c < channels; ++c) dx.as<float>()[i + c] = slope[i + c] * op.factor->as<float>()[c];
    }
  });
}

void backward(const LayerNorm& op, const Operands& x, const Tensor& /*y*/, const Tensor& dy, StepGradients& gradients) {
  const Index width = dy.info().dim(-1), rows = dy.info().elements() / width;
  const float *in = x[0]->as<float>(), *slope = dy.as<float>();
  Tensor &dx = gradients.inputs[0], &dgamma = gradients.parameters[0], &dbeta = gradients.parameters[1];
  std::vector<RowStatistics> statistics(static_cast<std::size_t>(rows));
  constexpr Index kOperations = 60;  // four sums, one addition after the other
  share_row_blocks(rows, width, kOperations, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      RowStatistics& row = statistics[static_cast<std::size_t>(i)];
      row = statistics_of(in + i * width, width, op.epsilon);
      if (dx.empty()) continue;
      layer_norm_row(in + i * width, row, op.gamma->as<float>(), slope + i * width, dx.as<float>() + i * width, width);
    }
  });
  if (!dgamma.empty()) {
    add_columns(rows, width, dgamma.as<float>(), [&](Index i, Index j) {
      const RowStatistics& row = statistics[static_cast<std::size_t>(i)];
      return slope[i * width + j] * ((in[i * width + j] - row.mean) * row.inverse_deviation);
    });
  }
  if (!dbeta.empty()) {
    add_columns(rows, width, dbeta.as<float>(), [&](Index i, Index j) { return double{slope[i * width + j]}; });
  }
}

}  // namespace septet::network
