// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks pruned with their channels in an aligned order: never worse than without, and still the network that was
// given but for the weights that the masks clear.
#include "network/channel_network.hpp"
#include "network/permuted_outputs.hpp"
#include "septet/network/prune.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

PruneOptions random_options(Rng& rng) {
  PruneOptions options;
  options.cost.gemm.array = {rng.between(1, 6), rng.between(1, 6)};
  options.cost.gemm.dataflow =
      rng.pick({Dataflow::automatic, Dataflow::automatic, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS});
  options.groups = rng.pick({PruneGroups::dataflow, PruneGroups::dataflow, PruneGroups::dataflow, PruneGroups::weights,
                             PruneGroups::blocks, PruneGroups::neighbours});
  options.block = {rng.between(1, 4), rng.between(1, 4)};
  options.goal = rng.pick({PruneGoal::sparsity, PruneGoal::cycles, PruneGoal::speedup, PruneGoal::kept});
  const bool share = options.goal == PruneGoal::sparsity || options.goal == PruneGoal::kept;
  options.value = share ? rng.unit() : options.goal == PruneGoal::speedup ? 1 + rng.unit() : 200 + 5000 * rng.unit();
  options.per_layer = rng.chance(0.2);
  return options;
}

InputStatistics random_statistics(Rng& rng, const Network& network) {
  InputStatistics statistics(network.steps.size());
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    const Linear* linear = linear_of(step.op);
    if (linear == nullptr) continue;
    const bool connected = std::holds_alternative<FullyConnected>(step.op);
    const Index squares = connected ? linear->weight->info().elements() / linear->outputs()
                                    : network.tensors[static_cast<std::size_t>(step.inputs[0])].dim(3);
    for (Index c = 0; c < squares; ++c) statistics[i].push_back(rng.unit() * rng.unit());
  }
  return statistics;
}

void check_no_worse(const Pruning& aligned, const Pruning& given, PruneGoal goal) {
  CHECK(aligned.met >= given.met);
  CHECK(aligned.cycles_dense == given.cycles_dense);
  if (aligned.met != given.met) return;
  const bool by_cycles = goal == PruneGoal::cycles || goal == PruneGoal::speedup;
  if (given.met ? goal == PruneGoal::kept : by_cycles) {
    CHECK(aligned.cycles <= given.cycles);
  } else {
    CHECK(aligned.kept >= given.kept);
  }
}

// Every weight is that of the network in the new order, or removed.
void check_masks(const Network& network, const Pruning& pruned) {
  const Network moved = permuted(network, pruned.orders);
  for (const PrunedLayer& layer : pruned.layers) {
    const auto step = static_cast<std::size_t>(layer.step);
    const Tensor& before = *linear_of(moved.steps[step].op)->weight;
    const Tensor& after = *linear_of(pruned.network.steps[step].op)->weight;
    const auto size = static_cast<std::size_t>(size_of(before.info().type));
    REQUIRE(after.info().elements() == static_cast<Index>(layer.mask.size()));
    Index wrong = 0;
    for (std::size_t i = 0; i < layer.mask.size(); ++i) {
      if (layer.mask[i] == 0) continue;
      wrong += std::memcmp(before.as<char>() + i * size, after.as<char>() + i * size, size) != 0 ? 1 : 0;
    }
    CHECK(wrong == 0);
  }
}

// Of the mask where the channels were before, by the definition; f32.
double kept_share(const Network& network, const InputStatistics& statistics, const Network& pruned_back, Index step) {
  const auto i = static_cast<std::size_t>(step);
  const Tensor& weight = *linear_of(network.steps[i].op)->weight;
  const Tensor& left = *linear_of(pruned_back.steps[i].op)->weight;
  const Index k = weight.info().elements() / weight.info().dim(0);
  double kept = 0, all = 0;
  for (Index e = 0; e < weight.info().elements(); ++e) {
    const auto column = static_cast<std::size_t>(e % k);
    const double square = statistics.empty() ? 1 : statistics[i][column % statistics[i].size()];
    const double w = double{weight.as<float>()[e]}, score = w * w * square;
    all += score, kept += left.as<float>()[e] != 0 ? score : 0;
  }
  return all == 0 ? 1 : kept / all;
}

