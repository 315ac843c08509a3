// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Charts of pruned networks as SVG for a page of HTML.
#pragma once

#include "prune_report.hpp"

#include <string>

namespace septet::cli {

/// <figure>s with a caption and a legend.
/// Cycles of every layer, dense and pruned.
std::string pruned_figure(const PruneReport& report);
/// Output error over cycles and, with labels, accuracy over cycles: a panel for each array.
std::string curve_figures(const Curves& curves);
/// Accuracy over cycles and over time on a CPU: a panel of each for each network and array.
std::string point_figures(const std::vector<PointGroup>& groups);

}  // namespace septet::cli
