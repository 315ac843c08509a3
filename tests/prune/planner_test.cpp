// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Plans against all the choices there are.
#include "src/prune/planner.hpp"

#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace septet::network {
namespace {

using namespace septet::support;
using pruning::Curve;

// Convex, of a few points.
Curve random_curve(Rng& rng) {
  Curve curve = pruning::curve_of(Dataflow::sOS, rng.between(50, 200));
  double slope = 0.01 * rng.unit();
  if (rng.chance(0.5)) curve.loss[0] = 0.1 * rng.unit();
  for (Index points = rng.between(0, 6); points > 0; --points) {
    const Index saved = rng.between(1, 8);
    slope += 0.05 * rng.unit();
    curve.removals.push_back({0, 0});
    curve.cost.push_back(curve.cost.back() - saved);
    curve.loss.push_back(curve.loss.back() + slope * static_cast<double>(saved));
  }
  return curve;
}

struct Sum {
  Index cost = 0;
  double loss = 0;
};
// Of all ways to choose.
std::vector<Sum> all_sums(const std::vector<std::vector<Curve>>& layers) {
  std::vector<Sum> sums = {{}};
  for (const std::vector<Curve>& layer : layers) {
    std::vector<Sum> next;
    for (const Sum& sum : sums) {
      for (const Curve& curve : layer) {
        for (std::size_t p = 0; p < curve.cost.size(); ++p) {
          next.push_back({sum.cost + curve.cost[p], sum.loss + curve.loss[p]});
        }
      }
    }
    sums = std::move(next);
  }
  return sums;
}
// Those that are the best for some lambda.
std::vector<Sum> hull_of(std::vector<Sum> sums) {
  std::sort(sums.begin(), sums.end(),
            [](const Sum& a, const Sum& b) { return a.cost != b.cost ? a.cost > b.cost : a.loss < b.loss; });
  const auto least = std::min_element(sums.begin(), sums.end(), [](const Sum& a, const Sum& b) {
    return a.loss != b.loss ? a.loss < b.loss : a.cost < b.cost;
  });
  std::vector<Sum> hull;
  const auto slope = [](const Sum& a, const Sum& b) {
    return (b.loss - a.loss) / static_cast<double>(a.cost - b.cost);
  };
  for (auto sum = least; sum != sums.end(); ++sum) {
    if (!hull.empty() && hull.back().cost == sum->cost) continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), *sum)) hull.pop_back();
    hull.push_back(*sum);
  }
  return hull;
}

constexpr double kRounding = 1e-12;  // sums of at most five losses below 5, in any order

TEST_CASE("a bound that is reached by the best of all choices is reached, and others are used as well as that") {
  const std::uint64_t seed = 161;
  Rng rng(seed);
  for (int i = 0; i < 100; ++i) {
    INFO("seed " << seed << ", layers " << i);
    std::vector<std::vector<Curve>> layers(static_cast<std::size_t>(rng.between(1, 4)));
    std::vector<const std::vector<Curve>*> views;
    for (auto& curves : layers) {
      for (Index count = rng.between(1, 3); count > 0; --count) curves.push_back(random_curve(rng));
      views.push_back(&curves);
    }
    const pruning::Planner planner(views);
    const std::vector<Sum> hull = hull_of(all_sums(layers));
    CHECK(planner.cost(planner.least_cost()) == hull.back().cost);
    CHECK(std::abs(planner.loss(planner.least_loss()) - hull.front().loss) < kRounding);
    for (std::size_t p = 0; p < hull.size(); ++p) {
      const Index spare = p == 0 ? 50 : rng.below(hull[p - 1].cost - hull[p].cost);
      for (const Index cost : {hull[p].cost, hull[p].cost + spare}) {
        const pruning::Plan plan = planner.within(cost);
        CHECK(planner.cost(plan) <= cost);
        CHECK(planner.loss(plan) <= hull[p].loss + kRounding);
      }
      for (const double loss : {hull[p].loss + kRounding, hull[p].loss + 0.01 * rng.unit() + kRounding}) {
        const pruning::Plan plan = planner.keeping(loss);
        CHECK(planner.loss(plan) <= loss);
        CHECK(planner.cost(plan) <= hull[p].cost);
      }
    }
    CHECK(planner.cost(planner.within(hull.back().cost - 1)) == hull.back().cost);
    CHECK(std::abs(planner.loss(planner.keeping(hull.front().loss - 1)) - hull.front().loss) < kRounding);
  }
}

}  // namespace
}  // namespace septet::network
