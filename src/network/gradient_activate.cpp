// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "activation_gradient.hpp"
#include "float_steps.hpp"
#include "gradient_operators.hpp"
#include "share.hpp"

#include <algorithm>

namespace septet::network {
namespace {

void softmax_row(double factor, const float* y, const float* dy, float* dx, Index width) {
  double common = 0;
  for (Index j = 0; j < width; ++j) common += double{y[j]} * dy[j];
  for (Index j = 0; j < width; ++j) dx[j] = static_cast<float>(factor * y[j] * (dy[j] - common));
}

}  // namespace

void backward(const Add& op, const Operands& /*x*/, const Tensor& y, const Tensor& dy, StepGradients& gradients) {
  require_mask(op.activation);
  for (Tensor& dx : gradients.inputs) {
    if (dx.empty()) continue;
    share_elements(dy.info().elements(), 1, [&](Index first, Index count) {
      mask(op.activation, y.as<float>() + first, dy.as<float>() + first, dx.as<float>() + first, count);
    });
  }
}

void backward(const Activate& op, const Operands& x, const Tensor& /*y*/, const Tensor& dy, StepGradients& gradients) {
  Tensor& dx = gradients.inputs[0];
  if (dx.empty()) return;
  share_elements(dy.info().elements(), 2 * operations_of(op.activation), [&](Index first, Index count) {
    activation_gradient(op.activation, x[0]->as<float>() + first, dy.as<float>() + first, dx.as<float>() + first,
                        count);
  });
}

void backward(const Softmax& op, const Operands& /*x*/, const Tensor& y, const Tensor& dy, StepGradients& gradients) {
  Tensor& dx = gradients.inputs[0];
  if (dx.empty()) return;
  const Index width = y.info().dim(-1);
  constexpr Index kOperations = 20;  // a sum, one addition after the other
  share_row_blocks(y.info().elements() / width, width, kOperations, [&](Index first, Index last) {
    for (Index i = first * width; i < last * width; i += width) {
      softmax_row(op.factor, y.as<float>() + i, dy.as<float>() + i, dx.as<float>() + i, width);
    }
  });
}

void backward(const Reshape& /*op*/, const Operands& /*x*/, const Tensor& /*y*/, const Tensor& dy,
              StepGradients& gradients) {
  Tensor& dx = gradients.inputs[0];
  if (!dx.empty()) std::copy_n(dy.as<float>(), dy.info().elements(), dx.as<float>());
}

}  // namespace septet::network
