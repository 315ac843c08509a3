// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Groups that no dataflow has a say in, and scores: zero points, scales of rows, statistics.
#include "connected.hpp"
#include "network/random_network.hpp"
#include "src/prune/scores.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace septet::network {
namespace {

using namespace septet::support;

// The sum of squares in each block of a matrix, and which blocks a mask has anything of.
struct Blocks {
  std::vector<double> sums;
  std::vector<bool> stay;
};
Blocks blocks_of(const Connected& layer, const std::vector<std::uint8_t>& mask, const BlockShape& shape) {
  const Index across = (layer.k + shape.cols - 1) / shape.cols, down = (layer.m + shape.rows - 1) / shape.rows;
  Blocks blocks{std::vector<double>(static_cast<std::size_t>(across * down)),
                std::vector<bool>(static_cast<std::size_t>(across * down))};
  for (Index i = 0; i < layer.m * layer.k; ++i) {
    const auto w = static_cast<std::size_t>(i);
    const auto b = static_cast<std::size_t>(i / layer.k / shape.rows * across + i % layer.k / shape.cols);
    blocks.sums[b] += static_cast<double>(layer.weights[w]) * static_cast<double>(layer.weights[w]);
    if (mask[w] != 0) blocks.stay[b] = true;
  }
  return blocks;
}

TEST_CASE("blocks: those with the greatest scores stay, as many as the goal leaves") {
  const std::uint64_t seed = 131;
  Rng rng(seed);
  for (int i = 0; i < 50; ++i) {
    INFO("seed " << seed << ", layer " << i);
    const BlockShape shape = i % 3 == 0 ? BlockShape{1, 1} : BlockShape{rng.between(1, 4), rng.between(1, 4)};
    const Connected layer =
        random_connected(rng, shape.rows * rng.between(1, 5), shape.cols * rng.between(1, 5), rng.between(1, 4));
    PruneOptions options;
    options.groups = i % 3 == 0 ? PruneGroups::weights : PruneGroups::blocks, options.block = shape;
    options.value = rng.unit();
    const Pruning pruning = prune(connected({layer}), options);
    const Blocks blocks = blocks_of(layer, pruning.layers[0].mask, shape);
    const Index all = static_cast<Index>(blocks.sums.size()), size = shape.rows * shape.cols;
    const Index stay = std::count(blocks.stay.begin(), blocks.stay.end(), true);
    const auto may = static_cast<Index>(static_cast<double>(all) * (1 - options.value) + 1e-9);
    CHECK(stay == std::max<Index>(may, 1));
    CHECK(pruning.met == (may > 0));
    CHECK(pruning.zeros == (all - stay) * size);
    for (std::size_t a = 0; a < blocks.sums.size(); ++a) {
      for (std::size_t b = 0; b < blocks.sums.size(); ++b) {
        if (blocks.stay[a] && !blocks.stay[b]) CHECK(blocks.sums[a] >= blocks.sums[b]);
      }
    }
  }
}

TEST_CASE("among layers, single weights go where a share of the energy is the least") {
  // 9 of 10 parts of the first layer's energy are in one weight, of the second's 0.4; the two that lose least are
  // 0.1 of the first, 0.1 of the second.
  const Network network = connected({{1, 2, 1, {3.f, 1.f}}, {1, 4, 1, {10.f, 10.f, 20.f, 20.f}}});
  PruneOptions options;
  options.groups = PruneGroups::weights, options.value = 2.0 / 6;
  const Pruning pruning = prune(network, options);
  CHECK(pruning.zeros == 2);
  CHECK(pruning.layers[0].mask == std::vector<std::uint8_t>{1, 0});
  CHECK(pruning.layers[1].mask == std::vector<std::uint8_t>{0, 1, 1, 1});
  CHECK(pruning.layers[0].kept == doctest::Approx(0.9).epsilon(1e-15));
  CHECK(pruning.kept == doctest::Approx(0.9 * 0.9).epsilon(1e-15));
}

TEST_CASE("neighbours: the greatest n of every m in a row stay") {
  const Network network = connected({{2, 5, 1, {1, -4, 3, 2, 5, 0, 0, 7, 0, 0}}});
  PruneOptions options;
  options.groups = PruneGroups::neighbours, options.group = {2, 4}, options.value = 0.5;
  const Pruning pruning = prune(network, options);
  CHECK(pruning.layers[0].mask == std::vector<std::uint8_t>{0, 1, 1, 0, 1, 0, 0, 1, 0, 0});
  CHECK(pruning.met);
  options.value = 0.7;
  CHECK(!prune(network, options).met);
}

TEST_CASE("scores are squares of real weights, from the zero point, in units of the layer") {
  TensorInfo info{"w", Type::u8, {2, 2}, {0.5f, 100}};
  auto weight = std::make_shared<Tensor>(info);
  const std::uint8_t values[] = {100, 103, 98, 100};
  std::copy_n(values, 4, weight->as<std::uint8_t>());
  FullyConnected op;
  op.linear.weight = weight, op.linear.low = 0, op.linear.high = 255;
  op.linear.multiplier = {1 << 30, 1 << 30}, op.linear.shift = {-1, -3};  // the second row counts for a fourth
  const Network network = one_step(op, {{"x", Type::u8, {1, 2}, {1.f, 7}}}, {"y", Type::u8, {1, 2}, {1.f, 9}});
  REQUIRE(validate(network).ok());
  const std::vector<double> squares = {5, 7};
  const std::vector<double> scores = pruning::scores_of(network, network.steps[0], squares).values;
  CHECK(scores[0] == 0);
  CHECK(scores[3] == 0);
  CHECK(scores[1] / scores[2] == doctest::Approx(16 * 9.0 * 7 / (4 * 5)).epsilon(1e-15));

  FullyConnected by_scale = op;
  by_scale.linear.multiplier.clear(), by_scale.linear.shift.clear();
  by_scale.linear.rounding = Rounding::fp32_nearest_even, by_scale.linear.scale = {0.25f, 0.0625f};
  const Network other = one_step(by_scale, {network.tensors[0]}, network.tensors[1]);
  REQUIRE(validate(other).ok());
  CHECK(pruning::scores_of(other, other.steps[0], squares).values == scores);
}

TEST_CASE("columns of a grouped convolution meet the channels of their group, whatever the window") {
  TensorInfo info{"w", Type::f32, {4, 1, 2, 3}, {}};  // two groups of two outputs, three inputs each
  auto weight = std::make_shared<Tensor>(info);
  std::fill_n(weight->as<float>(), 24, 1.f);
  Convolution op;
  op.linear.weight = weight, op.groups = 2, op.window.width = 2;
  const Network network = one_step(op, {{"x", Type::f32, {1, 1, 3, 6}, {}}}, {"y", Type::f32, {1, 1, 2, 4}, {}});
  REQUIRE(validate(network).ok());
  const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {1, 2, 3, 4, 5, 6});
  CHECK(scores.groups == 2);
  for (Index group = 0; group < 2; ++group) {
    for (Index row = 0; row < 2; ++row) {
      for (Index column = 0; column < 6; ++column) {
        // In units of 8, the power of two above the greatest square.
        CHECK(8 * scores.at(group, row, column) == static_cast<double>(3 * group + column % 3 + 1));
      }
    }
  }
}

TEST_CASE("weights that meet no input go first, but never all of them") {
  const Network network = connected({{1, 3, 1, {1, 2, 3}}, {1, 2, 1, {4, 5}}});
  PruneOptions options;
  options.groups = PruneGroups::weights, options.statistics = {{1, 1, 0}, {0, 0}};
  options.value = 1.0 / 5;
  Pruning pruning = prune(network, options);
  CHECK(pruning.kept == 1);
  CHECK(pruning.layers[0].mask == std::vector<std::uint8_t>{1, 1, 0});
  options.value = 1;
  pruning = prune(network, options);
  CHECK(!pruning.met);
  CHECK(pruning.layers[0].mask == std::vector<std::uint8_t>{0, 1, 0});
  CHECK(pruning.zeros == 3);
}

}  // namespace
}  // namespace septet::network
