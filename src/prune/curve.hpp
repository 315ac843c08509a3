// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a layer loses for its cost: the paths of its tiles, merged.
#pragma once

#include "paths.hpp"

namespace septet::network::pruning {

/// Point i: after the first i removals. Costs fall and losses grow, the more for a cost the further.
struct Curve {
  struct Removal {
    std::int32_t tile = 0, state = 0;  ///< what the tile becomes
  };
  Dataflow dataflow = Dataflow::automatic;  ///< that the costs are of
  std::vector<Removal> removals;
  bool one_tile = false;     ///< then point i is that of removals[i] alone: every other tile is empty
  std::vector<Index> cost;   ///< [removals + 1], one_tile: [removals]
  std::vector<double> loss;  ///< likewise: -ln K, K the share of the layer's energy that is left; always finite

  Index points() const { return static_cast<Index>(cost.size()); }
};

/// The lower convex hulls of all tiles, in the order of score lost per cost saved; the tile that would be the last to
/// lose everything never does. Behind it, where something is left of them that costs or loses less: the lower convex
/// hull of all that one tile alone may be (one_tile), of which the last point costs least of all that is not empty.
std::vector<Curve> curves_of(const Paths& paths, Dataflow dataflow, Index fixed_cost);
/// Of one point: nothing to remove.
Curve curve_of(Dataflow dataflow, Index cost);

/// What of the layer's mask the first `count` removals clear; one_tile: point `count`.
void remove(const Paths& paths, const Curve& curve, Index count, std::uint8_t* mask);

}  // namespace septet::network::pruning
