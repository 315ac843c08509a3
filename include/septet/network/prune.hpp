// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Weights removed where an array can do without them: the fewest cycles for the energy that is left. docs/prune.md has
// the method in formulas.
//
//   septet::network::PruneOptions options;
//   options.cost.gemm.array = {16, 16};
//   options.goal = septet::network::PruneGoal::speedup, options.value = 4;
//   const auto pruned = septet::network::prune(network, options);
//   // pruned.network, pruned.layers[0].mask, pruned.cycles
#pragma once

#include "septet/network/cost.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace septet::network {

/// What is removed together.
enum class PruneGroups : std::uint8_t {
  /// What the layer's dataflow skips. sOS: columns of an m-tile of H rows, sWS: of W rows; sIS: rows of a k-tile of H;
  /// csOS: of up to L columns that share a step each row's largest weight stays, and columns of an m-tile.
  dataflow,
  weights,     ///< every weight by itself: unstructured
  neighbours,  ///< group.n of group.m neighbours in a row stay (of a row's last ones, too), whatever the goal
  blocks       ///< of `block`, from a matrix's first row and column on
};

/// Of all layers together; of each by itself with `per_layer`.
enum class PruneGoal : std::uint8_t {
  sparsity,  ///< at least this share of the weights is zero
  cycles,    ///< products take at most so many
  speedup,   ///< cycles of the dense network, each layer with the best dense dataflow, over those of the pruned one
  kept       ///< at least this share of the energy stays (Pruning::kept), with the fewest cycles for it
};

/// What activations are like where they meet weights: the mean of their squares, by step, and in it by channel of the
/// step's x (fully connected: by column of the weights). In steps without weights nothing. Of several runs their mean.
using InputStatistics = std::vector<std::vector<double>>;
/// From a run on `inputs`, in real numbers (zero points subtracted, scales applied). Errors as run().
SEPTET_API Status try_input_statistics(const Network& network, const std::vector<const Tensor*>& inputs,
                                       InputStatistics& result);
SEPTET_API InputStatistics input_statistics(const Network& network, const std::vector<const Tensor*>& inputs);

struct PruneOptions {
  /// The array. Its dataflow automatic: layer by layer the one that loses least for its cycles, dense ones among them.
  CostOptions cost;
  PruneGroups groups = PruneGroups::dataflow;
  GroupShape group = {2, 4};
  BlockShape block = {4, 4};
  PruneGoal goal = PruneGoal::sparsity;
  double value = 0.5;
  bool per_layer = false;
  std::vector<std::string> untouched;  ///< names of steps that keep their weights (permuted: in another order)
  /// Orders the channels between layers so that rows that keep the same columns share tiles (permute.hpp): the same
  /// function. Where that makes the result no better, channels stay as they are (Pruning::orders).
  bool permute = false;
  InputStatistics statistics;  ///< empty: all 1
};

/// A step with weights that can be pruned: convolution (not depthwise) or fully connected, and not `untouched`.
struct PrunedLayer {
  Index step = 0;
  Dataflow dense_dataflow = Dataflow::automatic, dataflow = Dataflow::automatic;
  Index cycles_dense = 0, cycles = 0;  ///< of its products, in closed form (cost.hpp)
  Index weights = 0, zeros = 0;        ///< zeros that were there before included
  double kept = 1;                     ///< share of its weights' energy that stays; above 0
  bool met = true;                     ///< with `per_layer` its own goal, else Pruning::met
  /// In the order and shape of its weights (in Pruning::network); 1: stays, 0: a zero now, or before.
  std::vector<std::uint8_t> mask;
};

struct Pruning {
  Network network;  ///< with weights of its own where they differ
  std::vector<PrunedLayer> layers;
  Index cycles_dense = 0, cycles = 0;  ///< of all products, those included that are not pruned
  Index weights = 0, zeros = 0;        ///< of `layers`
  double kept = 1;                     ///< the product of theirs: what of a signal's energy passes all of them
  /// With PruneOptions::permute: of channels_of() the network that was given, what came where (permute.hpp). Empty: all
  /// channels are where they were.
  std::vector<std::vector<Index>> orders;
  bool met = true;  ///< else this is the best that was found
};

/// The energy of a weight w that meets input x is w^2 E[x^2] (LeCun, Denker, Solla, NIPS 1989: a diagonal Hessian;
/// E[x^2] = 1 without statistics), w in real numbers. A layer keeps the share K of its weights' energy at C cycles;
/// chosen is what minimises the sum over all layers of -ln K + lambda C, with the smallest lambda that meets the goal,
/// and what the goal does not need is given back. Goal sparsity, and groups that are not the dataflow's: C are the
/// weights left; there goals in cycles are met by trying, as where the plan of fewest cycles by the closed form of the
/// tiles does not meet one. Goals `per_layer` of a network without prunable layers are the network's. Of every layer
/// one group stays at least. Cycles are those of
/// cost(), whatever the timing, bandwidth and memory. Weights of a zero point are zero at it. Deterministic: equal
/// arguments give equal masks, for any number of threads. Untouched on error: those of validate() and cost();
/// bad_option "value" (sparsity and kept: 0 to 1; cycles, speedup: above 0, finite), "group" (1 <= n <= m <= 16),
/// "block" (sides of 1 to 256), "groups" (the dataflow's own, of a dense one), "untouched" (no such step), "statistics"
/// (sizes; not finite or negative); bad_structure (a step's name and index of the first weight that is not finite). A
/// goal out of reach is no error.
SEPTET_API Status try_prune(const Network& network, const PruneOptions& options, Pruning& result);
SEPTET_API Pruning prune(const Network& network, const PruneOptions& options);

}  // namespace septet::network
