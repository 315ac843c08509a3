// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Layers that are pruned: their curves, and what a choice makes of them.
#pragma once

#include "planner.hpp"

namespace septet::network::pruning {

/// Of a step. Refers to the network and the options.
class PrunableLayer {
 public:
  /// `layer`: of layers_of(). Errors as cost().
  PrunableLayer(const Network& network, const PruneOptions& options, Index step, const Layer& layer);

  /// Reads the weights. `by_weights`: prices are weights where they would be cycles.
  void make_curves(bool by_weights = false);
  const std::vector<Curve>& curves() const { return curves_; }
  Index weights() const { return linear().weight->info().elements(); }
  Index cycles_dense() const { return dense_.array_cycles(); }

  /// The layer after so many removals, counted by cost(). `weight`: null where they are those of before.
  struct Pruned {
    PrunedLayer layer;
    std::shared_ptr<const Tensor> weight;
  };
  Pruned pruned(const Choice& choice) const;

 private:
  const Linear& linear() const;
  Scores scores() const;
  std::unique_ptr<Paths> paths(const Scores& scores, Dataflow dataflow) const;
  Price price(Dataflow dataflow) const;
  bool counts_weights() const;
  void add_dataflow(const Scores& scores, Dataflow dataflow);
  std::vector<std::uint8_t> mask(const Scores& scores, const Choice& choice) const;
  std::shared_ptr<const Tensor> masked(const std::vector<std::uint8_t>& mask) const;

  const Network& network_;
  const PruneOptions& options_;
  const Index step_;
  const Layer& layer_;
  bool by_weights_ = false;
  LayerCost dense_;  // with the best dense dataflow
  std::vector<Curve> curves_;
};

/// What a dataflow may be, where groups are its own.
std::vector<Dataflow> dataflows_of(const CostOptions& options);

}  // namespace septet::network::pruning
