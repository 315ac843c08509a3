// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random networks of small products and random sweeps over them, for the search's tests.
#pragma once

#include "septet/network/compression.hpp"
#include "septet/network/explore.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace septet::network::explore_test {

using support::Rng;

template <class T>
std::vector<T> distinct(std::vector<T> values, bool (*same)(const T&, const T&)) {
  std::vector<T> kept;
  for (const T& value : values) {
    bool known = false;
    for (const T& other : kept) known = known || same(other, value);
    if (!known) kept.push_back(value);
  }
  return kept;
}

// Weights of a type, a share of them zeros; of floats some are -0.
template <class T>
void give_weights(Rng& rng, Layer& layer) {
  const Product& p = layer.product;
  auto values = std::make_shared<std::vector<T>>(static_cast<std::size_t>(p.m * p.k * p.count));
  layer.zero_point = size_of(type_of<T>()) == 1 && rng.chance(0.3) ? static_cast<int>(rng.below(100)) : 0;
  const double zeros = rng.unit();
  for (T& value : *values) {
    value = static_cast<T>(rng.between(1, 100));
    if (rng.chance(zeros))
      value = support::kIsFloat<T> && rng.chance(0.5) ? static_cast<T>(-0.0) : static_cast<T>(layer.zero_point);
  }
  layer.weights = {values->data(), type_of<T>(), p.m, p.k, p.k, 1};
  layer.weights_stride = p.m * p.k, layer.weights_owner = values;
}

inline Layer random_layer(Rng& rng, Index most) {
  Layer layer;
  if (rng.chance(0.2)) {
    layer.name = "vector", layer.op = "add";
    layer.vector.simple_operations = rng.below(5000), layer.vector.special_operations = rng.below(500);
    layer.vector.reads_bytes = rng.below(9000);
    return layer;
  }
  layer.name = "product", layer.op = "convolution";
  layer.product = {rng.between(1, most), rng.between(1, most), rng.between(1, most),
                   rng.chance(0.7) ? 1 : rng.between(2, 4)};
  layer.joinable = layer.product.count > 1;
  const Index kind = rng.below(4);
  if (kind == 0) give_weights<std::int8_t>(rng, layer);
  if (kind == 1) give_weights<float>(rng, layer);
  layer.prunable = kind < 3;  // kind 2: of a table, which has none to show
  return layer;
}

/// At least one with weights, and some twice.
inline std::vector<Layer> random_layers(Rng& rng, Index most) {
  std::vector<Layer> layers;
  for (Index i = rng.between(1, 5); i > 0; --i) layers.push_back(random_layer(rng, most));
  layers.push_back(random_layer(rng, most));
  while (layers.back().product.count == 0) layers.back() = random_layer(rng, most);
  layers.back().prunable = true;
  if (rng.chance(0.5)) layers.push_back(rng.pick(layers));
  return layers;
}

inline Buffers random_buffers(Rng& rng) {
  const auto bytes = [&] { return rng.between(1, Index{1} << rng.between(5, 14)); };
  return {bytes(), bytes(), bytes()};
}

inline Precision random_precision(Rng& rng) {
  const Type type = rng.pick({Type::s8, Type::u8, Type::s16, Type::bf16, Type::f16, Type::f32, Type::f64});
  return {type, rng.chance(0.5) ? 0 : rng.between(1, 8 * size_of(type))};
}

