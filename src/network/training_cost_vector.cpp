// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The vector unit's operations in a training step, operator by operator (docs/training.md has the table).
#include "training_cost_parts.hpp"

namespace septet::network {
namespace {

constexpr Index kParameterBytes = 4;  // and a statistic's

// Operations per element of a derivative, the multiplication by the gradient included.
struct Derivative {
  Index simple = 0, special = 0;
};
Derivative derivative_of(Activation activation) {
  switch (activation) {
    case Activation::none:
      return {};
    case Activation::relu:
    case Activation::relu6:
      return {1, 0};  // one or the other
    case Activation::sigmoid:
    case Activation::tanh:
      return {3, 0};  // y (1 - y), 1 - y^2
    case Activation::gelu:
      return {9, 2};  // Phi(x) + x phi(x): 3 and erf, 4 and exp, their sum, times the gradient
  }
  return {};
}

class Gradient {
 public:
  explicit Gradient(const VectorWork& work)
      : work_(work), x_bytes_(work.x * size_of(work.x_type)), y_bytes_(work.y * size_of(work.y_type)) {}

  VectorCost operator()(const Convolution&) const { return {}; }
  VectorCost operator()(const FullyConnected&) const { return {}; }
  VectorCost operator()(const MatMul&) const { return {}; }
  VectorCost operator()(const Reshape&) const { return {}; }

  // Rows that were looked up get their share of the update at once: momentum would touch all others, too.
  VectorCost operator()(const EmbeddingBag& bag) const {
    const Index bags = work_.width == 0 ? 0 : work_.y / work_.width, rows = work_.x * work_.width;
    VectorCost cost;
    cost.simple_operations = 2 * rows;
    if (bag.mode == EmbeddingBag::Mode::mean) cost.simple_operations += work_.y, cost.special_operations = bags;
    const Index row_bytes = rows * size_of(work_.x_type);
    cost.reads_bytes = y_bytes_ + row_bytes + (work_.x + bags + 1) * size_of(Type::s32);
    cost.writes_bytes = row_bytes;
    return cost;
  }
  // The greatest is found again.
  VectorCost operator()(const MaxPool& pool) const {
    VectorCost cost = spread(pool.window.height * pool.window.width + 1, 0, pool.activation);
    cost.reads_bytes += x_bytes_;
    return cost;
  }
  VectorCost operator()(const AveragePool& pool) const {
    return spread(pool.window.height * pool.window.width, 1, pool.activation);
  }
  VectorCost operator()(const Mean&) const { return {0, work_.y, y_bytes_, x_bytes_, 0}; }
  // Goes to both operands as it is. The fork that an addition closes has two readers: their gradients are added.
  VectorCost operator()(const Add& add) const {
    VectorCost cost{work_.y, 0, 2 * y_bytes_, y_bytes_, 0};
    return with_derivative(cost, add.activation);
  }
  VectorCost operator()(const Activate& activate) const {
    return activation_gradient_cost(activate.activation, work_.y, work_.y_type);
  }
  // Normalised 2, dbeta 1, dgamma 2; then, of x and dy once more, normalised 2, dx 4 (batch_norm.cpp).
  VectorCost operator()(const BatchNorm&) const {
    const Index channels = work_.width;
    return {11 * work_.y + 5 * channels, 0, 2 * (x_bytes_ + y_bytes_) + 3 * channels * kParameterBytes,
            x_bytes_ + 2 * channels * kParameterBytes, 0};
  }
  // Statistics 3 (and a division and a root per row), normalised 2, g = gamma dy 1, sums of g and g x 3, dx 4,
  // dgamma 2, dbeta 1.
  VectorCost operator()(const LayerNorm&) const {
    const Index rows = work_.width == 0 ? 0 : work_.y / work_.width;
    return {16 * work_.y + 2 * rows, 2 * rows, x_bytes_ + y_bytes_ + work_.width * kParameterBytes,
            x_bytes_ + 2 * work_.width * kParameterBytes, 0};
  }
  // y (dy - sum of y dy) factor.
  VectorCost operator()(const Softmax&) const { return {5 * work_.y, 0, 2 * y_bytes_, x_bytes_, 0}; }
  // Straight through (Bengio, Leonard, Courville, arXiv 1308.3432, 2013), but where it was clamped.
  VectorCost operator()(const Quantise&) const { return {work_.y, 0, x_bytes_ + y_bytes_, x_bytes_, 0}; }

 private:
  // From every output to its window.
  VectorCost spread(Index simple, Index special, Activation activation) const {
    return with_derivative({work_.y * simple, work_.y * special, y_bytes_, x_bytes_, 0}, activation);
  }
  VectorCost with_derivative(VectorCost cost, Activation activation) const {
    if (is_integer(work_.y_type)) activation = Activation::relu;  // clamped in any case
    const Derivative derivative = derivative_of(activation);
    cost.simple_operations += work_.y * derivative.simple, cost.special_operations += work_.y * derivative.special;
    if (activation != Activation::none) cost.reads_bytes += y_bytes_;
    return cost;
  }

  const VectorWork& work_;
  Index x_bytes_, y_bytes_;
};

}  // namespace

VectorCost training_cost(const VectorWork& work) {
  VectorCost cost = vector_cost(work, {});
  cost.cycles = 0;
  if (!std::holds_alternative<BatchNorm>(work.op)) return cost;
  // Sums of x and x^2: 3; then, of x once more, normalised 2, gamma and beta 2. Per channel: mean 1, variance 3,
  // epsilon 1, running statistics 6, a root and a division; gamma, beta and running statistics in, all statistics out.
  cost.simple_operations = 7 * work.y + 11 * work.width, cost.special_operations = 2 * work.width;
  cost.reads_bytes += work.x * size_of(work.x_type) + 4 * work.width * kParameterBytes;
  cost.writes_bytes += 4 * work.width * kParameterBytes;
  return cost;
}

VectorCost gradient_cost(const VectorWork& work) { return std::visit(Gradient(work), work.op); }

VectorCost activation_gradient_cost(Activation activation, Index elements, Type type) {
  const Derivative derivative = derivative_of(activation);
  if (activation == Activation::none) return {};
  const Index bytes = elements * size_of(type);
  return {elements * derivative.simple, elements * derivative.special, 2 * bytes, bytes, 0};
}

VectorCost bias_gradient_cost(Index elements, Index outputs, Type type) {
  return {elements, 0, elements * size_of(type), outputs * kParameterBytes, 0};
}

VectorCost gradient_sum_cost(Index parameters, Index times) {
  const Index sums = parameters * times;
  return {sums, 0, 2 * sums * kParameterBytes, sums * kParameterBytes, 0};
}

VectorCost update_cost(Index parameters) {
  return {4 * parameters, 0, 3 * parameters * kParameterBytes, 2 * parameters * kParameterBytes, 0};
}

}  // namespace septet::network
