// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_products.hpp"

#include <utility>

namespace septet::network {

using emulation::PreparedProduct;

void LayerProducts::prepare(const DistinctProduct& distinct, const GemmOptions& gemm,
                            const emulation::ArrayOptions& options, Type type, bool with_memory) {
  product_ = distinct.product, dataflow_ = gemm.dataflow;
  emulation::ArrayOptions array = options;
  if (distinct.weight_bits > 0) array.a_word_bits = distinct.weight_bits;
  const auto prepare_one = [&](const emulation::ProductShape& shape, std::unique_ptr<PreparedProduct>& prepared) {
    status_ = PreparedProduct::prepare(shape, gemm, array, prepared);
    if (status_.ok() && with_memory) prepared->prepare_memory();
  };
  const Product& p = product_;
  const WeightModel* weights = distinct.weights.get();
  for (std::size_t i = 0; status_.ok() && i < (weights == nullptr ? 1 : weights->groups.size()); ++i) {
    emulation::ProductShape shape{p.m, p.n, p.k, type, type, nullptr};
    if (weights != nullptr) shape.weights = weights->groups[i];
    prepare_one(shape, groups_.emplace_back());
  }
  const bool joins = weights != nullptr && weights->joined && is_sparse(dataflow_) && size_of(type) == 1;
  if (status_.ok() && joins) {
    prepare_one({p.count * p.m, p.n, p.count * p.k, type, type, weights->joined}, joined_);
  }
}

Status LayerProducts::sum(bool joined, const emulation::MemorySystem& memory, const emulation::EnergyTable& energy,
                          LayerCost& cost) const {
  CostSum sum(dataflow_, joined, cost);
  const auto add = [&](const PreparedProduct& product, Index times) {
    emulation::Report report;
    if (Status status = product.report(memory, report); !status.ok()) return status;
    return sum.add(report, times, energy);
  };
  if (joined) {
    if (Status status = add(*joined_, 1); !status.ok()) return status;
  } else {
    const Index times = groups_.size() == 1 ? product_.count : 1;
    for (const auto& group : groups_) {
      if (Status status = add(*group, times); !status.ok()) return status;
    }
  }
  return sum.finish(product_, {}, 1);
}

ProductCost LayerProducts::cost(const emulation::MemorySystem& memory, const emulation::EnergyTable& energy) const {
  LayerCost least, joined;
  ProductCost result;
  result.status = status_.ok() ? sum(false, memory, energy, least) : status_;
  if (result.status.ok() && joined_) {
    result.status = sum(true, memory, energy, joined);
    if (result.status.ok() && joined.cycles < least.cycles) least = std::move(joined);
  }
  if (!result.status.ok()) return result;
  const emulation::MemoryReport& m = least.array.memory;
  result.cycles = least.cycles;
  for (const Index bytes :
       {m.off_chip_reads_a_bytes, m.off_chip_reads_b_bytes, m.off_chip_reads_c_bytes, m.off_chip_writes_c_bytes}) {
    if (!add_times(result.off_chip_bytes, 1, bytes)) result.status = beyond_64_bits();
  }
  result.macs_useful = least.array.macs_useful;
  result.energy_pj = least.energy_pj;
  return result;
}

void SharedWork::finish(const std::function<void(std::size_t)>& item) {
  for (std::size_t i = next_++; i < items_; i = next_++) {
    std::exception_ptr thrown;
    try {
      item(i);
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    if (thrown) failure_ = thrown;
    if (++done_ == items_) all_done_.notify_all();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  all_done_.wait(lock, [this] { return done_ == items_; });
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace septet::network
