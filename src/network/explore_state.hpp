// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an Explorer keeps.
#pragma once

#include "explore_products.hpp"

#include <atomic>
#include <deque>
#include <mutex>

namespace septet::network {

/// Everything on one array with one precision and one sparsity, which all buffers and bandwidths share.
struct ArrayGroup {
  ArrayGroup(const Design& machine, std::size_t items) : machine(machine), products(items), work(items) {}

  /// Is the machine one of it?
  bool has(const Design& other) const;

  const Design machine;                 ///< the first that was asked for
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

  /// Throws Error: none of the sweep's.
  const SparseNetwork& network(double sparsity) const;
  /// Of a machine's array, precision and sparsity, all products prepared.
  std::shared_ptr<const ArrayGroup> group(const Design& machine) const;

  CostOptions options(const Design& design) const;
  DesignPoint point(const Design& design, const Workload& workload, const std::vector<ProductCost>& costs) const;
  /// By dataflow of `counted`, then by distinct product.
  std::vector<ProductCost> costs(const ArrayGroup& group, const Design& machine) const;

  std::vector<Layer> layers;  ///< without their weights
  std::vector<Mask> own_masks;
  Sweep sweep;
  CostOptions base;
  emulation::AreaTable area;
  std::vector<Dataflow> choices;  ///< of an automatic dataflow
  std::vector<Dataflow> counted;  ///< all that some design needs

 private:
  std::shared_ptr<ArrayGroup> find_group(const Design& machine) const;
  void prepare(ArrayGroup& group, std::size_t item) const;
  const ProductCost& cost_of(const std::vector<ProductCost>& costs, std::size_t product, Dataflow dataflow) const;

  mutable std::vector<SparseNetwork> networks_;  // by sparsity
  mutable std::atomic<std::size_t> turn_{0};
  mutable std::mutex mutex_;
  mutable std::deque<std::shared_ptr<ArrayGroup>> recent_;  // the newest first
};

}  // namespace septet::network
