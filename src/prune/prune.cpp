// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/prune.hpp"

#include "check.hpp"
#include "orders.hpp"
#include "side_by_side.hpp"
#include "solver.hpp"
#include "src/fp_environment.hpp"
#include "src/network/layer_cost.hpp"
#include "src/validate.hpp"

#include <algorithm>

namespace septet::network {
namespace {

using namespace pruning;  // NOLINT(google-build-using-namespace): this file is its front door

// Sums up cycles.
void add(Index& sum, Index cycles) {
  if (!add_times(sum, 1, cycles)) throw Error(beyond_64_bits());
}

class Pruner {
 public:
  Pruner(const Network& network, const PruneOptions& options)
      : network_(network), options_(options), all_(layers_of(network, options.cost.vector)) {
    const std::vector<Index> steps = prunable_steps(network, options);
    for (const Index step : steps) {
      layers_.push_back(std::make_unique<PrunableLayer>(network, options, step, all_[static_cast<std::size_t>(step)]));
      add(cycles_dense_, layers_.back()->cycles_dense());
    }
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!std::binary_search(steps.begin(), steps.end(), static_cast<Index>(i))) count_other(all_[i]);
    }
    side_by_side(layers_.size(), [&](std::size_t i) { layers_[i]->make_curves(); });
  }

  Pruning prune() {
    Pruning result;
    result.network = network_;
    if (options_.per_layer && !layers_.empty()) {
      std::vector<Solver::Outcome> outcomes(layers_.size());
      side_by_side(layers_.size(),
                   [&](std::size_t i) { outcomes[i] = solve({layers_[i].get()}, 0, layers_[i]->cycles_dense()); });
      for (Solver::Outcome& outcome : outcomes) take(std::move(outcome), result);
    } else {
      std::vector<PrunableLayer*> layers;
      for (const auto& layer : layers_) layers.push_back(layer.get());
      take(solve(layers, other_cycles_, cycles_dense_ + other_cycles_dense_), result);
    }
    result.cycles_dense = cycles_dense_;
    add(result.cycles_dense, other_cycles_dense_), add(result.cycles, other_cycles_);
    return result;
  }

 private:
  // What bandwidth, memory and overlapping folds add to cycles is in no price, so where the cheapest plan does not meet
  // the goal, one with fewer weights for the same price may.
  Solver::Outcome solve(const std::vector<PrunableLayer*>& layers, Index other_cycles, Index cycles_dense) const {
    const auto solver = [&] { return Solver(options_, {layers.begin(), layers.end()}, other_cycles, cycles_dense); };
    Solver::Outcome outcome = solver().solve();
    const bool in_cycles = options_.goal == PruneGoal::cycles || options_.goal == PruneGoal::speedup;
    if (outcome.met || !in_cycles || options_.groups != PruneGroups::dataflow) return outcome;
    side_by_side(layers.size(), [&](std::size_t i) { layers[i]->make_curves(true); });
    Solver::Outcome by_weights = solver().solve_by_weights();
    return by_weights.met || by_weights.cycles < outcome.cycles ? by_weights : outcome;
  }

  // Of products that are not pruned.
  void count_other(const Layer& layer) {
    if (layer.product.count == 0) return;
    LayerCost now, dense;
    CostOptions options = options_.cost;
    throw_if_error(cost(layer, options, now));
    options.gemm.dataflow = Dataflow::automatic, options.weights = WeightForm::dense;
    throw_if_error(cost(layer, options, dense));
    add(other_cycles_, now.array_cycles()), add(other_cycles_dense_, dense.array_cycles());
  }

  static void take(Solver::Outcome&& outcome, Pruning& result) {
    for (auto& [layer, weight] : outcome.layers) {
      add(result.cycles, layer.cycles);
      result.weights += layer.weights, result.zeros += layer.zeros, result.kept *= layer.kept;
      if (weight) linear_of(result.network.steps[static_cast<std::size_t>(layer.step)].op)->weight = std::move(weight);
      layer.met = outcome.met;
      result.layers.push_back(std::move(layer));
    }
    result.met = result.met && outcome.met;
  }

  const Network& network_;
  const PruneOptions& options_;
  const std::vector<Layer> all_;
  std::vector<std::unique_ptr<PrunableLayer>> layers_;
  Index cycles_dense_ = 0, other_cycles_ = 0, other_cycles_dense_ = 0;
};

// By the goal: met before not met, then what the goal leaves open, or how near it is.
bool is_better(const Pruning& one, const Pruning& other, PruneGoal goal) {
  if (one.met != other.met) return one.met;
  const bool cycles_first = one.met ? goal == PruneGoal::kept : goal == PruneGoal::cycles || goal == PruneGoal::speedup;
  if (cycles_first && one.cycles != other.cycles) return one.cycles < other.cycles;
  return one.kept != other.kept ? one.kept > other.kept : one.cycles < other.cycles;
}

// With the channels in an order that `given`, pruned as it is, asks for; `given` where that is no better.
Pruning with_aligned_channels(const Network& network, const PruneOptions& options, Pruning given) {
  const std::vector<ChannelSet> channels = channels_of(network);
  Orders orders = aligned_orders(network, channels, options, given.layers);
  PruneOptions permuted_options = options;
  permuted_options.statistics = permuted_statistics(options.statistics, channels, orders);
  const Network other = permuted(network, orders);
  Pruning result = Pruner(other, permuted_options).prune();
  if (!is_better(result, given, options.goal)) return given;
  result.orders = std::move(orders);
  return result;
}

}  // namespace

Status try_prune(const Network& network, const PruneOptions& options, Pruning& result) {
  return detail::guarded([&] {
    const detail::FpEnvironment environment;
    if (Status status = validate(network); !status.ok()) return status;
    if (Status status = check(network, options); !status.ok()) return status;
    Pruning pruned = Pruner(network, options).prune();
    result = options.permute ? with_aligned_channels(network, options, std::move(pruned)) : std::move(pruned);
    return Status();
  });
}

Pruning prune(const Network& network, const PruneOptions& options) {
  Pruning result;
  throw_if_error(try_prune(network, options, result));
  return result;
}

}  // namespace septet::network
