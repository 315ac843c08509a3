// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Output-stationary array, register by register: dOS, sOS and csOS.
//
//   left edge, row h      A of the fold's row m0 + h, step t, in cycle start + t + h
//   top edge, column w    B of the fold's column n0 + w, step t (csOS: one value per lane), in cycle start + t + w
//   PE(h, w)              acc <- acc + a * b; hands a to the right and b down
//   preload chain         (if sums start from a preload) shifts down, last value into row 0 the cycle before the start
//   drain chain           captures acc after the last step, shifts down into the store units
#pragma once

#include "fold_queue.hpp"
#include "mac.hpp"
#include "problem.hpp"
#include "snapshot.hpp"

#include <cstring>

namespace septet::emulation {

template <class Unit>
class ArrayOs {
  using T = typename Unit::Value;

 public:
  ArrayOs(const Problem<T>& problem, const Unit& unit, Schedule& schedule)
      : problem_(problem),
        unit_(unit),
        plan_(problem.plan),
        height_(plan_.array.height),
        width_(plan_.array.width),
        lanes_(plan_.dataflow == Dataflow::csOS ? plan_.live->longest_step() : 1),
        queue_(schedule),
        preload_(problem.preload) {
    const std::size_t cells = height_ * width_;
    a_.resize(cells), flags_.resize(cells), lane_.resize(cells);
    b_.resize(cells * lanes_), b_there_.resize(cells);
    acc_.resize(cells), chain_.resize(cells), drain_.resize(cells);
    left_.resize(height_), top_.resize(width_), chain_cursor_.resize(width_), drain_cursor_.resize(width_);
    b_feed_.resize(width_ * lanes_), b_feed_there_.resize(width_);
  }

  /// One clock cycle. All registers change at its end: units that read a register step before those that write it.
  void step(Index cycle) {
    queue_.drop_before(drain_cursor_.back().fold);  // not at the end: somebody may look()
    shift_drain(cycle);
    feed_top(cycle);
    for (Index h = height_ - 1; h >= 0; --h) {
      move_down(h);
      move_right(h, cycle);
      compute(h);
    }
    if (preload_) shift_chain(cycle);
  }

  /// Nothing left to load, compute or store.
  bool done() { return queue_.at(drain_cursor_.back().fold) == nullptr; }
  /// Folds whose last MAC is done at the array's far corner: all that `scalesim` counts.
  Index folds_computed() const { return folds_computed_; }
  Index folds_stored() const { return drain_cursor_.back().fold; }
  const Counts& counts() const { return counts_; }
  /// What everything holds at the end of `cycle`, the last one stepped. (array_os_look.hpp)
  void look(Index cycle, Snapshot& snapshot) const;

 private:
  enum Flag : std::uint8_t { kWeight = 1, kFirst = 2, kLast = 4 };

  // The columns k of step t of a fold, in lane order.
  struct StepColumns {
    const std::int32_t* list;  // null: just `k`
    Index count;
    Index k;
    Index operator[](Index lane) const { return list ? list[lane] : k; }
  };
  StepColumns columns(const Fold& fold, Index t) const {
    if (!plan_.live) return {nullptr, 1, t};
    const LiveLists& live = *plan_.live;
    if (live.step_ptr.empty()) return {live.begin(fold.tile) + t, 1, 0};
    const Index s = live.tile_ptr[fold.tile] + t;
    return {live.index.data() + live.step_ptr[s], live.step_ptr[s + 1] - live.step_ptr[s], 0};
  }

  void feed_top(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      b_feed_there_[w] = 0;
      const ScheduledFold* f = queue_.at(top_[w].fold);
      if (f == nullptr || cycle != f->start + top_[w].step + w) continue;
      if (w < f->fold.n_count) {
        b_feed_there_[w] = 1;
        const StepColumns ks = columns(f->fold, top_[w].step);
        for (Index lane = 0; lane < ks.count; ++lane) {
          b_feed_[w * lanes_ + lane] = problem_.b(ks[lane], f->fold.n0 + w);
          ++counts_.reads_b;
        }
      }
      top_[w].advance(f->fold.steps);
    }
  }

  // What enters row h at the left in this cycle, if anything.
  void feed_left(Index h, Index cycle, T& value, std::uint8_t& flags, std::uint8_t& lane) {
    flags = 0;
    const ScheduledFold* f = queue_.at(left_[h].fold);
    if (f == nullptr || cycle != f->start + left_[h].step + h) return;
    const Index t = left_[h].step;
    if (t == 0) flags |= kFirst;
    if (t + 1 == f->fold.steps) flags |= kLast;
    if (h < f->fold.m_count) {
      const Index m = f->fold.m0 + h;
      const StepColumns ks = columns(f->fold, t);
      if (plan_.dataflow != Dataflow::csOS) {
        value = load_weight(problem_, m, ks[0], counts_);
        flags |= kWeight;
      }
      for (Index l = 0; plan_.dataflow == Dataflow::csOS && l < ks.count; ++l) {
        if (problem_.a.is_zero(m, ks[l])) continue;
        value = problem_.a(m, ks[l]), lane = static_cast<std::uint8_t>(l), flags |= kWeight;
        ++counts_.reads_a;
      }
    }
    left_[h].advance(f->fold.steps);
  }

