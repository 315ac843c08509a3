// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the weights that are left in a tile cost.
#pragma once

#include "septet/network/cost.hpp"

namespace septet::network::pruning {

/// Cycles as the sum over a tile's folds (docs/dataflows.md, section 7): exact under Timing::serial and scalesim.
/// Overlapped folds follow each other after max(steps, H) cycles, but where a longer one is ahead of a shorter one.
/// What bandwidth and a memory system add is not in it.
class Price {
 public:
  /// Weights, not cycles.
  Price() = default;
  /// Of a layer's products on the array of `options`, under a sparse dataflow. Errors as cycles().
  static Status cycles(const Layer& layer, const CostOptions& options, Dataflow dataflow, Price& price);

  /// Of a tile with so many live vectors, or steps (csOS), and weights.
  Index operator()(Index vectors, Index weights) const;
  bool counts_weights() const { return weights_; }
  /// Of a layer beside its tiles: overlapped, how each product begins and ends.
  Index fixed() const { return fixed_; }

 private:
  bool weights_ = true;
  bool weight_stationary_ = false;
  Index n_ = 0, n_tiles_ = 0, height_ = 0;
  Index fold_ = 0, least_steps_ = 0;  // of a fold: cycles beside its steps; as many steps as it takes at least
  Index fixed_ = 0;
};

}  // namespace septet::network::pruning
