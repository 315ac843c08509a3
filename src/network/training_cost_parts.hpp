// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a training step is made of. Layers are of one micro-batch; everything throws Error with the layer's name.
#pragma once

#include "septet/network/training_cost.hpp"

#include <initializer_list>

namespace septet::network {

/// bad_shape.
[[noreturn]] void fail(const Layer& layer, const std::string& message);
/// The product, within 64 bits.
Index checked_product(const std::string& layer, std::initializer_list<Index> factors);

/// Of a data gradient's pattern, and of what is tried to find it: nothing but a table vouches for its numbers.
inline constexpr Index kMostGradientElements = Index{1} << 26;
/// One element at every place: A of the data gradient is the weights themselves, turned.
bool is_pointwise(const Window& window);

/// dX of a convolution: one product with a static A (sub_pixel.hpp), whose zeros no sparse dataflow multiplies.
TrainingLayer data_gradient(const Layer& layer);
/// dW of a convolution: dY, outputs x places, times patches of X, transposed.
TrainingLayer weight_gradient(const Layer& layer);
/// Of both operands of a product of activations: dY * X1^T and X0^T * dY.
std::vector<TrainingLayer> operand_gradients(const Layer& layer);

// On the vector unit, without cycles. Parameters, their gradients, momenta and statistics are f32; activations and
// their gradients have the layer's types. docs/training.md has the table.

/// Forward, when training: batch norm takes its statistics from the batch.
VectorCost training_cost(const VectorWork& work);
VectorCost gradient_cost(const VectorWork& work);
/// Of an activation behind `elements` outputs.
VectorCost activation_gradient_cost(Activation activation, Index elements, Type type);
/// Sums over images and places.
VectorCost bias_gradient_cost(Index elements, Index outputs, Type type);
/// `times` sums of gradients of so many parameters onto others.
VectorCost gradient_sum_cost(Index parameters, Index times);
/// v <- momentum * v + g, w <- w - rate * v.
VectorCost update_cost(Index parameters);

}  // namespace septet::network
