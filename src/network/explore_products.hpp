// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The products of a network on one array, counted with every dataflow of a sweep, for any memory system behind them.
#pragma once

#include "emulation/prepared_product.hpp"
#include "explore_workload.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

namespace septet::network {

/// What counts of a product, the waiting for the memory included.
struct ProductCost {
  Status status;  ///< what the dataflow excludes; then nothing below
  Index cycles = 0, off_chip_bytes = 0, macs_useful = 0;
  double energy_pj = 0;
};

/// All products of a layer with one dataflow.
class LayerProducts {
 public:
  /// `gemm` names the dataflow and the array. Throws std::bad_alloc.
  void prepare(const DistinctProduct& distinct, const GemmOptions& gemm, const emulation::ArrayOptions& array,
               Type type, bool with_memory);
  /// As cost() counts a layer without vector work: joined groups where that takes fewer cycles.
  ProductCost cost(const emulation::MemorySystem& memory, const emulation::EnergyTable& energy) const;

 private:
  Status sum(bool joined, const emulation::MemorySystem& memory, const emulation::EnergyTable& energy,
             LayerCost& cost) const;

  Product product_;
  Dataflow dataflow_ = Dataflow::dOS;
  Status status_;
  std::vector<std::unique_ptr<emulation::PreparedProduct>> groups_;  ///< one, if all have the same weights
  std::unique_ptr<emulation::PreparedProduct> joined_;
};

/// Work that is shared by all threads that need all of it.
class SharedWork {
 public:
  explicit SharedWork(std::size_t items) : items_(items) {}

  /// Does what nobody has begun, waits for the rest. Throws what an item did throw.
  void finish(const std::function<void(std::size_t)>& item);

 private:
  const std::size_t items_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::size_t done_ = 0;
  std::exception_ptr failure_;
};

}  // namespace septet::network
