// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network` says: layers and totals, as JSON, whose keys are a public contract, and as a table.
#pragma once

#include "output.hpp"
#include "septet/network/session.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// A network, or a table, with what its layers cost.
struct NetworkReport {
  std::string name;
  std::vector<network::Layer> layers;
  std::vector<network::LayerCost> costs;
  std::vector<std::vector<network::LayerCost>> each;  ///< of every layer, with every dataflow that there can be
  std::vector<network::LayerRun> runs;                ///< empty: nothing was run
  std::vector<network::PreparedStep> prepared;        ///< on the CPU from packed weights: what they became; else empty
  network::CostOptions options;
  std::string executor;  ///< "cpu", "array"; empty: nothing was run
  Index batch = 1;       ///< inputs that go through together
  Index tokens = 0;      ///< … and the tokens of all of them; 0: not a matter of tokens
  double clock_hz = 1e9;
};

/// Sums over all layers.
struct Totals {
  Index cycles = 0, cycles_array = 0, cycles_vector = 0, parameters = 0;
  Index cycles_best_dense = 0, cycles_best_sparse = 0;  ///< of the products that have both, on the array
  Index macs_dense = 0, macs_issued = 0, macs_useful = 0;
  Index reads_a_words = 0, reads_b_words = 0, reads_c_words = 0, writes_c_words = 0;
  double moved_bytes = 0, energy_pj = 0, seconds = 0;
  double utilization = 0;      ///< of the array: useful MACs
  double latency_seconds = 0;  ///< of a batch, at the clock
  std::map<std::string, Index> cycles_by_op, parameters_by_op;

  double joules() const { return energy_pj * 1e-12; }
  /// Two to a multiply-accumulate that had to be.
  double operations() const { return 2 * static_cast<double>(macs_useful); }
};
/// Refuses the model where a sum is beyond 64 bits.
Totals totals_of(const NetworkReport& report);
/// sum <- sum + more; refuses `model` where that is beyond 64 bits.
void add_to(Index& sum, Index more, const std::string& model);

/// A run's totals over what went through: inputs, tokens. Nothing: over 0.
struct PerItem {
  std::optional<double> cycles, seconds, joules, per_second;
};
PerItem per_item(const NetworkReport& report, const Totals& totals, Index items);

/// The one with the fewest cycles on the array of those whose dataflow is sparse, or dense; null: there is none.
const network::LayerCost* least(const std::vector<network::LayerCost>& each, bool sparse);
/// "sOS", "sOS joined"; empty where there is no product.
std::string dataflow_text(const network::LayerCost& cost);
/// Of a product's weights: "80%"; empty where there are none.
std::string zeros_text(const NetworkReport& report, std::size_t layer);
/// more / fewer; 0 where there is nothing to divide by.
double times(Index more, Index fewer);

Json network_json(const NetworkReport& report);
std::string network_table(const NetworkReport& report);

}  // namespace septet::cli
