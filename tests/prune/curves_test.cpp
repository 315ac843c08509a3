// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Curves of whole vectors against every set of vectors there is, on tiny layers.
#include "connected.hpp"
#include "src/prune/curve.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace septet::network {
namespace {

using namespace septet::support;
using pruning::Curve;

struct Case {
  Connected layer;
  CostOptions options;
  pruning::Vectors vectors = pruning::Vectors::columns;
  Index height = 1;  // of a tile
};

Case random_case(Rng& rng) {
  Case c;
  c.options.gemm.dataflow = rng.pick({Dataflow::sOS, Dataflow::sWS, Dataflow::sIS});
  c.options.gemm.array = {rng.between(1, 4), rng.between(1, 4)};
  c.options.array.timing = rng.pick({Timing::serial, Timing::scalesim});
  const auto [height, width] = c.options.gemm.array;
  c.vectors = c.options.gemm.dataflow == Dataflow::sIS ? pruning::Vectors::rows : pruning::Vectors::columns;
  c.height = c.options.gemm.dataflow == Dataflow::sWS ? width : height;
  Index m = 0, k = 0;
  do {
    m = rng.between(1, 7), k = rng.between(1, 7);
  } while ((c.vectors == pruning::Vectors::rows ? m * ((k + height - 1) / height)
                                                : k * ((m + c.height - 1) / c.height)) > 10);
  c.layer = random_connected(rng, m, k, rng.between(1, 9), rng.pick({0.0, 0.3, 0.7}));
  return c;
}

// The vectors in `removed`, bit by bit, are not in the mask, and zeros are not.
std::vector<std::uint8_t> mask_without(const Case& c, unsigned removed) {
  const auto& [m, k, n, weights] = c.layer;
  std::vector<std::uint8_t> mask;
  for (Index i = 0; i < m * k; ++i) {
    const Index row = i / k, column = i % k;
    const Index vector =
        c.vectors == pruning::Vectors::columns ? row / c.height * k + column : column / c.height * m + row;
    mask.push_back(weights[static_cast<std::size_t>(i)] != 0 && (removed >> vector & 1) == 0);
  }
  return mask;
}

struct Known {
  Index cycles = 0;
  double kept = 0;
};
std::vector<Known> all_masks(const Case& c) {
  const auto& [m, k, n, weights] = c.layer;
  const bool columns = c.vectors == pruning::Vectors::columns;
  const Index vectors = columns ? (m + c.height - 1) / c.height * k : (k + c.height - 1) / c.height * m;
  std::vector<Known> all;
  for (unsigned removed = 0; removed < 1u << vectors; ++removed) {
    const std::vector<std::uint8_t> mask = mask_without(c, removed);
    all.push_back({cycles_of(c.layer, masked(weights, mask), c.options), kept_share(weights, mask)});
  }
  return all;
}

// The first point at which the tile that stays may be the only one: from there on another tile might have done better.
Index last_tile_alone(const Curve& curve) {
  Index point = curve.points() - 1;
  while (point > 0 && curve.removals[static_cast<std::size_t>(point) - 1].tile == curve.removals.back().tile) --point;
  return point;
}

TEST_CASE("no set of vectors loses less at the cycles of a point of a curve, which are those of cost()") {
  const std::uint64_t seed = 101;
  Rng rng(seed);
  for (int i = 0; i < 60; ++i) {
    const Case c = random_case(rng);
    INFO("seed " << seed << ", case " << i << ", " << name(c.options.gemm.dataflow) << ", m " << c.layer.m << ", k "
                 << c.layer.k << ", array " << c.options.gemm.array.height << " x " << c.options.gemm.array.width);
    const Network network = connected({c.layer});
    const Layer layer = layers_of(network, c.options.vector)[0];
    const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
    pruning::Price price;
    throw_if_error(pruning::Price::cycles(layer, c.options, c.options.gemm.dataflow, price));
    const auto paths = pruning::vector_paths(scores, c.vectors, c.height, price);
    const Curve curve = pruning::curves_of(*paths, c.options.gemm.dataflow, price.fixed())[0];
    const std::vector<Known> all = all_masks(c);
    for (Index point = 0; point < curve.points(); ++point) {
      std::vector<std::uint8_t> mask = mask_without(c, 0);
      pruning::remove(*paths, curve, point, mask.data());
      const Index cost = curve.cost[static_cast<std::size_t>(point)];
      CHECK(cycles_of(c.layer, masked(c.layer.weights, mask), c.options) == cost);
      const double kept = std::exp(-curve.loss[static_cast<std::size_t>(point)]);
      // Sums of at most 49 squares in any order, a logarithm and an exponential: far fewer than 1000 roundings.
      CHECK(kept == doctest::Approx(kept_share(c.layer.weights, mask)).epsilon(1e-13));
      if (paths->tiles() > 1 && point > last_tile_alone(curve)) continue;
      for (const Known& known : all) {
        if (known.cycles > cost) continue;
        CHECK(known.kept <= kept * (1 + 1e-13));
      }
    }
  }
}

struct Removed {
  Index weights = 0;
  double kept = 0;
};
// What is left by any set of columns of m-tiles, but nothing at all.
std::vector<Removed> all_left(const Case& c) {
  std::vector<Removed> all;
  const Index vectors = (c.layer.m + c.height - 1) / c.height * c.layer.k;
  for (unsigned removed = 0; removed < 1u << vectors; ++removed) {
    const std::vector<std::uint8_t> mask = mask_without(c, removed);
    const Index left = std::count(mask.begin(), mask.end(), 1);
    if (left > 0) all.push_back({left, kept_share(c.layer.weights, mask)});
  }
  return all;
}

TEST_CASE("by weights, curves have every set of vectors that is on the lower convex hull of all, to the sparsest") {
  const std::uint64_t seed = 104;
  Rng rng(seed);
  for (int i = 0; i < 40; ++i) {
    INFO("seed " << seed << ", case " << i);
    Case c;
    c.height = rng.between(2, 4);
    const Index m = rng.between(1, 7), k = rng.between(1, 10 / ((m + c.height - 1) / c.height));
    c.layer = random_connected(rng, m, k, 3, rng.pick({0.0, 0.3}));
    const Network network = connected({c.layer});
    const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
    const auto paths = pruning::vector_paths(scores, c.vectors, c.height, pruning::Price());
    const std::vector<Curve> curves = pruning::curves_of(*paths, Dataflow::sOS, 0);
    const std::vector<Removed> all = all_left(c);
    if (all.empty()) continue;
    std::vector<Removed> points;
    for (const Curve& curve : curves) {
      for (Index point = 0; point < curve.points(); ++point) {
        std::vector<std::uint8_t> mask = mask_without(c, 0);
        pruning::remove(*paths, curve, point, mask.data());
        points.push_back({std::count(mask.begin(), mask.end(), 1), kept_share(c.layer.weights, mask)});
        CHECK(points.back().weights == curve.cost[static_cast<std::size_t>(point)]);
        CHECK(points.back().kept > 0);
      }
    }
    // The greatest of kept - price * weights, for prices from nothing to beyond any.
    for (double price = 1e-6; price < 10; price *= 1.5) {
      const auto greatest = [&](const std::vector<Removed>& of) {
        double most = -1e9;
        for (const Removed& r : of) most = std::max(most, r.kept - price * static_cast<double>(r.weights));
        return most;
      };
      CHECK(greatest(points) == doctest::Approx(greatest(all)).epsilon(1e-12));
    }
  }
}

TEST_CASE("of full matrices, prices are those of cost() under every timing") {
  Rng rng(103);
  const Connected layer = random_connected(rng, 12, 20, 14);
  const Network network = connected({layer});
  const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
  for (const Timing timing : {Timing::serial, Timing::overlapped, Timing::scalesim}) {
    for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
      for (const double beta : {0.0, 1.0}) {
        INFO(name(timing) << ", " << name(dataflow) << ", beta " << beta);
        CostOptions options;
        options.gemm.array = {3, 4}, options.gemm.dataflow = dataflow, options.gemm.beta = beta;
        options.array.timing = timing;
        pruning::Price price;
        throw_if_error(pruning::Price::cycles(layers_of(network, {})[0], options, dataflow, price));
        std::unique_ptr<pruning::Paths> paths;
        if (dataflow == Dataflow::csOS) {
          paths = pruning::combined_paths(scores, 3, 4, price);
        } else {
          const auto vectors = dataflow == Dataflow::sIS ? pruning::Vectors::rows : pruning::Vectors::columns;
          paths = pruning::vector_paths(scores, vectors, dataflow == Dataflow::sWS ? 4 : 3, price);
        }
        const Curve curve = pruning::curves_of(*paths, dataflow, price.fixed())[0];
        CHECK(curve.cost.front() == cycles_of(layer, layer.weights, options));
      }
    }
  }
}

