// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::emulation {

using detail::Fold;
using detail::Plan;

Schedule::Schedule(const Plan& plan, const ArrayOptions& options, bool preload, FoldBytes bytes)
    : plan_(plan), options_(options), preload_(preload), bytes_(std::move(bytes)), folds_(plan) {
  const bool os = is_output_stationary(plan.dataflow);
  preload_cycles_ = !os || preload ? plan.array.height : 0;
  drain_cycles_ = os ? plan.array.height : 0;
  if (plan.dataflow == Dataflow::sIS) written_.assign(plan.m, 0);
}

bool Schedule::next(ScheduledFold& fold) {
  ScheduledFold next;
  if (!folds_.next(next.fold)) return false;
  next.number = count_++;
  mark_entering(next);
  if (next.number == 0) {
    next.start = ideal_start_ = preload_cycles_;
  } else if (options_.timing == Timing::overlapped) {
    const Index gap = overlapped_gap(last_, next);
    next.stall = std::max<Index>(hold_ - gap, 0);
    next.start = last_.start + gap + next.stall;
    ideal_start_ += gap;
  } else {
    next.stall = std::max<Index>(hold_ - length(last_), 0);
    next.start = last_.start + length(last_) + next.stall;
    ideal_start_ += length(last_);
  }
  stream_cycles_ += next.fold.steps + plan_.array.height + plan_.array.width - 2;
  last_ = next;
  hold_ = options_.bandwidth == 0 ? 0 : detail::ceil_div(bytes_(next), options_.bandwidth);
  fold = std::move(next);
  return true;
}

// Cycles from one fold's first preload to the next one's, or to its own end.
Index Schedule::length(const ScheduledFold& fold) const {
  const Index drain = options_.timing == Timing::scalesim ? 0 : drain_cycles_;
  return preload_cycles_ + fold.fold.steps + plan_.array.height + plan_.array.width - 2 + drain;
}

Index Schedule::overlapped_gap(const ScheduledFold& before, const ScheduledFold& fold) const {
  const Index left_edge_free = before.fold.steps;
  const Index chain_free = preload_cycles_;
  // Captures follow the end of the stream, so the drain is free for a fold that ends D later.
  const Index drain_free = before.fold.steps + drain_cycles_ - fold.fold.steps;
  return std::max({left_edge_free, chain_free, drain_free, partial_sum_gap(before, fold)});
}

// Chained sIS: rows are at other steps in every fold, and a sum must have left at the bottom before it enters again.
Index Schedule::partial_sum_gap(const ScheduledFold& before, const ScheduledFold& fold) const {
  if (plan_.dataflow != Dataflow::sIS || plan_.cut() != 0 || before.fold.n0 != fold.fold.n0) return 0;
  const std::int32_t* x = plan_.rows(before.fold.tile);
  const std::int32_t* y = plan_.rows(fold.fold.tile);
  Index gap = 0;
  for (Index i = 0, j = 0; i < before.fold.steps && j < fold.fold.steps;) {
    if (x[i] == y[j]) gap = std::max(gap, i - j + plan_.array.height);
    const bool advance_x = x[i] <= y[j], advance_y = y[j] <= x[i];
    i += advance_x, j += advance_y;
  }
  return gap;
}

// A partial sum enters if an earlier fold wrote it, or if there is a preload; never under fold-then-add.
void Schedule::mark_entering(ScheduledFold& fold) {
  if (is_output_stationary(plan_.dataflow) || plan_.cut() != 0) return;
  fold.enters = preload_ || !fold.fold.first;
  if (plan_.dataflow != Dataflow::sIS || preload_) return;
  const Index mark = 1 + fold.fold.n0 / plan_.array.width;
  const std::int32_t* rows = plan_.rows(fold.fold.tile);
  fold.step_enters.resize(fold.fold.steps);
  for (Index t = 0; t < fold.fold.steps; ++t) {
    fold.step_enters[t] = written_[rows[t]] == mark;
    written_[rows[t]] = mark;
  }
}

Index Schedule::end() const {
  if (count_ == 0) return 0;
  const Index begin = options_.timing == Timing::overlapped ? last_.start : last_.start - preload_cycles_;
  const Index own = options_.timing == Timing::overlapped ? length(last_) - preload_cycles_ : length(last_);
  return begin + std::max(own, hold_);
}

Index Schedule::stalled_from() const { return count_ == 0 ? 0 : last_.start - preload_cycles_ + length(last_); }

Index Schedule::last_event() const {
  return count_ == 0 ? 0 : last_.end() + plan_.array.height + plan_.array.width - 2 + drain_cycles_;
}

Index Schedule::end_without_limit() const { return count_ == 0 ? 0 : ideal_start_ - preload_cycles_ + length(last_); }

}  // namespace septet::emulation
