// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One-shot curves: what is lost for how many cycles, without retraining, by array and by what is removed together.
#pragma once

#include "output.hpp"
#include "prune_flags.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct CurvePoint {
  network::PruneGoal goal = network::PruneGoal::speedup;
  double value = 0;
  bool met = true;
  Index cycles = 0;
  double sparsity = 0, kept = 1;
  /// |y - y0|^2 / |y0|^2 of all outputs in real numbers, y0 those of the network as it is; nothing: the goal is out of
  /// reach, or all of y0 is 0.
  std::optional<double> output_error;
  std::optional<double> accuracy;  ///< nothing: out of reach, or no labels
};
struct CurveSeries {
  std::string name;  ///< "weights": unstructured; a dataflow's: its groups in every layer; "auto": layer by layer
  std::vector<CurvePoint> points;
};
struct ArrayCurves {
  ArrayShape array;
  Index cycles_dense = 0;
  std::vector<CurveSeries> series;
};
struct Curves {
  std::string network;
  Index images = 0;
  std::optional<double> accuracy;  ///< of the network as it is
  std::vector<ArrayCurves> arrays;
};

/// Of --curves, --arrays, --input and --labels. Throws Error.
Curves curves_of(const PruneFlags& given, const network::Network& network, const network::InputStatistics& statistics);

Json curves_json(const Curves& curves);
std::string curves_table(const Curves& curves);

}  // namespace septet::cli
