// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A goal for a set of layers: plans, each counted as cost() counts, until one meets the goal.
#pragma once

#include "layers.hpp"

namespace septet::network::pruning {

/// At least this share, as doubles divide: 7 of 100 are 0.07. Of nothing it is 0.
bool is_share(Index zeros, Index weights, double share);

class Solver {
 public:
  /// With curves. `other_cycles`: of products that count for the goal and are not pruned; `cycles_dense`: of all that
  /// count, before.
  Solver(const PruneOptions& options, std::vector<const PrunableLayer*> layers, Index other_cycles, Index cycles_dense);

  struct Outcome {
    Plan plan;
    std::vector<PrunableLayer::Pruned> layers;
    Index cycles = 0;  ///< of the layers
    Index weights = 0, zeros = 0;
    double kept = 1;  ///< the product of theirs
    bool met = false;
  };
  /// Not met: the best that was found.
  Outcome solve();
  /// Of goals in cycles, with curves by weights: by trial. Not met: one group of each layer, that with the fewest
  /// weights.
  Outcome solve_by_weights();

 private:
  Outcome count(Plan plan);
  bool meets(const Outcome& outcome) const;
  Outcome for_sparsity();
  Outcome for_kept();
  Outcome for_cycles(bool priced_in_cycles);

  const PruneOptions& options_;
  const std::vector<const PrunableLayer*> layers_;
  const Index other_cycles_, cycles_dense_;
  const Planner planner_;
  Outcome last_;  // what it has of the next plan's choices need not be counted again
};

}  // namespace septet::network::pruning
