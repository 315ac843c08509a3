// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole networks: every goal is met as cost() counts, or said to be out of reach; masks only remove.
#include "connected.hpp"
#include "network/layered_network.hpp"
#include "network/random_network.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace septet::network {
namespace {

using namespace septet::support;

PruneOptions random_options(Rng& rng) {
  PruneOptions options;
  GemmOptions& gemm = options.cost.gemm;
  gemm.array = {rng.between(1, 6), rng.between(1, 6)};
  gemm.dataflow =
      rng.pick({Dataflow::automatic, Dataflow::automatic, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS});
  gemm.combine.lanes = static_cast<int>(rng.between(1, 4));
  if (rng.chance(0.2)) gemm.combine.policy = CombinePolicy::first_fit;
  if (rng.chance(0.1)) gemm.beta = 1;  // outputs start from something, which is shifted in
  if (!is_output_stationary(gemm.dataflow) && rng.chance(0.2)) gemm.accumulate = Accumulate::fold_then_add;
  options.cost.array.timing = rng.pick({Timing::serial, Timing::serial, Timing::scalesim, Timing::overlapped});
  if (rng.chance(0.2)) options.cost.array.bandwidth = rng.between(1, 20);
  if (rng.chance(0.1)) options.cost.array.memory = {1 << 10, 1 << 10, 1 << 10, rng.between(1, 20)};
  options.groups = rng.pick({PruneGroups::dataflow, PruneGroups::dataflow, PruneGroups::dataflow, PruneGroups::weights,
                             PruneGroups::blocks, PruneGroups::neighbours});
  options.block = {rng.between(1, 4), rng.between(1, 4)};
  options.group.m = static_cast<int>(rng.between(1, 6));
  options.group.n = static_cast<int>(rng.between(1, options.group.m));
  options.goal = rng.pick({PruneGoal::sparsity, PruneGoal::cycles, PruneGoal::speedup, PruneGoal::kept});
  options.per_layer = rng.chance(0.3);
  const bool share = options.goal == PruneGoal::sparsity || options.goal == PruneGoal::kept;
  options.value = share ? rng.pick({0.0, 1.0, rng.unit(), rng.unit(), rng.unit()}) : 1 + 3 * rng.unit();
  return options;
}

const Tensor& weight_of(const Network& network, Index step) {
  const Operator& op = network.steps[static_cast<std::size_t>(step)].op;
  const auto* convolution = std::get_if<Convolution>(&op);
  return *(convolution != nullptr ? convolution->linear : std::get<FullyConnected>(op).linear).weight;
}

// Removed, or as it was.
void check_mask(const Tensor& before, const Tensor& after, const PrunedLayer& layer) {
  const Index size = size_of(before.info().type), count = before.info().elements();
  REQUIRE(static_cast<Index>(layer.mask.size()) == count);
  const auto* b = static_cast<const std::uint8_t*>(before.data());
  const auto* a = static_cast<const std::uint8_t*>(after.data());
  const auto zero = [&](const std::uint8_t* w) {
    float value = 0;
    if (size == 4) std::memcpy(&value, w, 4);
    return size == 4 ? value == 0 : *w == static_cast<std::uint8_t>(before.info().quantisation.zero_point);
  };
  Index zeros = 0, stays = 0, had = 0;
  for (Index i = 0; i < count; ++i) {
    const bool kept = layer.mask[static_cast<std::size_t>(i)] != 0;
    zeros += !kept, stays += kept, had += !zero(b + i * size);
    if (kept == zero(a + i * size)) FAIL_CHECK("weight " << i);
    if (kept && std::memcmp(b + i * size, a + i * size, static_cast<std::size_t>(size)) != 0)
      FAIL_CHECK("weight " << i);
  }
  CHECK(layer.weights == count);
  CHECK(layer.zeros == zeros);
  CHECK((stays > 0) == (had > 0));
  CHECK(layer.kept > 0);
  CHECK(layer.kept <= 1);
  if (stays == had) CHECK(layer.kept == 1);
}

// All products, as cost() counts them.
Index cycles_of(const Network& network, CostOptions options, bool dense) {
  if (dense) options.gemm.dataflow = Dataflow::automatic, options.weights = WeightForm::dense;
  Index sum = 0;
  for (const Layer& layer : layers_of(network, options.vector)) {
    LayerCost cost;
    throw_if_error(network::cost(layer, options, cost));
    sum += cost.array_cycles();
  }
  return sum;
}

bool is_met(const PruneOptions& options, Index zeros, Index weights, Index cycles, Index cycles_dense, double kept) {
  switch (options.goal) {
    case PruneGoal::sparsity:
      return (weights == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(weights)) >= options.value;
    case PruneGoal::cycles:
      return static_cast<double>(cycles) <= options.value;
    case PruneGoal::speedup:
      return static_cast<double>(cycles) * options.value <= static_cast<double>(cycles_dense);
    default:
      return kept >= options.value;
  }
}

void check_pruning(const Network& network, const PruneOptions& options, const Pruning& got) {
  Index weights = 0, zeros = 0;
  double kept = 1;
  bool met = true;
  for (const PrunedLayer& layer : got.layers) {
    INFO("step " << layer.step);
    check_mask(weight_of(network, layer.step), weight_of(got.network, layer.step), layer);
    LayerCost cost;
    const Layer now = layers_of(got.network, {})[static_cast<std::size_t>(layer.step)];
    throw_if_error(network::cost(now, options.cost, cost));
    CHECK(layer.cycles == cost.array_cycles());
    CHECK(layer.dataflow == cost.dataflow);
    CHECK(!is_sparse(layer.dense_dataflow));
    weights += layer.weights, zeros += layer.zeros, kept *= layer.kept;
    const bool layer_met = is_met(options, layer.zeros, layer.weights, layer.cycles, layer.cycles_dense, layer.kept);
    if (options.per_layer) CHECK(layer.met == layer_met);
    met &= layer_met;
  }
  CHECK(got.weights == weights);
  CHECK(got.zeros == zeros);
  CHECK(got.kept == kept);
  CHECK(got.cycles == cycles_of(got.network, options.cost, false));
  CHECK(got.cycles_dense == cycles_of(network, options.cost, true));
  if (!options.per_layer || got.layers.empty())
    met = is_met(options, zeros, weights, got.cycles, got.cycles_dense, kept);
  CHECK(got.met == met);
  CHECK(validate(got.network).ok());
}

TEST_CASE("goals are met as cost() counts, or said not to be; a second time, and with one thread, alike") {
  const std::uint64_t seed = 121;
  Rng rng(seed);
  int met = 0, unmet = 0;
  for (int i = 0; i < problem_count(120); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = rng.chance(0.5) ? random_network(rng) : LayeredNetwork(rng)();
    PruneOptions options = random_options(rng);
    if (options.goal == PruneGoal::cycles) {
      CostOptions dense = options.cost;
      options.value = static_cast<double>(1 + cycles_of(network, dense, true)) / options.value;
    }
    Pruning pruning;
    const Status status = try_prune(network, options, pruning);
    INFO(status.to_string());
    REQUIRE(status.ok());
    check_pruning(network, options, pruning);
    (pruning.met ? met : unmet) += 1;
    REQUIRE(set_threads(1).ok());
    const Pruning again = prune(network, options);
    reset_threads();
    REQUIRE(again.layers.size() == pruning.layers.size());
    for (std::size_t l = 0; l < again.layers.size(); ++l) CHECK(again.layers[l].mask == pruning.layers[l].mask);
  }
  if (effort() < 1) return;
  CHECK(met > 20);
  CHECK(unmet > 5);
}

TEST_CASE("serial cycles are met with little to spare") {
  const std::uint64_t seed = 122;
  Rng rng(seed);
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS, Dataflow::automatic}) {
    INFO("seed " << seed << ", " << name(dataflow));
    std::vector<Connected> layers;
    for (int l = 0; l < 3; ++l) layers.push_back(random_connected(rng, 40 + 8 * l, 60, 20));
    PruneOptions options;
    options.cost.gemm.array = {4, 4}, options.cost.gemm.dataflow = dataflow;
    options.goal = PruneGoal::speedup, options.value = 2;
    const Pruning pruning = prune(connected(layers), options);
    CHECK(pruning.met);
    // A vector of a tile is five passes of a step; sWS: a fold, some 30 cycles.
    CHECK(pruning.cycles > pruning.cycles_dense / 2 - (dataflow == Dataflow::sWS ? 100 : 40));
  }
}

