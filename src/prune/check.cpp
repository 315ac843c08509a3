// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include "layers.hpp"

#include <algorithm>
#include <cmath>

namespace septet::network::pruning {
namespace {

Status check_value(const PruneOptions& options) {
  const bool share = options.goal == PruneGoal::sparsity || options.goal == PruneGoal::kept;
  if (share && !(options.value >= 0 && options.value <= 1)) {
    return {Cause::bad_option, "value", std::to_string(options.value) + " is not a share from 0 to 1"};
  }
  if (!share && !(options.value > 0 && std::isfinite(options.value))) {
    return {Cause::bad_option, "value", std::to_string(options.value) + " is not a number above 0"};
  }
  return {};
}

Status check_groups(const PruneOptions& options) {
  const GroupShape& group = options.group;
  const bool neighbours = options.groups == PruneGroups::neighbours;
  if (neighbours && !(group.n >= 1 && group.n <= group.m && group.m <= 16)) {
    return {Cause::bad_option, "group", "is not N of M neighbours, 1 <= N <= M <= 16"};
  }
  const auto side = [](Index size) { return size >= 1 && size <= 256; };
  if (options.groups == PruneGroups::blocks && !(side(options.block.rows) && side(options.block.cols))) {
    return {Cause::bad_option, "block", "is not 1 x 1 to 256 x 256"};
  }
  const std::vector<Dataflow> dataflows = dataflows_of(options.cost);
  if (options.groups == PruneGroups::dataflow && std::none_of(dataflows.begin(), dataflows.end(), is_sparse)) {
    return {Cause::bad_option, "groups", "a dense dataflow skips nothing, so it has no groups of its own"};
  }
  return {};
}

Status check_untouched(const Network& network, const PruneOptions& options) {
  for (const std::string& name : options.untouched) {
    const auto has_name = [&](const Step& step) { return step.name == name; };
    if (std::any_of(network.steps.begin(), network.steps.end(), has_name)) continue;
    return {Cause::bad_option, "untouched", "there is no step \"" + name + "\""};
  }
  return {};
}

Status check_statistics(const Network& network, const InputStatistics& statistics) {
  if (statistics.empty()) return {};
  const auto bad = [](const std::string& message) { return Status(Cause::bad_option, "statistics", message); };
  if (statistics.size() != network.steps.size()) {
    return bad(std::to_string(statistics.size()) + " steps, the network has " + std::to_string(network.steps.size()));
  }
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const Step& step = network.steps[i];
    const Index want = linear_of(step.op) == nullptr ? 0 : squares_of(network, step);
    if (static_cast<Index>(statistics[i].size()) != want) {
      return bad(step.name + " has " + std::to_string(want) + " channels of them, what is given are " +
                 std::to_string(statistics[i].size()));
    }
    for (const double square : statistics[i]) {
      if (!(square >= 0 && std::isfinite(square))) return bad(step.name + ": " + std::to_string(square));
    }
  }
  return {};
}

}  // namespace

std::vector<Index> prunable_steps(const Network& network, const PruneOptions& options) {
  std::vector<Index> steps;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    const auto& untouched = options.untouched;
    if (linear_of(step.op) == nullptr || class_of(network, step) == kDepthwise) continue;
    if (std::find(untouched.begin(), untouched.end(), step.name) != untouched.end()) continue;
    steps.push_back(static_cast<Index>(i));
  }
  return steps;
}

Status check(const Network& network, const PruneOptions& options) {
  if (Status status = check_value(options); !status.ok()) return status;
  if (Status status = check_groups(options); !status.ok()) return status;
  if (Status status = check_untouched(network, options); !status.ok()) return status;
  if (Status status = check_statistics(network, options.statistics); !status.ok()) return status;
  for (const Index step : prunable_steps(network, options)) {
    if (Status status = check_finite(network.steps[static_cast<std::size_t>(step)]); !status.ok()) return status;
  }
  return {};
}

}  // namespace septet::network::pruning
