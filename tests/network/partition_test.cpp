// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Partitions of random layers: nothing is lost or done twice, shares cost what their rows cost alone, pipelines are as
// good as the best of all cuts; exchanges by hand.
#include "septet/network/partition.hpp"

#include "random_network.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace septet::network {
namespace {

using namespace septet::support;

// Layers that own their weights.
struct Layers {
  std::vector<Layer> layers;
  std::vector<std::unique_ptr<std::vector<std::int8_t>>> weights;
};

Layer random_product(Rng& rng, Layers& all) {
  Layer layer;
  layer.name = "product", layer.op = "convolution";
  layer.product = {rng.between(1, 40), rng.between(1, 30), rng.between(1, 30), rng.chance(0.6) ? 1 : rng.between(2, 6)};
  const Product& p = layer.product;
  layer.parameters = p.m * p.k * p.count + (rng.chance(0.5) ? p.m * p.count : 0);
  layer.parameter_bytes = layer.parameters + 3 * rng.below(100);
  if (rng.chance(0.3)) return layer;
  auto weights = std::make_unique<std::vector<std::int8_t>>(static_cast<std::size_t>(p.m * p.k * p.count));
  const double zeros = rng.unit();
  for (std::int8_t& weight : *weights) {
    weight = static_cast<std::int8_t>(rng.chance(zeros) ? 0 : rng.between(-128, 127));
  }
  layer.weights = {weights->data(), Type::s8, p.m, p.k, p.k, 1}, layer.weights_stride = p.m * p.k;
  layer.joinable = p.count > 1;
  all.weights.push_back(std::move(weights));
  return layer;
}

Layer random_vector_work(Rng& rng, const VectorUnit& unit) {
  Layer layer;
  layer.name = "vector", layer.op = "add";
  const bool table = rng.chance(0.4);
  if (table) layer.op = "embedding_bag", layer.lookups = rng.below(1000);
  layer.vector = with_cycles({rng.below(5000), rng.below(500), rng.below(9000), rng.below(9000)}, unit);
  layer.parameters = rng.below(Index{1} << 36), layer.parameter_bytes = 4 * layer.parameters;
  return layer;
}

Layers random_layers(Rng& rng, const VectorUnit& unit) {
  Layers all;
  for (Index i = rng.between(0, 8); i > 0; --i) {
    all.layers.push_back(rng.chance(0.6) ? random_product(rng, all) : random_vector_work(rng, unit));
  }
  return all;
}

std::vector<LayerCost> costs_of(const std::vector<Layer>& layers, const CostOptions& options) {
  std::vector<LayerCost> costs(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) REQUIRE(cost(layers[i], options, costs[i]).ok());
  return costs;
}

Index sum_of(const std::vector<ArrayLoad>& arrays, Index ArrayLoad::*what) {
  Index sum = 0;
  for (const ArrayLoad& load : arrays) sum += load.*what;
  return sum;
}

void check_conserved(const std::vector<Layer>& layers, const Partition& partition) {
  Index macs = 0, parameters = 0, parameter_bytes = 0, vector_bytes = 0, table_bytes = 0, lookups = 0;
  for (const Layer& layer : layers) {
    macs += layer.product.macs(), parameters += layer.parameters, parameter_bytes += layer.parameter_bytes;
    vector_bytes += layer.vector.reads_bytes + layer.vector.writes_bytes, lookups += layer.lookups;
    if (layer.op == "embedding_bag") table_bytes += layer.parameter_bytes;
  }
  CHECK(sum_of(partition.arrays, &ArrayLoad::macs) == macs);
  CHECK(sum_of(partition.arrays, &ArrayLoad::parameters) == parameters);
  CHECK(sum_of(partition.arrays, &ArrayLoad::parameter_bytes) == parameter_bytes);
  CHECK(sum_of(partition.arrays, &ArrayLoad::vector_bytes) == vector_bytes);
  CHECK(sum_of(partition.arrays, &ArrayLoad::table_bytes) == table_bytes);
  CHECK(sum_of(partition.arrays, &ArrayLoad::lookups) == lookups);
}

void check_sums(std::size_t layers, const Partition& partition) {
  Index slowest = 0, total = 0;
  std::vector<Index> longest(layers, 0);
  for (const ArrayLoad& load : partition.arrays) {
    Index cycles = 0, macs = 0;
    for (const Share& share : load.shares) {
      cycles += share.cycles, macs += share.macs;
      longest[share.layer] = std::max(longest[share.layer], share.cycles);
    }
    CHECK(load.cycles == cycles);
    CHECK(load.macs == macs);
    slowest = std::max(slowest, cycles), total += cycles;
  }
  CHECK(partition.cycles_slowest == slowest);
  Index latency = 0;
  for (const Index cycles : longest) latency += cycles;
  CHECK(partition.cycles_latency == latency);
  const double mean = static_cast<double>(total) / static_cast<double>(partition.arrays.size());
  CHECK(partition.balance == doctest::Approx(mean > 0 ? static_cast<double>(slowest) / mean : 1));
}

// The best of all ways to cut, by trying them.
Index best_cut(const std::vector<LayerCost>& costs, std::size_t from, Index arrays) {
  Index cycles = 0;
  for (std::size_t i = from; i < costs.size(); ++i) cycles += costs[i].cycles;
  if (arrays == 1) return cycles;
  Index best = cycles, first = 0;
  for (std::size_t i = from; i < costs.size(); ++i) {
    first += costs[i].cycles;
    best = std::min(best, std::max(first, best_cut(costs, i + 1, arrays - 1)));
  }
  return best;
}

// Row r of all products, alone: what it says of a dense dataflow depends on the number of rows only.
void check_rows(const std::vector<Layer>& layers, const Partition& partition) {
  std::vector<Index> next(layers.size(), 0);
  for (const ArrayLoad& load : partition.arrays) {
    for (const Share& share : load.shares) {
      const Product& p = layers[share.layer].product;
      if (p.count == 0) continue;
      const Index rows = p.count * p.m, arrays = static_cast<Index>(partition.arrays.size());
      CHECK(share.first_row == next[share.layer]);
      CHECK(share.rows >= rows / arrays);
      CHECK(share.rows <= rows / arrays + 1);
      CHECK(share.macs == share.rows * p.n * p.k);
      next[share.layer] += share.rows;
    }
  }
  for (std::size_t i = 0; i < layers.size(); ++i) CHECK(next[i] == layers[i].product.count * layers[i].product.m);
}

}  // namespace

