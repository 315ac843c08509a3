// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What pruning refuses: the cause, and nothing written.
#include "connected.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace septet::network {
namespace {

using namespace septet::support;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Network two_layers() {
  Rng rng(141);
  return connected({random_connected(rng, 4, 3, 2), random_connected(rng, 5, 4, 2)});
}

void check_refused(const Network& network, const PruneOptions& options, Cause cause, const std::string& argument,
                   const std::string& message) {
  Pruning pruning;
  pruning.cycles = 17;
  const Status status = try_prune(network, options, pruning);
  INFO(status.to_string());
  CHECK(status.cause() == cause);
  CHECK(status.argument() == argument);
  CHECK(status.message().find(message) != std::string::npos);
  CHECK(pruning.cycles == 17);
  CHECK(pruning.layers.empty());
}

TEST_CASE("values out of range") {
  for (const double value : {-0.1, 1.1, kNaN}) {
    for (const PruneGoal goal : {PruneGoal::sparsity, PruneGoal::kept}) {
      PruneOptions options;
      options.goal = goal, options.value = value;
      check_refused(two_layers(), options, Cause::bad_option, "value", "0 to 1");
    }
  }
  for (const double value : {0.0, -1.0, kNaN, std::numeric_limits<double>::infinity()}) {
    for (const PruneGoal goal : {PruneGoal::cycles, PruneGoal::speedup}) {
      PruneOptions options;
      options.goal = goal, options.value = value;
      check_refused(two_layers(), options, Cause::bad_option, "value", "above 0");
    }
  }
}

TEST_CASE("groups that there are not") {
  PruneOptions options;
  options.groups = PruneGroups::neighbours;
  for (const GroupShape& group : {GroupShape{0, 4}, GroupShape{5, 4}, GroupShape{1, 17}}) {
    options.group = group;
    check_refused(two_layers(), options, Cause::bad_option, "group", "N of M");
  }
  options.groups = PruneGroups::blocks;
  for (const BlockShape& block : {BlockShape{0, 4}, BlockShape{4, 257}}) {
    options.block = block;
    check_refused(two_layers(), options, Cause::bad_option, "block", "256 x 256");
  }
  options.groups = PruneGroups::dataflow, options.cost.gemm.dataflow = Dataflow::dWS;
  check_refused(two_layers(), options, Cause::bad_option, "groups", "dense dataflow");
  options.cost.gemm.dataflow = Dataflow::automatic, options.cost.weights = WeightForm::dense;
  check_refused(two_layers(), options, Cause::bad_option, "groups", "dense dataflow");
}

TEST_CASE("steps and statistics that do not fit") {
  PruneOptions options;
  options.untouched = {"layer1", "layer7"};
  check_refused(two_layers(), options, Cause::bad_option, "untouched", "layer7");
  options.untouched.clear();
  options.statistics = {{1, 1, 1}};
  check_refused(two_layers(), options, Cause::bad_option, "statistics", "1 steps");
  options.statistics = {{1, 1, 1}, {1, 1, 1}};
  check_refused(two_layers(), options, Cause::bad_option, "statistics", "layer1 has 4");
  for (const double bad : {-1.0, kNaN, std::numeric_limits<double>::infinity()}) {
    options.statistics = {{1, bad, 1}, {1, 1, 1, 1}};
    check_refused(two_layers(), options, Cause::bad_option, "statistics", "layer0");
  }
}

TEST_CASE("weights that are no numbers, and what cost() and validate() refuse") {
  Connected layer{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  layer.weights[4] = std::numeric_limits<float>::quiet_NaN();
  check_refused(connected({{1, 1, 1, {1}}, layer}), {}, Cause::bad_structure, "layer1", "weight 4");
  layer.weights[4] = -std::numeric_limits<float>::infinity();
  check_refused(connected({layer}), {}, Cause::bad_structure, "layer0", "weight 4");
  PruneOptions options;
  options.untouched = {"layer0"};
  Pruning pruning;
  CHECK(try_prune(connected({layer}), options, pruning).ok());

  options = {};
  options.cost.gemm.array = {0, 4};
  check_refused(two_layers(), options, Cause::bad_option, "options.array", "height");
  options = {};
  options.cost.gemm.accumulate = Accumulate::fold_then_add, options.cost.gemm.dataflow = Dataflow::csOS;
  check_refused(two_layers(), options, Cause::bad_option, "options.accumulate", "csOS");
  Network network = two_layers();
  network.steps[1].name = network.steps[0].name;
  check_refused(network, {}, Cause::bad_option, "steps[1] (layer0)", "name of another step");
  CHECK_THROWS_AS(prune(network, {}), Error);
}

}  // namespace
}  // namespace septet::network
