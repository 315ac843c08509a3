// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the search counts of a network under one sparsity: its different products, each once, and where their weights
// have zeros.
#pragma once

#include "emulation/cycle_cache.hpp"
#include "layer_cost.hpp"
#include "septet/network/explore.hpp"

#include <memory>
#include <vector>

namespace septet::network {

/// A byte per weight of all products of a layer, m x k each, one behind the other: 0 is a zero, 1 is none.
using Mask = std::shared_ptr<const std::vector<std::int8_t>>;

/// Where the layer's own weights have zeros.
Mask own_mask(const Layer& layer);
/// Weight i of the layer is zero where the i-th number of a sequence that the seed and the shape decide, uniform in
/// [0, 1), is below `sparsity`: what is zero stays it as the sparsity grows.
Mask seeded_mask(const Product& shape, double sparsity, std::uint64_t seed);
/// Numbers of a type, 0 and 1, as the mask has them.
std::shared_ptr<const void> weights_of(const Mask& mask, Type type);

/// The cycle model's view of a mask.
struct WeightModel {
  /// `joins`: the products are groups that may be joined.
  WeightModel(Mask mask, const Product& shape, bool joins);

  Mask mask;
  std::vector<std::shared_ptr<emulation::cycle_model::CycleCache>> groups;
  std::unique_ptr<JoinedGroups> joined_weights;
  std::shared_ptr<emulation::cycle_model::CycleCache> joined;  ///< null: they are not
};

struct DistinctProduct {
  Product product;
  std::shared_ptr<const WeightModel> weights;  ///< null: dense
};

struct Workload {
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::vector<DistinctProduct> products;
  std::vector<std::size_t> of_layer;  ///< place among the products, or kNone
};
/// `masks`: of every layer, or null.
Workload workload_of(const std::vector<Layer>& layers, const std::vector<Mask>& masks, bool joins);

/// Has the layer weights that may be sparse?
bool has_weights(const Layer& layer);

}  // namespace septet::network