TEST_CASE("partition: nothing is lost, whatever the split") {
  const std::uint64_t seed = 91;
  Rng rng(seed);
  for (int i = 0; i < problem_count(300); ++i) {
    INFO("seed " << seed << ", problem " << i);
    CostOptions options;
    options.gemm.array = {rng.between(1, 9), rng.between(1, 9)};
    if (rng.chance(0.5)) options.gemm.dataflow = static_cast<Dataflow>(rng.between(1, 7));
    const Layers all = random_layers(rng, options.vector);
    const std::vector<LayerCost> costs = costs_of(all.layers, options);
    for (const Split split : {Split::layer, Split::filter, Split::table}) {
      INFO(name(split));
      const Index arrays = rng.between(1, 9);
      Partition made;
      const Status status = partition(all.layers, costs, options, {arrays, split, 0}, made);
      REQUIRE_MESSAGE(status.ok(), status.to_string());
      CHECK(static_cast<Index>(made.arrays.size()) == arrays);
      check_conserved(all.layers, made);
      check_sums(all.layers.size(), made);
      if (split == Split::filter) check_rows(all.layers, made);
    }
  }
}

TEST_CASE("partition: a pipeline's slowest stage is the quickest there is, and its stages are contiguous") {
  const std::uint64_t seed = 92;
  Rng rng(seed);
  for (int i = 0; i < problem_count(200); ++i) {
    INFO("seed " << seed << ", problem " << i);
    CostOptions options;
    const Layers all = random_layers(rng, options.vector);
    const std::vector<LayerCost> costs = costs_of(all.layers, options);
    const Index arrays = rng.between(1, 4);
    Partition made;
    REQUIRE(partition(all.layers, costs, options, {arrays, Split::layer, 0}, made).ok());
    CHECK(made.cycles_slowest == best_cut(costs, 0, arrays));
    std::size_t next = 0;
    for (const ArrayLoad& load : made.arrays) {
      for (const Share& share : load.shares) CHECK(share.layer == next++);
    }
    CHECK(next == all.layers.size());
  }
}

