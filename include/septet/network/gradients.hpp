// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of the operators, one step at a time: from dy, the gradient of what a step has made, those of its operands
// and parameters. What multiplies is a product again (docs/training.md), on this CPU or wherever Execution says:
//
//   gradient of           A                                   B                                   C
//   Convolution's x       weights, turned (sub-pixel form)    dy                                  dx
//   Convolution's weight  dy, transposed                      patches of x, transposed            dweight
//   FullyConnected        weights, transposed; dy, transposed dy; x                               dx; dweight
//   MatMul                dy; x0, transposed                  x1, transposed; dy                  dx0; dx1
//
// f32; and of products s8 and u8 (x, weight and dy, less their zero points), whose gradients are s32, modulo 2^32: of
// the sums, as if requantisation and its limits were not there.
#pragma once

#include "septet/network/execute.hpp"

#include <memory>
#include <vector>

namespace septet::network {

/// An empty tensor: not wanted. Others are of the operand's shape, of f32 or s32.
struct StepGradients {
  std::vector<Tensor> inputs;      ///< one per input of the step: written; always empty of indices
  std::vector<Tensor> parameters;  ///< one of each of parameters_of(step.op): the batch's is added to what is there
};

/// The tensors of an operator that are learnt, in this order: weight, bias; factor, term; gamma, beta; table.
SEPTET_API std::vector<std::shared_ptr<const Tensor>> parameters_of(const Operator& op);

/// All the gradients of a step whose inputs are x, 0.
SEPTET_API StepGradients zero_gradients(const Step& step, const std::vector<const Tensor*>& x);

/// The gradients of `step`, which has made y of x, where dy, of y's shape, is y's. `gradients`: zero_gradients(), or
/// what an earlier call has left; what nobody wants may be emptied. A fused relu or relu6 is undone first, by y.
///
/// A parameter's gradient is one sum over the batch, image after image, that goes on where the last call has left it:
/// k calls with a k-th of a batch each give the bits that one with all of it gives, floats too. docs/training.md has
/// the order of every sum; no result depends on the number of threads or the instruction set.
/// Aliasing: none of `gradients` may be x, y or dy.
/// Throws Error (bad_shape, bad_type "dy", "gradients.inputs[0]" …; bad_option: the operator, or what is fused to it,
/// has no gradient; as gemm()), std::bad_alloc.
SEPTET_API void backward(const Step& step, const std::vector<const Tensor*>& x, const Tensor& y, const Tensor& dy,
                         StepGradients& gradients, const Execution& execution = {});

}  // namespace septet::network
