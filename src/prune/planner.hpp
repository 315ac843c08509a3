// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which point of which curve each layer takes: what minimises the sum over all layers of loss + lambda cost (Everett,
// Operations Research 11, 1963), for the lambda that a bound asks for, and then what is left of the bound.
#pragma once

#include "curve.hpp"

namespace septet::network::pruning {

/// Of a layer.
struct Choice {
  std::size_t curve = 0;
  Index removals = 0;

  bool operator==(const Choice& other) const { return curve == other.curve && removals == other.removals; }
};
using Plan = std::vector<Choice>;  ///< one per layer

class Planner {
 public:
  /// Of each layer its curves, one at least; refers to them.
  explicit Planner(std::vector<const std::vector<Curve>*> layers) : layers_(std::move(layers)) {}

  /// The least loss for at most that cost; least_cost() if there is none.
  Plan within(Index most_cost) const;
  /// The least cost for at most that loss; the least loss if there is none.
  Plan keeping(double most_loss) const;
  Plan least_cost() const;
  Plan least_loss() const;

  Index cost(const Plan& plan) const;
  double loss(const Plan& plan) const;

 private:
  Choice at(std::size_t layer, double lambda) const;
  Plan at(double lambda) const;
  const Curve& curve(std::size_t layer, const Choice& choice) const { return (*layers_[layer])[choice.curve]; }
  Index cost(std::size_t layer, const Choice& choice) const;
  double loss(std::size_t layer, const Choice& choice) const;
  template <class F>
  void improve(Plan& plan, const F& better) const;
  void lose_less(Index most_cost, Plan& plan) const;
  void cost_less(double most_loss, Plan& plan) const;

  std::vector<const std::vector<Curve>*> layers_;
};

}  // namespace septet::network::pruning
