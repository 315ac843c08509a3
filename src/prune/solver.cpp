// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "solver.hpp"

#include "side_by_side.hpp"
#include "src/network/layer_cost.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace septet::network::pruning {
namespace {

std::vector<const std::vector<Curve>*> curves_of(const std::vector<const PrunableLayer*>& layers) {
  std::vector<const std::vector<Curve>*> curves;
  curves.reserve(layers.size());
  for (const PrunableLayer* layer : layers) curves.push_back(&layer->curves());
  return curves;
}

// Searches among budgets for the largest one whose cycles, which grow with it more or less, are few enough.
class Budgets {
 public:
  Budgets(Index least, Index most, Index target)
      : least_(std::max<Index>(least, 1)), most_(std::max<Index>(most, 1)), target_(target) {}

  void add(Index budget, Index cycles) {
    const Tried tried{true, std::max<Index>(budget, 1), std::max<Index>(cycles, 1)};
    if (cycles <= target_) {
      met_ = tried;
    } else {
      before_ = std::exchange(unmet_, tried);
    }
  }
  /// Nothing is left to try that matters: met to a thousandth, or budgets that are as good as equal.
  bool done() const {
    if (met_.tried && (met_.budget >= most_ || (target_ - met_.cycles) <= target_ / 1000)) return true;
    if (unmet_.tried && unmet_.budget <= least_) return true;
    const Index from = met_.tried ? met_.budget : least_;
    return met_.tried && unmet_.tried && unmet_.budget - from <= std::max<Index>(1, (most_ - least_) >> 12);
  }
  /// Cycles are taken for a power of the budget: the first, until two budgets tell which.
  Index next() const {
    if (!unmet_.tried) return between(along(met_, 1, 1, 2), met_.budget + 1, most_);
    if (met_.tried) {
      const Index middle = along(met_, power(met_, unmet_), 1, 1e300);
      const Index margin = (unmet_.budget - met_.budget) / 16 + 1;
      return between(middle, met_.budget + margin, std::max(met_.budget + 1, unmet_.budget - margin));
    }
    if (unmet_.budget - least_ <= 1) return least_;
    return between(along(unmet_, before_.tried ? power(unmet_, before_) : 1, 0.1, 0.95), least_, unmet_.budget - 1);
  }

 private:
  struct Tried {
    bool tried = false;
    Index budget = 0, cycles = 0;
  };
  static double power(const Tried& a, const Tried& b) {
    const double rise = std::log(static_cast<double>(b.cycles) / static_cast<double>(a.cycles));
    return std::max(rise / std::log(static_cast<double>(b.budget) / static_cast<double>(a.budget)), 1e-3);
  }
  // The budget at which the target would be met, so many times what was tried at least and at most.
  Index along(const Tried& tried, double power, double least, double most) const {
    const double ratio = static_cast<double>(target_) / static_cast<double>(tried.cycles);
    const double times = std::clamp(std::pow(std::max(ratio, 0.0), 1 / power), least, most);
    return static_cast<Index>(std::min(static_cast<double>(tried.budget) * times, 0x1p62));
  }
  static Index between(Index budget, Index low, Index high) { return std::max(low, std::min(budget, high)); }

  const Index least_, most_, target_;
  Tried met_, unmet_, before_;  // before_: the last but one that was not met
};

// The fewest that are this share.
Index zeros_for(double share, Index weights) {
  auto zeros = static_cast<Index>(share * static_cast<double>(weights));
  while (zeros > 0 && is_share(zeros - 1, weights, share)) --zeros;
  while (zeros < weights && !is_share(zeros, weights, share)) ++zeros;
  return zeros;
}

}  // namespace

bool is_share(Index zeros, Index weights, double share) {
  return (weights == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(weights)) >= share;
}

Solver::Solver(const PruneOptions& options, std::vector<const PrunableLayer*> layers, Index other_cycles,
               Index cycles_dense)
    : options_(options),
      layers_(std::move(layers)),
      other_cycles_(other_cycles),
      cycles_dense_(cycles_dense),
      planner_(curves_of(layers_)) {}

Solver::Outcome Solver::solve() {
  if (options_.groups == PruneGroups::neighbours) return count(planner_.least_loss());
  switch (options_.goal) {
    case PruneGoal::sparsity:
      return for_sparsity();
    case PruneGoal::kept:
      return for_kept();
    default:
      return for_cycles(options_.groups == PruneGroups::dataflow);
  }
}

Solver::Outcome Solver::count(Plan plan) {
  Outcome outcome;
  outcome.layers.resize(plan.size());
  side_by_side(plan.size(), [&](std::size_t i) {
    const bool known = i < last_.plan.size() && last_.plan[i] == plan[i];
    outcome.layers[i] = known ? last_.layers[i] : layers_[i]->pruned(plan[i]);
  });
  outcome.plan = std::move(plan);
  for (const auto& [layer, weight] : outcome.layers) {
    if (!add_times(outcome.cycles, 1, layer.cycles)) throw Error(beyond_64_bits());
    outcome.weights += layer.weights, outcome.zeros += layer.zeros, outcome.kept *= layer.kept;
  }
  outcome.met = meets(outcome);
  last_ = outcome;
  return outcome;
}

bool Solver::meets(const Outcome& outcome) const {
  const auto cycles = static_cast<double>(outcome.cycles + other_cycles_);
  switch (options_.goal) {
    case PruneGoal::sparsity:
      return is_share(outcome.zeros, outcome.weights, options_.value);
    case PruneGoal::kept:
      return outcome.kept >= options_.value;
    case PruneGoal::cycles:
      return cycles <= options_.value;
    default:
      return cycles * options_.value <= static_cast<double>(cycles_dense_);
  }
}

Solver::Outcome Solver::for_sparsity() {
  Index weights = 0;
  for (const PrunableLayer* layer : layers_) weights += layer->weights();
  return count(planner_.within(weights - zeros_for(options_.value, weights)));
}

Solver::Outcome Solver::for_kept() {
  // Sums in another order differ in the last bits; then the bound is a little tighter.
  double most_loss = -std::log(options_.value);
  for (double margin = 1e-12;; margin *= 10) {
    Outcome outcome = count(planner_.keeping(most_loss));
    if (outcome.met || most_loss < 0) return outcome;
    most_loss -= margin;
  }
}

Solver::Outcome Solver::solve_by_weights() {
  Outcome least = count(planner_.least_cost());
  return least.met ? for_cycles(false) : least;
}

Solver::Outcome Solver::for_cycles(bool priced_in_cycles) {
  const double most =
      options_.goal == PruneGoal::cycles ? options_.value : static_cast<double>(cycles_dense_) / options_.value;
  const Index target = static_cast<Index>(std::min(most, 0x1p62)) - other_cycles_;
  const Index dearest = planner_.cost(planner_.least_loss()), cheapest = planner_.cost(planner_.least_cost());
  Budgets budgets(cheapest, dearest, target);
  Index budget = priced_in_cycles ? std::clamp(target, cheapest, dearest) : dearest;
  std::optional<Outcome> best;
  for (;; budget = budgets.next()) {
    Outcome outcome = count(planner_.within(budget));
    budgets.add(budget, outcome.met ? std::min(outcome.cycles, target) : std::max(outcome.cycles, target + 1));
    const bool better = !best || (outcome.met != best->met ? outcome.met
                                  : outcome.met            ? outcome.kept >= best->kept
                                                           : outcome.cycles < best->cycles);
    if (better) best = std::move(outcome);
    if (budgets.done()) return *best;
  }
}

}  // namespace septet::network::pruning
