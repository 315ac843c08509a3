// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Arrays in which an operand stays, register by register; array_ws.hpp and array_is.hpp say which operand goes where.
//
//   preload chain         the stationary operand shifts down, last value into row 0 the cycle before the start
//   left edge, row h      the streamed operand of PE row h, step t, in cycle start + t + h
//   top edge, column w    the partial sum of step t, or zero, in cycle start + t + w
//   PE(h, w)              sum <- sum from above + stationary * streamed; hands the streamed operand to the right
//   bottom, column w      the sum of step t leaves at the end of cycle start + t + H - 1 + w
#pragma once

#include "fold_queue.hpp"
#include "mac.hpp"
#include "problem.hpp"
#include "snapshot.hpp"

#include <cstring>

namespace septet::emulation {

/// `Mapping<T>` has static functions of (problem, fold, …):
///   bool stationary(…, h, w, T& value, counts)   what PE(h, w) keeps; false: that PE is not in use
///   bool streamed(…, h, t, T& value, counts)     what row h gets in step t; false: that row is not in use
///   T* sum(…, w, t)                              the sum of column w and step t; null: that column is not in use
///   TracePlace place(…, h, w, t)                 which m, n and k meet in PE(h, w) in step t
template <class Unit, template <class> class Mapping>
class ArrayStationary {
  using T = typename Unit::Value;

 public:
  ArrayStationary(const Problem<T>& problem, const Unit& unit, Schedule& schedule)
      : problem_(problem),
        unit_(unit),
        plan_(problem.plan),
        height_(plan_.array.height),
        width_(plan_.array.width),
        fold_then_add_(plan_.cut() != 0),
        queue_(schedule) {
    const std::size_t cells = height_ * width_;
    streamed_.resize(cells), flags_.resize(cells), sum_.resize(cells);
    stationary_.resize(cells), in_use_.resize(cells), chain_.resize(cells), chain_in_use_.resize(cells);
    left_.resize(height_), top_.resize(width_), bottom_.resize(width_), chain_cursor_.resize(width_);
    sum_feed_.resize(width_);
  }

  /// One clock cycle. All registers change at its end: units that read a register step before those that write it.
  void step(Index cycle) {
    queue_.drop_before(bottom_.back().fold);  // not at the end: somebody may look()
    feed_top(cycle);
    for (Index h = height_ - 1; h >= 0; --h) {
      std::memcpy(&sum_[h * width_], h == 0 ? sum_feed_.data() : &sum_[(h - 1) * width_], width_ * sizeof(T));
      move_right(h, cycle);
      compute(h);
    }
    shift_chain(cycle);
    store_bottom(cycle);
  }

  bool done() { return queue_.at(bottom_.back().fold) == nullptr; }
  Index folds_computed() const { return bottom_.back().fold; }
  Index folds_stored() const { return bottom_.back().fold; }
  const Counts& counts() const { return counts_; }
  /// What everything holds at the end of `cycle`, the last one stepped. (array_stationary_look.hpp)
  void look(Index cycle, Snapshot& snapshot) const;

 private:
  using Map = Mapping<T>;
  enum Flag : std::uint8_t { kOperand = 1, kFirst = 2 };

  void feed_top(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      sum_feed_[w] = T{0};
      const ScheduledFold* f = queue_.at(top_[w].fold);
      if (f == nullptr || cycle != f->start + top_[w].step + w) continue;
      const bool enters = f->step_has_sum(top_[w].step);
      if (T* sum = Map::sum(problem_, f->fold, w, top_[w].step); enters && sum != nullptr) {
        sum_feed_[w] = *sum;
        ++counts_.reads_c;
      }
      top_[w].advance(f->fold.steps);
    }
  }

