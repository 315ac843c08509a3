// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Charts of an exploration as SVG for a page of HTML.
#pragma once

#include "explore_summary.hpp"

#include <string>

namespace septet::cli {

/// <figure>s with a caption and a legend; empty where there is nothing to be seen.
/// Energy over cycles of all designs, the Pareto set, the economic one.
std::string pareto_figure(const Exploration& exploration, const Summary& summary);
/// Cycles over all buffers' bytes, of the best split and of thirds.
std::string memory_figure(const Exploration& exploration, const Summary& summary);
/// Cycles of the quickest machine under its dataflows.
std::string dataflows_figure(const Exploration& exploration, const Summary& summary);

}  // namespace septet::cli
