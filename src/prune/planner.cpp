// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "planner.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace septet::network::pruning {
namespace {

// No removal loses more for a unit of cost: losses are logarithms of doubles, below 746.
constexpr double kMostLambda = 1e6;

struct Between {
  double below = 0, above = 0;  // neighbours among the doubles
};
// Where `beyond`, false at 0 and true at kMostLambda, turns true: doubles above 0 are in the order of their bits.
template <class Beyond>
Between turn_of(const Beyond& beyond) {
  const auto number = [](std::uint64_t bits) {
    double x = 0;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  };
  std::uint64_t below = 0, above = 0;
  std::memcpy(&above, &kMostLambda, sizeof above);
  while (above - below > 1) {
    const std::uint64_t middle = below + (above - below) / 2;
    (beyond(number(middle)) ? above : below) = middle;
  }
  return {number(below), number(above)};
}

// The first of a curve's points 0 … `points` - 1 at which `reached`, false and then true, is true.
template <class Reached>
Index first_point(Index points, const Reached& reached) {
  Index begin = 0, end = points;
  while (begin < end) {
    const Index middle = begin + (end - begin) / 2;
    if (reached(static_cast<std::size_t>(middle))) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

struct Better {
  double gain = 0;
  Index removals = 0;
};

}  // namespace

Index Planner::cost(std::size_t layer, const Choice& choice) const {
  return curve(layer, choice).cost[static_cast<std::size_t>(choice.removals)];
}
double Planner::loss(std::size_t layer, const Choice& choice) const {
  return curve(layer, choice).loss[static_cast<std::size_t>(choice.removals)];
}
Index Planner::cost(const Plan& plan) const {
  Index sum = 0;
  for (std::size_t layer = 0; layer < plan.size(); ++layer) sum += cost(layer, plan[layer]);
  return sum;
}
double Planner::loss(const Plan& plan) const {
  double sum = 0;
  for (std::size_t layer = 0; layer < plan.size(); ++layer) sum += loss(layer, plan[layer]);
  return sum;
}

// Along a curve loss per cost grows, so the removals that pay come first. At 0 none does.
Choice Planner::at(std::size_t layer, double lambda) const {
  Choice best;
  double least = 0;
  for (std::size_t c = 0; c < layers_[layer]->size(); ++c) {
    const Curve& curve = (*layers_[layer])[c];
    const Index removals = first_point(curve.points() - 1, [&](std::size_t i) {
      return curve.loss[i + 1] - curve.loss[i] >= lambda * static_cast<double>(curve.cost[i] - curve.cost[i + 1]);
    });
    const Choice choice{c, removals};
    const double value = loss(layer, choice) + lambda * static_cast<double>(cost(layer, choice));
    if (c > 0 && value >= least) continue;
    best = choice, least = value;
  }
  return best;
}
Plan Planner::at(double lambda) const {
  Plan plan;
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) plan.push_back(at(layer, lambda));
  return plan;
}
Plan Planner::least_cost() const { return at(kMostLambda); }
Plan Planner::least_loss() const { return at(0.0); }

Plan Planner::within(Index most_cost) const {
  const auto meets = [&](double lambda) { return cost(at(lambda)) <= most_cost; };
  if (meets(0)) return least_loss();
  if (!meets(kMostLambda)) return least_cost();
  const Between lambda = turn_of(meets);
  Plan plan = at(lambda.above);
  const Plan beyond = at(lambda.below);
  for (std::size_t layer = 0; layer < plan.size(); ++layer) {
    if (cost(layer, beyond[layer]) - cost(layer, plan[layer]) <= most_cost - cost(plan)) plan[layer] = beyond[layer];
  }
  lose_less(most_cost, plan);
  return plan;
}

Plan Planner::keeping(double most_loss) const {
  const auto exceeds = [&](double lambda) { return loss(at(lambda)) > most_loss; };
  if (exceeds(0)) return least_loss();
  if (!exceeds(kMostLambda)) return least_cost();
  const Between lambda = turn_of(exceeds);
  Plan plan = at(lambda.below);
  const Plan beyond = at(lambda.above);
  for (std::size_t layer = 0; layer < plan.size(); ++layer) {
    const Choice before = std::exchange(plan[layer], beyond[layer]);
    if (loss(plan) > most_loss) plan[layer] = before;
  }
  cost_less(most_loss, plan);
  return plan;
}

// Layer by layer, that with the greatest gain first, until there is none.
template <class F>
void Planner::improve(Plan& plan, const F& better) const {
  for (;;) {
    std::optional<std::size_t> where;
    double most = 0;
    Choice choice;
    for (std::size_t layer = 0; layer < plan.size(); ++layer) {
      for (std::size_t c = 0; c < layers_[layer]->size(); ++c) {
        const Better one = better(layer, (*layers_[layer])[c]);
        if (one.gain > most) where = layer, most = one.gain, choice = {c, one.removals};
      }
    }
    if (!where) return;
    plan[*where] = choice;
  }
}

void Planner::lose_less(Index most_cost, Plan& plan) const {
  improve(plan, [&](std::size_t layer, const Curve& curve) {
    const Index most = cost(layer, plan[layer]) + most_cost - cost(plan);
    const Index point = first_point(curve.points(), [&](std::size_t i) { return curve.cost[i] <= most; });
    if (point == curve.points()) return Better();
    return Better{loss(layer, plan[layer]) - curve.loss[static_cast<std::size_t>(point)], point};
  });
}

void Planner::cost_less(double most_loss, Plan& plan) const {
  improve(plan, [&](std::size_t layer, const Curve& curve) {
    const double most = loss(layer, plan[layer]) + most_loss - loss(plan);
    const Index point = first_point(curve.points(), [&](std::size_t i) { return curve.loss[i] > most; }) - 1;
    if (point < 0) return Better();
    const Index saved = cost(layer, plan[layer]) - curve.cost[static_cast<std::size_t>(point)];
    return Better{static_cast<double>(saved), point};
  });
}

}  // namespace septet::network::pruning
