// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an Explorer keeps.
#pragma once

#include "explore_products.hpp"

#include <deque>
#include <mutex>

namespace septet::network {

/// Everything on one array with one precision and one sparsity, which all buffers and bandwidths share.
struct ArrayGroup {
  ArrayGroup(Index index, std::size_t items) : index(index), products(items), work(items) {}

  Index index;
  std::vector<LayerProducts> products;  ///< by dataflow, then by distinct product
  SharedWork work;
};

/// Made when it is first needed.
struct SparseNetwork {
  std::once_flag made;
  std::vector<Mask> masks;  ///< of every layer; null: dense
  Workload workload;
};

struct Explorer::State {
  State(std::vector<Layer> given, Sweep swept, const CostOptions& options, const emulation::AreaTable& table);

  const SparseNetwork& network(std::size_t sparsity) const;
  /// Of an array with a precision and a sparsity, all its products prepared.
  std::shared_ptr<const ArrayGroup> group(Index index) const;

  CostOptions options(const Design& design) const;
  DesignPoint point(const Design& design, const Workload& workload, const std::vector<ProductCost>& costs) const;
  /// By dataflow of `counted`, then by distinct product.
  std::vector<ProductCost> costs(const ArrayGroup& group, const Design& machine) const;

  std::vector<Layer> layers;  ///< without their weights
  std::vector<bool> weighted;
  std::vector<Mask> own_masks;
  Sweep sweep;
  CostOptions base;
  emulation::AreaTable area;
  std::vector<Dataflow> choices;  ///< of an automatic dataflow
  std::vector<Dataflow> counted;  ///< all that some design needs

 private:
  std::shared_ptr<ArrayGroup> find_group(Index index) const;
  void prepare(ArrayGroup& group, std::size_t item) const;
  const ProductCost& cost_of(const std::vector<ProductCost>& costs, std::size_t product, Dataflow dataflow) const;

  mutable std::vector<SparseNetwork> networks_;  // by sparsity
  mutable std::mutex mutex_;
  mutable std::deque<std::shared_ptr<ArrayGroup>> recent_;  // the newest first
};

}  // namespace septet::network
