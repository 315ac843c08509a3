// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network --training` says beside the layers: passes with and without inserted zeros, and the operations
// of channels padded to the array.
#pragma once

#include "network_report.hpp"
#include "septet/network/training_cost.hpp"

#include <string>
#include <vector>

namespace septet::cli {

struct TrainingReport {
  network::TrainingStepOptions how;
  std::vector<network::TrainingLayer> step;       ///< one per layer of the report
  std::vector<network::LayerCost> zero_inserted;  ///< with inserted zeros multiplied, on a dense dataflow
};

/// Of report.layers. Refuses, for `path`, layers without the sizes that gradients need.
std::vector<network::TrainingLayer> step_of(const std::string& path, const network::TrainingStepOptions& how,
                                            const NetworkReport& report);
/// training.zero_inserted. The dense dataflow that is named, or that keeps the same operand in place; none named: the
/// one with the fewest cycles.
void count_zero_inserted(const NetworkReport& report, TrainingReport& training);

Json training_json(const NetworkReport& report, const TrainingReport& training);
std::string training_table(const NetworkReport& report, const TrainingReport& training);
/// A part of a page of HTML: a heading, facts, and a table.
std::string training_html(const NetworkReport& report, const TrainingReport& training);

}  // namespace septet::cli
