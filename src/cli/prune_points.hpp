// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Results of retraining loops, in a file: points of accuracy, cycles and time on a CPU, and over seeds what they have
// in common. docs/prune.md defines the keys.
#pragma once

#include "output.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// Of several seeds: mean, and the sample's standard deviation (of one: 0).
struct Spread {
  double mean = 0, deviation = 0;
};

/// Points that differ in their seeds alone.
struct PointGroup {
  std::string network, series, array, goal;  ///< goal: "" where the file says none
  Index seeds = 0;
  Spread accuracy, cycles;
  std::optional<Spread> cpu_seconds;  ///< of all seeds or of none
};

/// In the order in which the file has them first. Refuses, with the key, what is no such file, and a seed that a group
/// has twice. Throws Error.
std::vector<PointGroup> read_points(const std::string& path);

Json points_json(const std::vector<PointGroup>& groups);
std::string points_table(const std::vector<PointGroup>& groups);

}  // namespace septet::cli
