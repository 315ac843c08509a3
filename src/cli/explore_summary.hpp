// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an exploration comes to: the designs worth building, and what splits of the memory and dataflows make of it.
#pragma once

#include "io/json_file.hpp"
#include "septet/network/explore.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// All designs of a sweep, in its order.
struct Exploration {
  std::string model;
  io::Json settings;
  Index machines = 0;
  std::vector<network::DesignPoint> points;
};

/// Machines that differ in the split of a total alone: the split with the fewest cycles, whatever the dataflow, and the
/// generic one, thirds. Places of points.
struct SplitChoice {
  std::size_t best = 0, generic = 0;
};

/// A machine under its dataflows. Places of points.
struct DataflowChoice {
  std::size_t per_layer = 0;       ///< each layer its own
  std::vector<std::size_t> fixed;  ///< one for all layers
  std::size_t best_fixed() const { return fixed.front(); }
};

struct Summary {
  Index infeasible = 0;
  double slowdown = 1;
  /// Nothing: no design is feasible. Of those with equal cycles the one with the least energy, and the other way round;
  /// then the smallest area, then the first.
  std::optional<std::size_t> fastest, least_energy;
  std::optional<std::size_t> economic;    ///< network::economic()
  std::vector<std::size_t> pareto;        ///< pareto_set()
  std::vector<SplitChoice> splits;        ///< in the sweep's order
  std::vector<DataflowChoice> dataflows;  ///< of machines with auto and others; quickest first
};

Summary summary_of(const Exploration& exploration, double slowdown);

/// Thirds, as splits_of() has them.
bool is_generic(const network::Buffers& buffers);

/// cycles of one over cycles of the other.
double cycles_ratio(const Exploration& exploration, std::size_t over, std::size_t under);

}  // namespace septet::cli