  void move_down(Index h) {
    const T* above = h == 0 ? b_feed_.data() : &b_[(h - 1) * width_ * lanes_];
    const std::uint8_t* above_there = h == 0 ? b_feed_there_.data() : &b_there_[(h - 1) * width_];
    std::memcpy(&b_[h * width_ * lanes_], above, width_ * lanes_ * sizeof(T));
    std::memcpy(&b_there_[h * width_], above_there, width_);
  }

  void move_right(Index h, Index cycle) {
    const Index row = h * width_;
    std::memmove(&a_[row] + 1, &a_[row], (width_ - 1) * sizeof(T));
    std::memmove(&flags_[row] + 1, &flags_[row], width_ - 1);
    std::memmove(&lane_[row] + 1, &lane_[row], width_ - 1);
    feed_left(h, cycle, a_[row], flags_[row], lane_[row]);
  }

  void compute(Index h) {
    const Index row = h * width_;
    const std::uint8_t events = any_flag(&flags_[row]);
    if (events & kFirst) {
      for (Index cell = row; cell < row + width_; ++cell) {
        if (flags_[cell] & kFirst) acc_[cell] = preload_ ? chain_[cell] : T{0};
      }
    }
    if (events & kWeight) multiply(row);
    if (events & kLast) {
      for (Index cell = row; cell < row + width_; ++cell) {
        if (flags_[cell] & kLast) drain_[cell] = acc_[cell];
      }
      if (h + 1 == height_ && (flags_[row + width_ - 1] & kLast)) ++folds_computed_;
    }
  }

  std::uint8_t any_flag(const std::uint8_t* flags) const {
    std::uint8_t any = 0;
    for (Index w = 0; w < width_; ++w) any |= flags[w];
    return any;
  }

  void multiply(Index row) {
    if (lanes_ == 1) {
      counts_.macs_issued += multiply_accumulate_row(unit_, width_, &acc_[row], &a_[row], &b_[row], &flags_[row],
                                                     &b_there_[row], problem_.gates_zeros ? &a_[row] : nullptr);
      return;
    }
    for (Index cell = row; cell < row + width_; ++cell) {
      if (!(flags_[cell] & b_there_[cell] & kWeight)) continue;
      acc_[cell] = unit_.mac(acc_[cell], a_[cell], b_[cell * lanes_ + lane_[cell]]);
      ++counts_.macs_issued;
    }
  }

  // Column w of the preload chain: rows 0 … i load from above in the i-th of the H cycles before start + w.
  void shift_chain(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      const ScheduledFold* f = queue_.at(chain_cursor_[w].fold);
      if (f == nullptr || cycle != f->start - height_ + w + chain_cursor_[w].step) continue;
      const Index i = chain_cursor_[w].step;
      for (Index h = i; h > 0; --h) chain_[h * width_ + w] = chain_[(h - 1) * width_ + w];
      const Index row = height_ - 1 - i;  // where the value that enters now will end
      if (row < f->fold.m_count && w < f->fold.n_count) {
        chain_[w] = problem_.sum(f->fold.m0 + row, f->fold.n0 + w);
        ++counts_.reads_c;
      }
      chain_cursor_[w].advance(height_);
    }
  }

  // Column w of the drain chain: in the i-th cycle the store unit takes row H - 1's value, which came from row H - 1 -
  // i.
  void shift_drain(Index cycle) {
    for (Index w = 0; w < width_; ++w) {
      const ScheduledFold* f = queue_.at(drain_cursor_[w].fold);
      if (f == nullptr || cycle != f->end() + height_ - 1 + w + drain_cursor_[w].step) continue;
      const Index i = drain_cursor_[w].step;
      const Index row = height_ - 1 - i;
      if (row < f->fold.m_count && w < f->fold.n_count) {
        problem_.sum(f->fold.m0 + row, f->fold.n0 + w) = drain_[(height_ - 1) * width_ + w];
        ++counts_.writes_c;
      }
      for (Index h = height_ - 1; h > i; --h) drain_[h * width_ + w] = drain_[(h - 1) * width_ + w];
      drain_cursor_[w].advance(height_);
    }
  }

  void look_at_stream(const ScheduledFold& f, Index t, Index cell, PeTrace& pe, Snapshot& snapshot) const;
  void look_at_chains(const ScheduledFold& f, Index cycle, Index h, Index w, PeTrace& pe,
                      const TraceNumber& number) const;
  void look_left(const ScheduledFold& f, Index cycle, Index h, PortTrace& port, const TraceHeader& header) const;
  void look_top(const ScheduledFold& f, Index cycle, Index w, PortTrace* ports, const TraceHeader& header) const;
  void look_at_sums(const ScheduledFold& f, Index cycle, Index w, PortTrace& preload, PortTrace& store,
                    const TraceNumber& number) const;

  const Problem<T>& problem_;
  Unit unit_;
  const Plan& plan_;
  Index height_, width_, lanes_;
  FoldQueue queue_;
  bool preload_;
  Counts counts_;
  Index folds_computed_ = 0;
  // The registers of the PEs, row by row.
  std::vector<T> a_, b_, acc_, chain_, drain_;
  std::vector<std::uint8_t> flags_, lane_, b_there_;
  // The edges and the units' places.
  std::vector<T> b_feed_;
  std::vector<std::uint8_t> b_feed_there_;
  std::vector<Cursor> left_, top_, chain_cursor_, drain_cursor_;
};

}  // namespace septet::emulation
