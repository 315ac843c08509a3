// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The vector unit's operations, operator by operator (docs/network.md has the table).
#include "septet/network/cost.hpp"
#include "src/arithmetic.hpp"
#include "step_shape.hpp"

#include <algorithm>

namespace septet::network {
namespace {

class Operations {
 public:
  explicit Operations(const VectorWork& work) : work_(work) {}

  // Behind the array.
  VectorCost operator()(const Convolution&) const { return {}; }
  VectorCost operator()(const FullyConnected&) const { return {}; }
  VectorCost operator()(const MatMul&) const { return {}; }

  VectorCost operator()(const EmbeddingBag& bag) const {
    const Index bags = work_.width == 0 ? 0 : work_.y / work_.width;
    return embedding_cost(work_.x_type, work_.width, work_.x, bags, bag.mode, {});
  }
  VectorCost operator()(const MaxPool& pool) const {
    return elementwise(pool.window.height * pool.window.width + activation(pool.activation), 0);
  }
  VectorCost operator()(const AveragePool& pool) const {
    return elementwise(pool.window.height * pool.window.width + activation(pool.activation), 1);
  }
  VectorCost operator()(const Mean&) const {
    VectorCost cost = elementwise(rescale(), 1);
    cost.simple_operations += work_.x;
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
  Index rescale() const { return is_integer(work_.y_type) ? 2 : 0; }
  // Integers clamp in any case.
  Index activation(Activation activation) const {
    return is_integer(work_.y_type) || activation != Activation::none ? 1 : 0;
  }

  VectorCost elementwise(Index simple, Index special) const {
    VectorCost cost;
    cost.simple_operations = work_.y * simple, cost.special_operations = work_.y * special;
    cost.reads_bytes = work_.operands * work_.x * size_of(work_.x_type);
    cost.writes_bytes = work_.y * size_of(work_.y_type);
    return cost;
  }
  VectorCost per_row(VectorCost cost, Index special) const {
    if (work_.width != 0) cost.special_operations += work_.y / work_.width * special;
    return cost;
  }

  const VectorWork& work_;
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

VectorCost vector_cost(const VectorWork& work, const VectorUnit& unit) {
  return with_cycles(std::visit(Operations(work), work.op), unit);
}

VectorCost vector_cost(const Network& network, const Step& step, const VectorUnit& unit) {
  return vector_cost(vector_work(network, step), unit);
}

}  // namespace septet::network
