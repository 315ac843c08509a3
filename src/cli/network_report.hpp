// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network` says: layers and totals, as JSON, whose keys are a public contract, and as a table.
#pragma once

#include "output.hpp"
#include "septet/network/run.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// A network, or a table, with what its layers cost.
struct NetworkReport {
  std::string name;
  std::vector<network::Layer> layers;
  std::vector<network::LayerCost> costs;
  std::vector<network::LayerRun> runs;  ///< empty: nothing was run
  network::CostOptions options;
  std::string executor;  ///< "cpu", "array"; empty: nothing was run
  Index batch = 1;
  double clock_hz = 1e9;
};

Json network_json(const NetworkReport& report);
std::string network_table(const NetworkReport& report);

}  // namespace septet::cli