// The rows' non-zeros have a say: a share is the layer of its rows alone.
TEST_CASE("partition: a share of sparse weights costs what a layer of these rows costs") {
  const std::uint64_t seed = 93;
  Rng rng(seed);
  for (int i = 0; i < problem_count(100); ++i) {
    INFO("seed " << seed << ", problem " << i);
    const Index m = rng.between(2, 60), k = rng.between(1, 40), n = rng.between(1, 20);
    std::vector<std::int8_t> weights(static_cast<std::size_t>(m * k));
    // More and more zeros from the first row to the last.
    for (Index j = 0; j < m * k; ++j) {
      weights[static_cast<std::size_t>(j)] = rng.chance(static_cast<double>(j / k) / static_cast<double>(m)) ? 0 : 5;
    }
    Layer layer;
    layer.op = "fully_connected", layer.product = {m, n, k, 1};
    layer.weights = {weights.data(), Type::s8, m, k, k, 1}, layer.weights_stride = m * k;
    CostOptions options;
    options.gemm.array = {4, 4}, options.gemm.dataflow = rng.pick({Dataflow::csOS, Dataflow::sOS, Dataflow::sWS});
    const Index arrays = rng.between(1, 5);
    Partition made;
    REQUIRE(partition({layer}, costs_of({layer}, options), options, {arrays, Split::filter, 0}, made).ok());
    for (const ArrayLoad& load : made.arrays) {
      for (const Share& share : load.shares) {
        Layer rows = layer;
        rows.product.m = rows.weights.rows = share.rows;
        rows.weights.data = weights.data() + share.first_row * k;
        LayerCost alone;
        REQUIRE(cost(rows, options, alone).ok());
        CHECK(share.cycles == alone.cycles);
        CHECK(share.energy_pj == alone.energy_pj);
      }
    }
  }
}

TEST_CASE("partition: tables by hand") {
  const auto table = [](Index bytes, Index lookups) {
    Layer layer;
    layer.name = "table of " + std::to_string(bytes), layer.op = "embedding_bag";
    layer.parameters = bytes, layer.parameter_bytes = bytes, layer.lookups = lookups;
    return layer;
  };
  const std::vector<Layer> layers = {table(3, 10), table(8, 20), table(5, 30), table(4, 40)};
  const CostOptions options;
  const std::vector<LayerCost> costs = costs_of(layers, options);
  Partition made;
  // 8 | 5, then 4 to the second, 3 to the first.
  REQUIRE(partition(layers, costs, options, {2, Split::table, 11}, made).ok());
  CHECK(made.arrays[0].table_bytes == 11);
  CHECK(made.arrays[1].table_bytes == 9);
  CHECK(made.arrays[0].lookups == 30);
  CHECK(made.arrays[1].lookups == 70);
  CHECK(made.arrays[0].shares[0].layer == 0);
  const Status full = partition(layers, costs, options, {2, Split::table, 10}, made);
  CHECK(full.cause() == Cause::bad_option);
  CHECK(full.argument() == "options.table_bytes");
  CHECK(full.message().find("table of 3 of 3 bytes") != std::string::npos);
  CHECK(made.arrays[0].table_bytes == 11);  // what was there stays
  CHECK(partition(layers, costs, options, {0, Split::layer, 0}, made).argument() == "options.arrays");
  CHECK(partition(layers, costs, options, {4097, Split::layer, 0}, made).argument() == "options.arrays");
  CHECK(partition(layers, {}, options, {2, Split::layer, 0}, made).cause() == Cause::bad_shape);
}