TEST_CASE("a goal that needs no removal leaves the network as it is") {
  Rng rng(123);
  const Network network = connected({random_connected(rng, 9, 10, 4, 0.5), random_connected(rng, 8, 9, 4)});
  for (const PruneGroups groups : {PruneGroups::dataflow, PruneGroups::weights, PruneGroups::blocks}) {
    PruneOptions options;
    options.groups = groups, options.cost.gemm.array = {3, 3};
    options.goal = PruneGoal::speedup, options.value = 1;
    const Pruning pruning = prune(network, options);
    CHECK(pruning.met);
    for (std::size_t s = 0; s < network.steps.size(); ++s) {
      CHECK(&weight_of(pruning.network, static_cast<Index>(s)) == &weight_of(network, static_cast<Index>(s)));
    }
    CHECK(pruning.kept == 1);
  }
}

TEST_CASE("out of reach: one vector of one tile stays of each layer, and that is said") {
  Rng rng(124);
  const Index m = 10, k = 12, n = 7;
  const Network network = connected({random_connected(rng, m, k, n)});
  const struct {
    Dataflow dataflow;
    Index least;
  } cases[] = {{Dataflow::sOS, 3 * (1 + 3 + 3 - 2 + 3)},   // three n-tiles of a step
               {Dataflow::csOS, 3 * (1 + 3 + 3 - 2 + 3)},  // likewise
               {Dataflow::sWS, 3 + 7 + 3 + 3 - 2},         // a fold of n steps
               {Dataflow::sIS, 3 * (3 + 1 + 3 + 3 - 2)}};  // three n-tiles of a row
  for (const auto& known : cases) {
    const Dataflow dataflow = known.dataflow;
    const Index least = known.least;
    INFO(name(dataflow));
    PruneOptions options;
    options.cost.gemm.array = {3, 3}, options.cost.gemm.dataflow = dataflow;
    options.goal = PruneGoal::cycles, options.value = static_cast<double>(least - 1);
    Pruning pruning = prune(network, options);
    CHECK(!pruning.met);
    CHECK(pruning.cycles == least);
    CHECK(pruning.kept > 0);
    options.value = static_cast<double>(least);
    pruning = prune(network, options);
    CHECK(pruning.met);
    CHECK(pruning.cycles == least);
  }
}