inline Sweep random_sweep(Rng& rng) {
  Sweep sweep;
  const bool memory = rng.chance(0.8);
  sweep.arrays.clear(), sweep.precisions.clear(), sweep.buffers.clear(), sweep.sparsities.clear();
  for (Index i = rng.between(1, 3); i > 0; --i) {
    sweep.arrays.push_back({rng.between(1, 8), rng.between(1, 8)});
    sweep.precisions.push_back(random_precision(rng));
    sweep.sparsities.push_back(rng.chance(0.3) ? -1 : rng.pick({0.0, 0.25, 0.5, 0.9, 1.0}));
    sweep.buffers.push_back(memory ? random_buffers(rng) : Buffers{});
    sweep.bandwidths.push_back(memory ? rng.below(64) : 0);
  }
  sweep.arrays = distinct<ArrayShape>(
      sweep.arrays, [](const auto& x, const auto& y) { return x.height == y.height && x.width == y.width; });
  sweep.precisions = distinct<Precision>(
      sweep.precisions, [](const auto& x, const auto& y) { return x.type == y.type && x.a_bits == y.a_bits; });
  sweep.buffers = distinct<Buffers>(
      sweep.buffers, [](const auto& x, const auto& y) { return x.a == y.a && x.b == y.b && x.c == y.c; });
  sweep.sparsities = distinct<double>(sweep.sparsities, [](const double& x, const double& y) { return x == y; });
  sweep.bandwidths = distinct<Index>(sweep.bandwidths, [](const Index& x, const Index& y) { return x == y; });
  if (rng.chance(0.7)) {
    sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS, Dataflow::dIS,
                       Dataflow::sOS,       Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};
  }
  sweep.seed = rng.bits();
  return sweep;
}

inline CostOptions random_options(Rng& rng) {
  CostOptions options;
  options.gemm.accumulate = rng.chance(0.7) ? Accumulate::chained : Accumulate::fold_then_add;
  options.gemm.beta = rng.chance(0.3) ? 1 : 0;
  options.gemm.alpha = rng.chance(0.05) ? 0 : 1;
  options.gemm.combine.lanes = static_cast<int>(rng.between(1, 5));
  options.gemm.combine.policy = rng.chance(0.5) ? CombinePolicy::in_order : CombinePolicy::first_fit;
  options.weights = rng.pick({WeightForm::automatic, WeightForm::automatic, WeightForm::dense, WeightForm::sparse});
  options.array.timing = rng.pick({Timing::serial, Timing::overlapped, Timing::scalesim});
  options.array.bandwidth = rng.chance(0.3) ? rng.between(1, 20) : 0;
  return options;
}

inline std::string text(const Design& d) {
  return "design " + std::to_string(d.index) + ": " + std::to_string(d.array.height) + "x" +
         std::to_string(d.array.width) + ", " + name(d.precision.type) + "/" + std::to_string(d.precision.a_bits) +
         ", zeros " + std::to_string(d.sparsity) + ", buffers " + std::to_string(d.buffers.a) + "," +
         std::to_string(d.buffers.b) + "," + std::to_string(d.buffers.c) + " at " + std::to_string(d.bandwidth) + ", " +
         name(d.dataflow);
}

/// All points, machine by machine.
inline std::vector<DesignPoint> all_points(const Explorer& explorer) {
  std::vector<DesignPoint> points;
  for (Index machine = 0; machine < explorer.sweep().machines(); ++machine) explorer.evaluate(machine, points);
  REQUIRE(static_cast<Index>(points.size()) == explorer.sweep().designs());
  return points;
}

/// A sweep's sparsity makes of `dense` what compress() has made of `pruned`, layer by layer.
inline void check_same_zeros(const std::vector<Layer>& dense, std::vector<Layer> pruned, double sparsity,
                             std::vector<Dataflow> dataflows) {
  Sweep sweep;
  sweep.arrays = {{16, 8}}, sweep.sparsities = {sparsity}, sweep.dataflows = std::move(dataflows);
  const Explorer explorer(dense, sweep);
  REQUIRE(dense.size() == pruned.size());
  for (const DesignPoint& point : all_points(explorer)) {
    CAPTURE(text(point.design));
    std::vector<LayerCost> costs;
    REQUIRE(explorer.layers(point.design, costs).ok());
    Index cycles = 0;
    for (std::size_t i = 0; i < pruned.size(); ++i) {
      CAPTURE(pruned[i].name);
      LayerCost expected;
      pruned[i].vector = with_cycles(pruned[i].vector, {});
      REQUIRE(cost(pruned[i], explorer.options(point.design), expected).ok());
      CHECK(costs[i].dataflow == expected.dataflow);
      CHECK(costs[i].cycles == expected.cycles);
      CHECK(costs[i].array.nnz == expected.array.nnz);
      CHECK(costs[i].array.macs_useful == expected.array.macs_useful);
      CHECK(costs[i].energy_pj == expected.energy_pj);
      cycles += expected.cycles;
    }
    CHECK(point.cycles == cycles);
  }
}

}  // namespace septet::network::explore_test
