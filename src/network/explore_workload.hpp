// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the search counts of a network under one sparsity: its different products, each once, and where their weights
// have zeros.
#pragma once

#include "emulation/cycle_cache.hpp"
#include "layer_cost.hpp"
#include "septet/network/explore.hpp"
#include "zeros.hpp"

#include <memory>
#include <vector>

namespace septet::network {

/// From one product's to the next; 0: all have the same.
Index stride_of(const Mask& mask, const Product& shape);
/// Numbers of a type, 0 and 1, as the mask has them.
std::shared_ptr<const void> weights_of(const Mask& mask, Type type);

/// The cycle model's view of a mask.
struct WeightModel {
  /// `joins`: the products are groups that may be joined.
  WeightModel(Mask given, const Product& shape, bool joins);

  Mask mask;
  std::vector<std::shared_ptr<emulation::cycle_model::CycleCache>> groups;  ///< one, if all have the same weights
  std::unique_ptr<JoinedGroups> joined_weights;
  std::shared_ptr<emulation::cycle_model::CycleCache> joined;  ///< null: they are not
};

struct DistinctProduct {
  Product product;
  std::shared_ptr<const WeightModel> weights;  ///< null: dense
  Index weight_bits = 0;                       ///< Layer::weight_bits
};

struct Workload {
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::vector<DistinctProduct> products;
  std::vector<std::size_t> of_layer;  ///< place among the products, or kNone
};
/// `masks`: of every layer, or null.
Workload workload_of(const std::vector<Layer>& layers, const std::vector<Mask>& masks, bool joins);

}  // namespace septet::network
