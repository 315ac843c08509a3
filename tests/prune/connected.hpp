// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks of fully connected layers side by side, each with an input and an output of its own, and what pruning has
// made of a layer, counted anew.
#pragma once

#include "septet/network/prune.hpp"
#include "support/storage.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace septet::support {

/// m x k weights, n columns of inputs.
struct Connected {
  Index m = 1, k = 1, n = 1;
  std::vector<float> weights;
};

inline network::Network connected(const std::vector<Connected>& layers) {
  network::Network network;
  for (const Connected& layer : layers) {
    network::Tensor weight({"w", Type::f32, {layer.m, layer.k}, {}});
    std::copy(layer.weights.begin(), layer.weights.end(), weight.as<float>());
    network::FullyConnected op;
    op.linear.weight = std::make_shared<const network::Tensor>(std::move(weight));
    const auto x = static_cast<Index>(network.tensors.size()), y = x + 1;
    network.tensors.push_back({"t" + std::to_string(x), Type::f32, {layer.n, layer.k}, {}});
    network.tensors.push_back({"t" + std::to_string(y), Type::f32, {layer.n, layer.m}, {}});
    network.steps.push_back({"layer" + std::to_string(network.steps.size()), op, {x}, y});
    network.inputs.push_back(x), network.outputs.push_back(y);
  }
  return network;
}

/// No two alike, some 0.
inline Connected random_connected(Rng& rng, Index m, Index k, Index n, double zeros = 0) {
  Connected layer{m, k, n, {}};
  for (Index i = 0; i < m * k; ++i) {
    layer.weights.push_back(rng.chance(zeros) ? 0.f
                                              : static_cast<float>((0.1 + rng.unit()) * (rng.chance(0.5) ? 1 : -1)));
  }
  return layer;
}

/// The share of the weights' squares that a mask keeps.
inline double kept_share(const std::vector<float>& weights, const std::vector<std::uint8_t>& mask) {
  double kept = 0, all = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double square = static_cast<double>(weights[i]) * static_cast<double>(weights[i]);
    all += square, kept += mask[i] != 0 ? square : 0;
  }
  return all == 0 ? 1 : kept / all;
}

inline std::vector<float> masked(std::vector<float> weights, const std::vector<std::uint8_t>& mask) {
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = mask[i] != 0 ? weights[i] : 0.f;
  return weights;
}

/// What cost() says of a layer with these weights.
inline Index cycles_of(const Connected& layer, const std::vector<float>& weights, const network::CostOptions& options) {
  const network::Network network = connected({{layer.m, layer.k, layer.n, weights}});
  network::LayerCost cost;
  throw_if_error(network::cost(network::layers_of(network, options.vector)[0], options, cost));
  return cost.array_cycles();
}

}  // namespace septet::support