TEST_CASE("out of reach: what is not pruned takes too long, and of the rest there is nothing to remove") {
  Rng rng(127);
  const Network network = connected({random_connected(rng, 4, 4, 4), {2, 2, 2, {0, 0, 0, 0}}});
  for (const PruneGroups groups : {PruneGroups::dataflow, PruneGroups::weights, PruneGroups::blocks}) {
    PruneOptions options;
    options.groups = groups, options.untouched = {"layer0"};
    options.goal = PruneGoal::cycles, options.value = 1;
    const Pruning pruning = prune(network, options);
    CHECK(!pruning.met);
    CHECK(pruning.cycles > 1);
    CHECK(pruning.kept == 1);
    CHECK(pruning.layers[0].cycles == 0);
  }
}

// 16 rows of great weights, and one of small ones that is a tile of its own.
Connected ragged_layer() {
  Connected layer{17, 2, 4, std::vector<float>(34, 10.f)};
  layer.weights[32] = layer.weights[33] = 0.1f;
  return layer;
}

TEST_CASE("sparsity is met down to the group with the fewest weights, in a ragged tile or block") {
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::csOS, Dataflow::automatic}) {
    INFO(name(dataflow));
    PruneOptions options;
    options.cost.gemm.array = {16, 16}, options.cost.gemm.dataflow = dataflow;
    options.value = 33.0 / 34;
    const Pruning pruning = prune(connected({ragged_layer()}), options);
    CHECK(pruning.met);
    CHECK(pruning.zeros == 33);
    options.value = 1;
    CHECK(!prune(connected({ragged_layer()}), options).met);
  }
  PruneOptions options;
  options.groups = PruneGroups::blocks, options.block = {4, 1}, options.value = 33.0 / 34;
  CHECK(prune(connected({ragged_layer()}), options).met);
}

TEST_CASE("a sparsity is met at the first whole number of zeros that is this share") {
  Rng rng(128);
  const Network network = connected({random_connected(rng, 10, 10, 3)});
  const struct {
    double value;
    Index zeros;
  } cases[] = {{0.07, 7}, {0.14, 14}, {0.55, 55}, {0.551, 56}, {0, 0}};
  for (const auto& known : cases) {
    PruneOptions options;
    options.groups = PruneGroups::weights, options.value = known.value;
    const Pruning pruning = prune(network, options);
    CHECK(pruning.met);
    CHECK(pruning.zeros == known.zeros);
  }
}

