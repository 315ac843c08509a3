// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_plan.hpp"

#include "memory_model.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::emulation {
namespace {

using detail::Fold;
using detail::Plan;

/// Walks the Plan's folds as the controller issues them.
class FoldNumbers {
 public:
  FoldNumbers(const Plan& plan, const ArrayOptions& options, bool preload, const Traffic& traffic, const Report& report)
      : plan_(plan),
        options_(options),
        preload_(preload),
        traffic_(traffic),
        b_size_(size_of(report.b_type)),
        c_size_(size_of(accumulator_of(report.a_type))) {
    if (plan.live) {
      used_.assign(plan.is_is() ? plan.m : plan.k, 0);
      for (const std::int32_t vector : plan.live->index) used_[vector] = 1;
      used_count_ = std::count(used_.begin(), used_.end(), 1);
      touched_.assign(used_.size(), -1);
      if (!plan.is_ws()) a_bytes_.assign(plan.live->tiles(), -1);
    } else {
      used_count_ = plan.is_is() ? plan.m : plan.k;
    }
  }

  memory_model::FoldTable table() {
    memory_model::FoldTable table;
    Schedule schedule(plan_, options_, preload_, [&](const ScheduledFold& fold) { return traffic_.bytes(fold); });
    const bool overlapped = options_.timing == Timing::overlapped;
    ScheduledFold fold, next;
    bool more = schedule.next(fold);
    // Overlapped, the first fold begins with its preload, and the others with their first MAC.
    Index begin = 0;
    while (more) {
      more = schedule.next(next);
      const Index end = more ? next.start - (overlapped ? 0 : schedule.preload_cycles()) : schedule.end();
      memory_model::Fold numbers = bytes_of(fold.fold);
      numbers.cycles = end - begin;
      table.add(numbers);
      if (!more || outer_of(next.fold) != outer_of(fold.fold)) table.end_row();
      begin = end;
      std::swap(fold, next);
    }
    return table;
  }

  memory_model::Product product() const {
    memory_model::Product product;
    product.dataflow = plan_.dataflow;
    product.preload = preload_;
    product.b_used_bytes = b_size_ * used_count_ * plan_.n;
    product.b_used_tiles = detail::ceil_div(used_count_, plan_.array.height);
    return product;
  }

 private:
  Index outer_of(const Fold& fold) const { return plan_.is_is() ? fold.n0 : fold.m0; }

  memory_model::Fold bytes_of(const Fold& fold) {
    memory_model::Fold numbers;
    numbers.a = a_bytes(fold);
    if (plan_.is_ws()) {
      weight_stationary(fold, numbers);
    } else if (plan_.is_is()) {
      input_stationary(fold, numbers);
    } else {
      const bool combined = plan_.dataflow == Dataflow::csOS;
      Index columns = fold.steps;
      if (combined) {
        const detail::LiveLists& live = *plan_.live;
        columns = live.step_ptr[live.tile_ptr[fold.tile + 1]] - live.step_ptr[live.tile_ptr[fold.tile]];
      }
      numbers.b = b_size_ * columns * fold.n_count;
      numbers.b_tile = b_size_ * used_count_ * fold.n_count;
      numbers.c_out = numbers.c_tile = c_size_ * fold.m_count * fold.n_count;
      numbers.c_in = preload_ ? numbers.c_out : 0;
    }
    return numbers;
  }

  void weight_stationary(const Fold& fold, memory_model::Fold& numbers) {
    numbers.b = numbers.b_tile = b_size_ * fold.k_count * plan_.n;
    numbers.c_out = numbers.c_tile = c_size_ * fold.m_count * plan_.n;
    numbers.c_in = preload_ || !fold.first ? numbers.c_out : 0;
    if (!plan_.live) return;
    Index fresh = 0;
    for (Index p = 0; p < fold.k_count; ++p) {
      Index& touched = touched_[plan_.columns(fold.tile)[fold.k0 + p]];
      fresh += touched < 0;
      touched = 0;
    }
    numbers.b_fresh = b_size_ * fresh * plan_.n;
  }

  // A sum is there if an earlier fold of the same n-tile wrote it.
  void input_stationary(const Fold& fold, memory_model::Fold& numbers) {
    Index there = preload_ || !fold.first ? fold.steps : 0;
    if (plan_.live && !preload_) {
      there = 0;
      for (Index t = 0; t < fold.steps; ++t) {
        Index& touched = touched_[plan_.rows(fold.tile)[t]];
        there += touched == fold.n0;
        touched = fold.n0;
      }
    }
    numbers.b = numbers.b_tile = b_size_ * fold.k_count * fold.n_count;
    numbers.c_in = c_size_ * there * fold.n_count;
    numbers.c_out = c_size_ * fold.steps * fold.n_count;
    numbers.c_tile = c_size_ * used_count_ * fold.n_count;
  }

  // Counting a tile's non-zeros takes a while: once, not for every n-tile.
  Index a_bytes(const Fold& fold) {
    if (a_bytes_.empty()) return traffic_.a_bytes(fold);
    Index& bytes = a_bytes_[fold.tile];
    if (bytes < 0) bytes = traffic_.a_bytes(fold);
    return bytes;
  }

  const Plan& plan_;
  const ArrayOptions& options_;
  bool preload_;
  const Traffic& traffic_;
  memory_model::Wide b_size_, c_size_;  // bytes per word: what is counted with them is as wide
  std::vector<char> used_;
  Index used_count_ = 0;        // columns of A (IS: rows) that some fold streams
  std::vector<Index> touched_;  // by column or row: -1 or the last n-tile that had it
  std::vector<Index> a_bytes_;  // by tile; -1: not counted yet
};

void report_folds(const ArrayOptions& options, memory_model::Product product, const memory_model::FoldTable& folds,
                  Report& report) {
  product.unwritten_bytes =
      static_cast<memory_model::Wide>(report.writes_without_fold) * size_of(accumulator_of(report.a_type));
  throw_if_error(memory_model::report_memory(options.memory, product, folds, report));
}

}  // namespace

void report_memory(const Plan& plan, const ArrayOptions& options, bool preload, const Traffic& traffic,
                   Report& report) {
  if (!options.memory.given()) return;
  FoldNumbers numbers(plan, options, preload, traffic, report);
  const memory_model::FoldTable folds = numbers.table();
  report_folds(options, numbers.product(), folds, report);
}

void report_memory(const Plan& plan, const ArrayOptions& options, Report& report) {
  if (!options.memory.given()) return;
  memory_model::Product product;
  product.dataflow = plan.dataflow;
  report_folds(options, product, {}, report);
}

}  // namespace septet::emulation