// Returns whether channels have moved.
bool check_pruned(Rng& rng, const Network& network, PruneOptions options) {
  REQUIRE(validate(network).to_string() == "ok");
  if (rng.chance(0.5)) options.statistics = random_statistics(rng, network);
  const Pruning given = prune(network, options);
  options.permute = true;
  const Pruning aligned = prune(network, options);
  check_no_worse(aligned, given, options.goal);
  CHECK(given.orders.empty());
  if (aligned.orders.empty()) {
    REQUIRE(aligned.layers.size() == given.layers.size());
    for (std::size_t i = 0; i < given.layers.size(); ++i) CHECK(aligned.layers[i].mask == given.layers[i].mask);
    return false;
  }
  CHECK(validate(aligned.network).to_string() == "ok");
  check_masks(network, aligned);
  const Network back = permuted(aligned.network, inverse(aligned.orders));
  check_same_outputs(aligned.network, back, random_inputs(rng, network));
  if (network.tensors[0].type != Type::f32) return true;
  for (const PrunedLayer& layer : aligned.layers) {
    // Sums of a few hundred doubles in another order.
    CHECK(layer.kept == doctest::Approx(kept_share(network, options.statistics, back, layer.step)).epsilon(1e-12));
  }
  return true;
}

// Rows that need the same 4 of 16 columns lie 4 apart; or columns that are read by the same 4 of 16 rows.
Network hidden_tiles(Rng& rng, bool of_readers) {
  NetworkBuilder b(rng, Type::f32);
  const Index x = b.fully_connected(b.input({16, 16}), 16);
  Network network = b.finish({b.fully_connected(x, 16, true)});
  Linear& linear = *linear_of(network.steps[of_readers ? 1 : 0].op);
  Tensor weight(linear.weight->info());
  for (Index i = 0; i < 16; ++i) {
    for (Index j = 0; j < 16; ++j) {
      const bool is_left = of_readers ? i / 4 == j % 4 : j / 4 == i % 4;
      weight.as<float>()[i * 16 + j] = is_left ? 1.f : 0.f;
    }
  }
  linear.weight = std::make_shared<const Tensor>(std::move(weight));
  return network;
}

}  // namespace

TEST_CASE("pruning with aligned channels: never worse, and the same network") {
  const std::uint64_t seed = 1021;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  const int problems = problem_count(40);
  int moved = 0;
  for (int i = 0; i < problems; ++i) {
    const PruneOptions options = random_options(rng);
    INFO("problem " << i << ", groups " << static_cast<int>(options.groups) << ", goal "
                    << static_cast<int>(options.goal) << ", value " << options.value << ", dataflow "
                    << septet::name(options.cost.gemm.dataflow));
    for (const Type type : {Type::f32, Type::s8, Type::u8}) {
      moved += check_pruned(rng, channel_network(rng, type), options) ? 1 : 0;
    }
  }
  MESSAGE("with another order: " << moved << " of " << 3 * problems);
  CHECK(moved > problems / 2);
}

TEST_CASE("pruning with aligned channels: hidden tiles cost a quarter") {
  Rng rng(1022);
  for (const auto& [dataflow, of_readers] :
       {std::pair{Dataflow::sOS, false}, std::pair{Dataflow::sWS, false}, std::pair{Dataflow::sIS, true}}) {
    INFO(septet::name(dataflow));
    const Network network = hidden_tiles(rng, of_readers);
    PruneOptions options;
    options.cost.gemm.array = {4, 4}, options.cost.gemm.dataflow = dataflow;
    options.goal = PruneGoal::kept, options.value = 1;
    const std::string name = network.steps[of_readers ? 1 : 0].name;
    options.untouched = {network.steps[of_readers ? 0 : 1].name};
    const Pruning given = prune(network, options);
    options.permute = true;
    const Pruning aligned = prune(network, options);
    REQUIRE(!aligned.orders.empty());
    CHECK(aligned.kept == 1);
    CHECK(prune(network, options).orders == aligned.orders);
    CHECK(given.layers.at(0).zeros == aligned.layers.at(0).zeros);
    // Folds of 4 + 4 - 2 cycles beside their steps, and 4 to fill or drain the array: 16 folds of 16 steps; then of 4
    // (sOS, sIS), or 4 folds.
    const Index before = 16 * (16 + 10);
    const Index after = dataflow == Dataflow::sWS ? 4 * (16 + 10) : 16 * (4 + 10);
    CHECK(given.layers.at(0).cycles == before);
    CHECK(aligned.layers.at(0).cycles == after);
  }
}

}  // namespace septet::network