TEST_CASE("partition: exchanged bytes") {
  const std::uint64_t seed = 94;
  Rng rng(seed);
  Index exchanged = 0;
  for (int i = 0; i < problem_count(60); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = random_network(rng);
    const CostOptions options;
    const std::vector<Layer> layers = layers_of(network, options.vector);
    const std::vector<LayerCost> costs = costs_of(layers, options);
    const Index arrays = rng.between(1, 5);
    for (const Split split : {Split::layer, Split::filter, Split::table}) {
      INFO(name(split));
      const PartitionOptions how{arrays, split, 0};
      Partition made;
      REQUIRE(partition(layers, costs, options, how, made).ok());
      const Index total = exchange_bytes(network, how, made);
      CHECK(total == sum_of(made.arrays, &ArrayLoad::receives_bytes));
      CHECK(exchange_bytes(network, how, made) == total);  // not added up
      if (arrays == 1) CHECK(total == 0);
      exchanged += total;
      if (split != Split::filter) continue;
      // An array of channels of its own, and everything to everybody: what a dense layer's input costs.
      Index bound = 0;
      for (const Step& step : network.steps) {
        for (const Index tensor : step.inputs) {
          if (tensor != network.inputs[0]) bound += network.tensors[static_cast<std::size_t>(tensor)].elements();
        }
      }
      CHECK(total <= bound * (arrays - 1));
    }
  }
  CHECK(exchanged > 0);
}

// A convolution of 4 channels into 6 after another, on 2 arrays: each lacks the other's 2 channels of 5 x 5 bytes. A
// depthwise one of 3 times 2 = 6: arrays own channels 0 to 2 and 3 to 5 and read no others.
TEST_CASE("partition: exchanged bytes by hand") {
  const auto weight = [](std::vector<Index> shape) {
    Convolution op;
    op.linear.weight = std::make_shared<const Tensor>(TensorInfo{"w", Type::s8, std::move(shape), {1, 0}});
    return op;
  };
  Network network;
  for (const Index channels : {3, 4, 6, 6}) network.tensors.push_back({"t", Type::s8, {1, 5, 5, channels}, {1, 0}});
  network.inputs = {0}, network.outputs = {3};
  Convolution depthwise = weight({6, 1, 1, 1});
  depthwise.groups = 6;
  network.steps = {{"a", weight({4, 1, 1, 3}), {0}, 1}, {"b", weight({6, 1, 1, 4}), {1}, 2}, {"c", depthwise, {2}, 3}};
  const CostOptions options;
  const std::vector<Layer> layers = layers_of(network, options.vector);
  PartitionOptions how{2, Split::filter, 0};
  Partition made;
  REQUIRE(partition(layers, costs_of(layers, options), options, how, made).ok());
  CHECK(exchange_bytes(network, how, made) == 100);
  CHECK(made.arrays[0].receives_bytes == 50);
  how.arrays = 3;  // channels 0 | 1 | 2 3 of a's; b reads 4 - 1, 4 - 1 and 4 - 2 others
  REQUIRE(partition(layers, costs_of(layers, options), options, how, made).ok());
  CHECK(exchange_bytes(network, how, made) == 25 * 8);
  how = {3, Split::layer, 0};
  REQUIRE(partition(layers, costs_of(layers, options), options, how, made).ok());
  Index crossed = 0;
  for (std::size_t array = 1; array < 3; ++array) {
    if (!made.arrays[array].shares.empty()) crossed += made.arrays[array].shares[0].layer == 1 ? 100 : 150;
  }
  CHECK(exchange_bytes(network, how, made) == crossed);
}

}  // namespace septet::network
