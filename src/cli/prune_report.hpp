// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet prune` says of a pruned network, as JSON and as a table.
#pragma once

#include "output.hpp"
#include "prune_curves.hpp"
#include "prune_points.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct PruneReport {
  std::string name;  ///< of the network
  std::string goal;  ///< "--speedup 4"
  network::PruneOptions options;
  network::Pruning pruning;
  Index images = 0;                     ///< that calibration has seen
  std::vector<std::string> mask_files;  ///< by layer; empty: nothing is written
};

/// "sparsity", "cycles", "speedup", "kept".
const char* goal_name(network::PruneGoal goal);
/// "auto", "weights", "2:4", "block:4x4".
std::string groups_text(const network::PruneOptions& options);
/// "4x4x3x3" of the step's product.
std::string product_text(const network::Network& network, Index step);
/// Zeros over weights; 0 where there are none.
double share_of(Index part, Index whole);
/// Of a layer or of all of them.
struct PruneCounts {
  Index weights = 0, zeros = 0, cycles_dense = 0, cycles = 0;
  double kept = 1;
};
template <class Counts>
PruneCounts counts_of(const Counts& counts) {
  return {counts.weights, counts.zeros, counts.cycles_dense, counts.cycles, counts.kept};
}
/// What was reached of the goal: "4.05 times", "1,234 cycles", …
std::string reached_text(network::PruneGoal goal, const PruneCounts& counts);
/// "4.05x"; of no cycles "-".
std::string times_text(Index more, Index fewer);
/// Sets of channels are in another order than they were.
bool is_permuted(const network::Pruning& pruning);

Json prune_json(const PruneReport& report);
std::string prune_table(const PruneReport& report);

/// All that a command line asked for.
struct PruneSections {
  std::string name;  ///< of the network
  std::optional<PruneReport> pruned;
  std::optional<Curves> curves;
  std::vector<PointGroup> points;  ///< empty: none
};
Json sections_json(const PruneSections& sections);
std::string sections_table(const PruneSections& sections);

}  // namespace septet::cli
