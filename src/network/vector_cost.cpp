// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The vector unit's operations, operator by operator (docs/network.md has the table).
#include "septet/network/cost.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::network {
namespace {

Index bytes_of(const TensorInfo& info) { return info.elements() * size_of(info.type); }

class Operations {
 public:
  Operations(const Network& network, const Step& step)
      : network_(network), step_(step), y_(network.tensors[step.output]), outputs_(y_.elements()) {}

  // Behind the array.
  VectorCost operator()(const Convolution&) const { return {}; }
  VectorCost operator()(const FullyConnected&) const { return {}; }
  VectorCost operator()(const MatMul&) const { return {}; }

  VectorCost operator()(const EmbeddingBag& bag) const {
    return embedding_cost(bag.table->info().type, y_.dim(-1), x(0).elements(), y_.dim(0), bag.mode, {});
  }
  VectorCost operator()(const MaxPool& pool) const {
    return elementwise(pool.window.height * pool.window.width + activation(pool.activation), 0);
  }
  VectorCost operator()(const AveragePool& pool) const {
    return elementwise(pool.window.height * pool.window.width + activation(pool.activation), 1);
  }
  VectorCost operator()(const Mean&) const {
    VectorCost cost = elementwise(rescale(), 1);
    cost.simple_operations += x(0).elements();
    return cost;
  }
  // Integers: both operands and the sum are rescaled.
  VectorCost operator()(const Add& add) const { return elementwise(1 + 3 * rescale() + activation(add.activation), 0); }
  VectorCost operator()(const Activate& activate) const {
    const bool special = activate.activation == Activation::gelu || activate.activation == Activation::sigmoid ||
                         activate.activation == Activation::tanh;
    return elementwise(special ? 2 : activation(activate.activation), special ? 1 : 0);
  }
  VectorCost operator()(const BatchNorm&) const { return elementwise(2, 0); }
  // Mean 1, variance 2, normalised 2, gamma and beta 2; a division and a root per row.
  VectorCost operator()(const LayerNorm&) const { return per_row(elementwise(7, 0), 2); }
  // Largest 1, difference and factor 2, sum 1, scaled 1; a division per row.
  VectorCost operator()(const Softmax&) const { return per_row(elementwise(5, 1), 1); }
  VectorCost operator()(const Quantise&) const { return elementwise(2, 0); }
  VectorCost operator()(const Reshape&) const { return {}; }

 private:
  const TensorInfo& x(std::size_t i) const { return network_.tensors[step_.inputs[i]]; }
  Index rescale() const { return is_integer(y_.type) ? 2 : 0; }
  // Integers clamp in any case.
  Index activation(Activation activation) const {
    return is_integer(y_.type) || activation != Activation::none ? 1 : 0;
  }

  VectorCost elementwise(Index simple, Index special) const {
    VectorCost cost;
    cost.simple_operations = outputs_ * simple, cost.special_operations = outputs_ * special;
    for (std::size_t i = 0; i < step_.inputs.size(); ++i) cost.reads_bytes += bytes_of(x(i));
    cost.writes_bytes = bytes_of(y_);
    return cost;
  }
  VectorCost per_row(VectorCost cost, Index special) const {
    if (y_.dim(-1) != 0) cost.special_operations += outputs_ / y_.dim(-1) * special;
    return cost;
  }

  const Network& network_;
  const Step& step_;
  const TensorInfo& y_;
  Index outputs_;
};

}  // namespace

VectorCost with_cycles(VectorCost cost, const VectorUnit& unit) {
  const Index work = cost.simple_operations * unit.simple_cycles + cost.special_operations * unit.special_cycles;
  cost.cycles = detail::ceil_div(work, unit.lanes);
  if (unit.bytes_per_cycle > 0) {
    cost.cycles = std::max(cost.cycles, detail::ceil_div(cost.reads_bytes + cost.writes_bytes, unit.bytes_per_cycle));
  }
  return cost;
}

VectorCost embedding_cost(Type table, Index width, Index lookups, Index bags, EmbeddingBag::Mode mode,
                          const VectorUnit& unit) {
  const bool scaled = table == Type::u8;  // a multiply-add per element, before it is added
  const Index row_bytes = scaled ? width + 2 * size_of(Type::f32) : width * size_of(table);
  VectorCost cost;
  cost.simple_operations = lookups * width * (scaled ? 3 : 1);
  if (mode == EmbeddingBag::Mode::mean) cost.simple_operations += bags * width, cost.special_operations = bags;
  cost.reads_bytes = lookups * row_bytes + (lookups + bags + 1) * size_of(Type::s32);  // rows, and both lists
  cost.writes_bytes = bags * width * size_of(Type::f32);
  return with_cycles(cost, unit);
}

VectorCost vector_cost(const Network& network, const Step& step, const VectorUnit& unit) {
  return with_cycles(std::visit(Operations(network, step), step.op), unit);
}

}  // namespace septet::network
