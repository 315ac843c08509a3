// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "step_shape.hpp"

namespace septet::network {
namespace {

const TensorInfo& input_of(const Network& network, const Step& step) {
  return network.tensors[static_cast<std::size_t>(step.inputs[0])];
}

// Integers are clamped in any case: what lies beyond the ends has no gradient.
void add_epilogue(const Linear& linear, const TensorInfo& y, ConvolutionShape& shape) {
  shape.bias = linear.bias != nullptr;
  shape.activation = is_integer(y.type) ? Activation::relu : linear.activation;
}

}  // namespace

std::optional<ConvolutionShape> convolution_shape(const Network& network, const Step& step) {
  const TensorInfo& y = network.tensors[static_cast<std::size_t>(step.output)];
  if (const auto* op = std::get_if<Convolution>(&step.op)) {
    const TensorInfo& x = input_of(network, step);
    ConvolutionShape shape{x.dim(0),   x.dim(1),   x.dim(2), x.dim(3), op->linear.outputs(),
                           op->groups, op->window, {},       {}};
    add_epilogue(op->linear, y, shape);
    return shape;
  }
  if (const auto* op = std::get_if<FullyConnected>(&step.op)) {
    ConvolutionShape shape = fully_connected_shape(product_of(network, step));
    add_epilogue(op->linear, y, shape);
    return shape;
  }
  return {};
}

VectorWork vector_work(const Network& network, const Step& step) {
  VectorWork work;
  work.op = step.op;
  const TensorInfo& y = network.tensors[static_cast<std::size_t>(step.output)];
  work.y = y.elements(), work.y_type = y.type;
  if (!y.shape.empty()) work.width = y.dim(-1);
  if (step.inputs.empty()) return work;
  work.operands = static_cast<Index>(step.inputs.size());
  work.x = input_of(network, step).elements(), work.x_type = input_of(network, step).type;
  if (const auto* bag = std::get_if<EmbeddingBag>(&step.op)) work.x_type = bag->table->info().type;
  return work;
}

}  // namespace septet::network