TEST_CASE("with bandwidth and overlapping folds, cycles are met that one group of a layer takes") {
  const Connected full{33, 7, 40, std::vector<float>(33 * 7, 1.f)};
  Connected one = full;
  std::fill(one.weights.begin(), one.weights.end() - 1, 0.f);  // in an m-tile of one row
  for (const Timing timing : {Timing::serial, Timing::overlapped}) {
    for (const Index bandwidth : {Index{0}, Index{2}}) {
      INFO(name(timing) << ", bandwidth " << bandwidth);
      PruneOptions options;
      options.cost.gemm.array = {16, 16}, options.cost.array.timing = timing;
      options.cost.array.bandwidth = bandwidth;
      const Index least = cycles_of(connected({one}), options.cost, false);
      const Index dense = cycles_of(connected({full}), options.cost, true);
      options.goal = PruneGoal::cycles;
      for (const Index cycles : {least, (3 * least + dense) / 4, (least + dense) / 2}) {
        options.value = static_cast<double>(cycles);
        const Pruning pruning = prune(connected({full}), options);
        CHECK(pruning.met);
        CHECK(pruning.cycles <= cycles);
      }
    }
  }
}

TEST_CASE("per layer, without a layer to prune, the goal is that of the network") {
  Rng rng(129);
  const Network network = connected({random_connected(rng, 9, 10, 4)});
  PruneOptions options;
  options.untouched = {"layer0"}, options.per_layer = true;
  options.goal = PruneGoal::speedup, options.value = 100;
  CHECK(!prune(network, options).met);
  options.goal = PruneGoal::sparsity, options.value = 0.5;
  CHECK(!prune(network, options).met);
  options.goal = PruneGoal::cycles, options.value = 1e9;
  CHECK(prune(network, options).met);
}

TEST_CASE("statistics near what a double holds are like those of any other unit") {
  Rng rng(130);
  Connected layer = random_connected(rng, 8, 8, 4);
  PruneOptions options;
  options.goal = PruneGoal::speedup, options.value = 1.1, options.cost.gemm.array = {4, 4};
  options.statistics = {{1, 2, 3, 4, 5, 6, 7, 8}};
  const Pruning known = prune(connected({layer}), options);
  for (float& weight : layer.weights) weight *= 0x1p100f;
  for (double& square : options.statistics[0]) square *= 0x1p1000;
  const Pruning pruning = prune(connected({layer}), options);
  CHECK(pruning.layers[0].mask == known.layers[0].mask);
  CHECK(pruning.kept == known.kept);
  CHECK(pruning.kept < 1);
}

TEST_CASE("pruned again, a network only gets more zeros") {
  const std::uint64_t seed = 125;
  Rng rng(seed);
  for (const PruneGroups groups : {PruneGroups::dataflow, PruneGroups::weights, PruneGroups::blocks}) {
    Network network = connected({random_connected(rng, 24, 30, 8), random_connected(rng, 20, 24, 8)});
    PruneOptions options;
    options.groups = groups, options.cost.gemm.array = {4, 4}, options.goal = PruneGoal::speedup;
    Index zeros = 0;
    for (const double value : {1.2, 1.6, 2.2, 3.0}) {
      options.value = value;
      const Pruning pruning = prune(network, options);
      CHECK(pruning.met);
      CHECK(pruning.zeros > zeros);
      check_pruning(network, options, pruning);
      network = pruning.network, zeros = pruning.zeros;
    }
  }
}

TEST_CASE("steps that are not to be touched keep their weights and are in no list") {
  Rng rng(126);
  const Network network = connected({random_connected(rng, 9, 10, 4), random_connected(rng, 8, 9, 4)});
  PruneOptions options;
  options.untouched = {"layer0"}, options.value = 0.75;
  const Pruning pruning = prune(network, options);
  CHECK(pruning.met);
  REQUIRE(pruning.layers.size() == 1);
  CHECK(pruning.layers[0].step == 1);
  CHECK(&weight_of(pruning.network, 0) == &weight_of(network, 0));
  CHECK(pruning.weights == 72);
  CHECK(pruning.cycles_dense == cycles_of(network, options.cost, true));
}

}  // namespace
}  // namespace septet::network