  void move_right(Index h, Index cycle) {
    const Index row = h * width_;
    std::memmove(&streamed_[row] + 1, &streamed_[row], (width_ - 1) * sizeof(T));
    std::memmove(&flags_[row] + 1, &flags_[row], width_ - 1);
    flags_[row] = 0;
    const ScheduledFold* f = queue_.at(left_[h].fold);
    if (f == nullptr || cycle != f->start + left_[h].step + h) return;
    if (left_[h].step == 0) flags_[row] |= kFirst;
    if (Map::streamed(problem_, f->fold, h, left_[h].step, streamed_[row], counts_)) flags_[row] |= kOperand;
    left_[h].advance(f->fold.steps);
  }

  void compute(Index h) {
    const Index row = h * width_;
    std::uint8_t events = 0;
    for (Index w = 0; w < width_; ++w) events |= flags_[row + w];
    if (events & kFirst) {
      for (Index cell = row; cell < row + width_; ++cell) {
        if (!(flags_[cell] & kFirst)) continue;
        stationary_[cell] = chain_[cell];  // multiply straight from the chain, and keep it
        in_use_[cell] = chain_in_use_[cell];
      }
    }
    if (events & kOperand) {
      const T* weights = problem_.plan.is_ws() ? &stationary_[row] : &streamed_[row];
      counts_.macs_issued +=
          multiply_accumulate_row(unit_, width_, &sum_[row], &stationary_[row], &streamed_[row], &in_use_[row],
                                  &flags_[row], problem_.gates_zeros ? weights : nullptr);
    }
  }

  // Column w of the preload chain: rows 0 … i load from above in the i-th of the H cycles before start + w.
  void shift_chain(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      const ScheduledFold* f = queue_.at(chain_cursor_[w].fold);
      if (f == nullptr || cycle != f->start - height_ + w + chain_cursor_[w].step) continue;
      const Index i = chain_cursor_[w].step;
      for (Index h = i; h > 0; --h) {
        chain_[h * width_ + w] = chain_[(h - 1) * width_ + w];
        chain_in_use_[h * width_ + w] = chain_in_use_[(h - 1) * width_ + w];
      }
      chain_in_use_[w] = Map::stationary(problem_, f->fold, height_ - 1 - i, w, chain_[w], counts_);
      chain_cursor_[w].advance(height_);
    }
  }

  // What a bottom register took at the end of this cycle may enter at the top in the next one.
  void store_bottom(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      const ScheduledFold* f = queue_.at(bottom_[w].fold);
      if (f == nullptr || cycle != f->start + bottom_[w].step + height_ - 1 + w) continue;
      if (T* sum = Map::sum(problem_, f->fold, w, bottom_[w].step); sum != nullptr) {
        const T result = sum_[(height_ - 1) * width_ + w];
        *sum = fold_then_add_ ? unit_.add(*sum, result) : result;
        ++counts_.writes_c;
      }
      bottom_[w].advance(f->fold.steps);
    }
  }

  void look_at_stream(const ScheduledFold& f, Index t, Index cell, PeTrace& pe, const TraceHeader& header) const;
  void look_left(const ScheduledFold& f, Index cycle, Index h, PortTrace& port, const TraceHeader& header) const;
  void look_top(const ScheduledFold& f, Index t, Index w, PortTrace& port, const TraceNumber& number) const;
  void look_preload(const ScheduledFold& f, Index step, Index w, PortTrace& port, const TraceNumber& number) const;
  void look_bottom(const ScheduledFold& f, Index t, Index w, PortTrace& port, const TraceNumber& number) const;

  const Problem<T>& problem_;
  Unit unit_;
  const Plan& plan_;
  Index height_, width_;
  bool fold_then_add_;
  FoldQueue queue_;
  Counts counts_;
  // The registers of the PEs, row by row.
  std::vector<T> streamed_, sum_, stationary_, chain_;
  std::vector<std::uint8_t> flags_, in_use_, chain_in_use_;
  // The edge and the units' places.
  std::vector<T> sum_feed_;
  std::vector<Cursor> left_, top_, bottom_, chain_cursor_;
};

}  // namespace septet::emulation