TEST_CASE("a curve is convex in what it loses, and ends with one vector of one tile") {
  const std::uint64_t seed = 102;
  Rng rng(seed);
  for (int i = 0; i < 60; ++i) {
    INFO("seed " << seed << ", case " << i);
    const Connected layer = random_connected(rng, rng.between(1, 30), rng.between(1, 30), 5, 0.2);
    const Network network = connected({layer});
    const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
    const auto paths = pruning::vector_paths(scores, pruning::Vectors::columns, rng.between(1, 9), pruning::Price());
    const Curve curve = pruning::curves_of(*paths, Dataflow::sOS, 0)[0];
    for (std::size_t point = 0; point + 2 < curve.cost.size(); ++point) {
      CHECK(curve.cost[point] > curve.cost[point + 1]);
      const auto rate = [&](std::size_t p) {
        return (curve.loss[p + 1] - curve.loss[p]) / static_cast<double>(curve.cost[p] - curve.cost[p + 1]);
      };
      CHECK(rate(point) <= rate(point + 1) * (1 + 1e-9));  // losses are near 0, so differences of a few bits count
    }
    std::vector<std::uint8_t> mask(layer.weights.size());
    for (std::size_t w = 0; w < mask.size(); ++w) mask[w] = layer.weights[w] != 0;
    const bool any = std::count(mask.begin(), mask.end(), 1) > 0;
    pruning::remove(*paths, curve, curve.points() - 1, mask.data());
    const auto left = std::count(mask.begin(), mask.end(), 1);
    CHECK((left > 0) == any);
    CHECK(left == curve.cost.back());
  }
}

}  // namespace
}  // namespace septet::network
