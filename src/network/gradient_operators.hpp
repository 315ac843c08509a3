// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The gradients of one operator each, a file per family (gradient_linear.cpp, gradient_pool.cpp, …); backward()
// (gradients.cpp) chooses. Operands have been checked: types and shapes fit, and what is wanted of `gradients` has the
// shape of its operand. Inputs' gradients are written, parameters' are added to; empty ones are not wanted.
#pragma once

#include "execute_operators.hpp"
#include "septet/network/gradients.hpp"

namespace septet::network {

// gradient_linear.cpp: what multiplies.
void backward(const Convolution& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution);
void backward(const FullyConnected& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution);
// gradient_matmul.cpp
void backward(const MatMul& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution);

// What follows: f32 alone.
// gradient_embedding.cpp
void backward(const EmbeddingBag& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
// gradient_pool.cpp
void backward(const MaxPool& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const AveragePool& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const Mean& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
// gradient_activate.cpp
void backward(const Add& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const Activate& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const Softmax& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const Reshape& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
// gradient_norm.cpp: factor and term as they are (frozen); batch_norm.hpp has what learns.
void backward(const BatchNorm& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);
void backward(const LayerNorm& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients);

}  // namespace septet::network
