// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The array's registers in vectors, fold by fold. In every cycle a PE belongs to one fold, so folds can be stepped one
// after the other whatever their timing is; and a row of PEs may be stepped some cycles behind the row above, so row h
// runs h cycles behind (kernels/array.hpp). Shift registers are buffers whose windows move:
//
//   to the right   a line of each row: the elements that pass, newest first
//   downwards      what enters at the top of column w in cycle start + i (its step is i - w) stays in row i
//   in and out     preload and drain chains deliver to, and take from, the PEs' registers: their shifts move nothing
//
// Where sums stay, PEs that have no operands in a cycle multiply -0 by +0, which leaves every sum as it is, -0
// included. Where sums pass, what such PEs make is never stored.
#pragma once

#include "kernels/array.hpp"
#include "mac.hpp"
#include "problem.hpp"
#include "src/aligned_buffer.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::emulation {

template <class Unit>
class RegisterArray {
  using T = typename Unit::Value;

 public:
  RegisterArray(const Problem<T>& problem, const Unit& unit, const kernels::ArrayKernels& kernels,
                const kernels::Narrow& narrow)
      : problem_(problem),
        unit_(unit),
        plan_(problem.plan),
        kernels_(kernels),
        narrow_(narrow),
        width_(padded(std::min(plan_.array.width, widest_row()))),
        rows_(std::min(plan_.array.height, tallest_column())),
        lanes_(plan_.dataflow == Dataflow::csOS ? plan_.live->longest_step() : 0),
        chunk_(chunk_of(width_, lanes_)),
        piece_(keeps_lines() ? std::max(chunk_, std::min(kLineElements / rows_, plan_.longest_stream() + width_))
                             : chunk_),
        line_(piece_ + width_),
        lines_(rows_ * line_),
        lane_lines_(lanes_ > 0 ? rows_ * line_ : 0),
        stays_(rows_ * width_),
        passing_(chunk_ * width_ * std::max<Index>(lanes_, 1)) {}

  /// Runs one fold: from the sums that enter it to those that leave it.
  void run(const Fold& fold, const Sums<T>& sums) {
    is_output_stationary(plan_.dataflow) ? run_outputs(fold, sums) : run_passing(fold, sums);
  }

 private:
  // Steps that are computed together: their values stay in the first-level cache.
  static constexpr Index kChunkElements = 8192, kShortestChunk = 64, kLongestChunk = 256;
  // Four lanes fit as well; more of them shorten a chunk.
  static Index chunk_of(Index width, Index lanes) {
    const Index chunk = std::clamp<Index>(kChunkElements / width, kShortestChunk, kLongestChunk);
    return lanes <= 4 ? chunk : std::max<Index>(chunk * 4 / lanes, kShortestChunk / 4);
  }
  // Of all rows' lines, where a tile's are kept for all the folds that stream it.
  static constexpr Index kLineElements = Index{1} << 20;

  Index widest_row() const { return std::max<Index>(plan_.is_ws() ? plan_.m : plan_.n, 1); }
  Index tallest_column() const { return std::max<Index>(keeps_lines() ? plan_.m : plan_.k, 1); }
  bool keeps_lines() const { return is_output_stationary(plan_.dataflow); }

  // Steps [begin, begin + count) of a fold, counted as they reach column 0 (a column further, the same element comes a
  // step later). `columns`: of PEs in use.
  struct Chunk {
    Index begin, count;
    Index columns;
    Index fold_steps;
    // The elements that are in some column at some step of the chunk.
    Index first_element() const { return std::max<Index>(begin - (columns - 1), 0); }
    Index end_element() const { return std::min(begin + count, fold_steps); }
    // The steps of the chunk in which column w is at an element.
    Index first_step(Index w) const { return std::max(begin, w) - begin; }
    Index end_step(Index w) const { return std::min(begin + count, fold_steps + w) - begin; }
    // How far into a line with the windows of `piece` those of this chunk begin.
    Index offset_in(const Chunk& piece) const { return piece.begin + piece.count - begin - count; }
  };
  template <class F>
  static void cut(const Chunk& whole, Index count, F&& f) {
    for (Index begin = whole.begin; begin < whole.begin + whole.count; begin += count) {
      f(Chunk{begin, std::min(count, whole.begin + whole.count - begin), whole.columns, whole.fold_steps});
    }
  }
  static Chunk whole(const Fold& fold, Index columns) { return {0, fold.steps + columns - 1, columns, fold.steps}; }

  // ---- outputs stay: dOS, sOS, csOS

  void run_outputs(const Fold& fold, const Sums<T>& sums) {
    const Index columns = fold.n_count;
    for (Index h = 0; h < fold.m_count; ++h) {
      std::copy_n(&sums(fold.m0 + h, fold.n0), columns, stays_.at(h * width_));
    }
    cut(whole(fold, width_), piece_, [&](const Chunk& piece) {
      if (loaded_tile_ != fold.tile || loaded_begin_ != piece.begin) {
        lanes_ > 0 ? stream_combined(fold, piece) : stream_columns(fold, piece);
        loaded_tile_ = fold.tile, loaded_begin_ = piece.begin;
      }
      Chunk needed = piece;
      needed.columns = columns;
      needed.count = std::min(piece.count, fold.steps + columns - 1 - piece.begin);
      cut(needed, chunk_, [&](const Chunk& chunk) {
        lanes_ > 0 ? enter_combined(fold, chunk) : enter_inputs(fold, chunk);
        step_outputs(fold, piece, chunk);
      });
    });
    for (Index h = 0; h < fold.m_count; ++h) {
      std::copy_n(stays_.at(h * width_), columns, &sums(fold.m0 + h, fold.n0));
    }
  }

  void step_outputs(const Fold& fold, const Chunk& piece, const Chunk& chunk) {
    kernels::OutputsCall call;
    call.rows = fold.m_count, call.width = padded(chunk.columns), call.steps = chunk.count;
    call.a = lines_.at(chunk.offset_in(piece)), call.a_stride = line_;
    call.b = passing_.at(0), call.b_stride = width_;
    call.acc = stays_.at(0), call.acc_stride = width_;
    call.gated = problem_.gates_zeros;
    call.lanes = static_cast<int>(lanes_in_use_), call.b_lane_stride = chunk_ * width_;
    if (lanes_ > 0) call.lane = lane_lines_.at(chunk.offset_in(piece));
    call.narrow = &narrow_;
    kernels_.outputs(call);
  }

  // The m-tile's column that is streamed in step t.
  Index streamed_column(const Fold& fold, Index t) const { return plan_.live ? plan_.columns(fold.tile)[t] : t; }

  void stream_columns(const Fold& fold, const Chunk& piece) {
    clear_lines(lines_, fold.m_count, piece, nothing());
    problem_.a.visit([&](const auto& a) {
      for (Index h = 0; h < fold.m_count; ++h) {
        T* line = line_of(lines_, h, piece);
        for (Index t = piece.first_element(); t < piece.end_element(); ++t) {
          line[-t] = weight(a, fold.m0 + h, streamed_column(fold, t));
        }
      }
    });
  }

  void enter_inputs(const Fold& fold, const Chunk& chunk) {
    clear_passing(chunk, 1);
    problem_.b.visit([&](const auto& b) {
      for (Index t = chunk.first_element(); t < chunk.end_element(); ++t) {
        const Index k = streamed_column(fold, t);
        enter_skewed(chunk, t, passing_.at(0), [&](Index w) { return b(k, fold.n0 + w); });
      }
    });
  }

  // csOS: f(lane, k) for the columns of step t.
  template <class F>
  void for_each_lane(const Fold& fold, Index t, F&& f) const {
    const detail::LiveLists& live = *plan_.live;
    const Index step = live.tile_ptr[fold.tile] + t, begin = live.step_ptr[step];
    for (Index p = begin; p < live.step_ptr[step + 1]; ++p) f(p - begin, live.index[p]);
  }

  // Each weight goes with the number of its lane.
  void stream_combined(const Fold& fold, const Chunk& piece) {
    clear_lines(lines_, fold.m_count, piece, nothing());
    clear_lines(lane_lines_, fold.m_count, piece, T{-1});
    problem_.a.visit([&](const auto& a) {
      for (Index h = 0; h < fold.m_count; ++h) {
        T *line = line_of(lines_, h, piece), *lane_line = line_of(lane_lines_, h, piece);
        for (Index t = piece.first_element(); t < piece.end_element(); ++t) {
          for_each_lane(fold, t, [&](Index lane, Index k) {
            if (a.is_zero(fold.m0 + h, k)) return;
            line[-t] = a(fold.m0 + h, k), lane_line[-t] = static_cast<T>(lane);
          });
        }
      }
    });
  }

  // A step's columns of B enter side by side.
  void enter_combined(const Fold& fold, const Chunk& chunk) {
    lanes_in_use_ = 0;
    clear_passing(chunk, lanes_);
    problem_.b.visit([&](const auto& b) {
      for (Index t = chunk.first_element(); t < chunk.end_element(); ++t) {
        for_each_lane(fold, t, [&](Index lane, Index k) {
          lanes_in_use_ = std::max(lanes_in_use_, lane + 1);
          enter_skewed(chunk, t, passing_.at(lane * chunk_ * width_), [&](Index w) { return b(k, fold.n0 + w); });
        });
      }
    });
  }

  // ---- sums pass: dWS, sWS, dIS, sIS

  void run_passing(const Fold& fold, const Sums<T>& sums) {
    const bool ws = plan_.is_ws();
    const Index columns = ws ? fold.m_count : fold.n_count;
    ws ? keep_weights(fold) : keep_inputs(fold);
    cut(whole(fold, columns), chunk_, [&](const Chunk& chunk) {
      ws ? stream_inputs(fold, chunk) : stream_weights(fold, chunk);
      enter_sums(fold, chunk, sums);
      kernels::PassingCall call;
      call.rows = fold.k_count, call.width = padded(columns), call.steps = chunk.count;
      call.streamed = lines_.at(0), call.streamed_stride = line_;
      call.kept = stays_.at(0), call.kept_stride = width_;
      call.sums = passing_.at(0), call.sums_stride = width_;
      if (problem_.gates_zeros) call.gate = ws ? kernels::Gate::kept : kernels::Gate::streamed;
      call.narrow = &narrow_;
      kernels_.passing(call);
      leave_sums(fold, chunk, sums);
    });
  }

  Index column_of(const Fold& fold, Index h) const {
    return plan_.live ? plan_.columns(fold.tile)[fold.k0 + h] : fold.k0 + h;
  }
  Index row_of(const Fold& fold, Index t) const { return plan_.live ? plan_.rows(fold.tile)[t] : t; }

  void keep_weights(const Fold& fold) {
    problem_.a.visit([&](const auto& a) {
      for (Index h = 0; h < fold.k_count; ++h) {
        for (Index w = 0; w < fold.m_count; ++w) {
          *stays_.at(h * width_ + w) = weight(a, fold.m0 + w, column_of(fold, h));
        }
      }
    });
  }
  void keep_inputs(const Fold& fold) {
    problem_.b.visit([&](const auto& b) {
      for (Index h = 0; h < fold.k_count; ++h) {
        for (Index w = 0; w < fold.n_count; ++w) *stays_.at(h * width_ + w) = b(fold.k0 + h, fold.n0 + w);
      }
    });
  }
  void stream_inputs(const Fold& fold, const Chunk& chunk) {
    clear_lines(lines_, fold.k_count, chunk, T{0});
    problem_.b.visit([&](const auto& b) {
      for (Index h = 0; h < fold.k_count; ++h) {
        T* line = line_of(lines_, h, chunk);
        const Index k = column_of(fold, h);
        for (Index t = chunk.first_element(); t < chunk.end_element(); ++t) line[-t] = b(k, t);
      }
    });
  }
  void stream_weights(const Fold& fold, const Chunk& chunk) {
    clear_lines(lines_, fold.k_count, chunk, T{0});
    problem_.a.visit([&](const auto& a) {
      for (Index t = chunk.first_element(); t < chunk.end_element(); ++t) {
        const Index m = row_of(fold, t);
        T* place = line_of(lines_, 0, chunk) - t;
        for (Index h = 0; h < fold.k_count; ++h) place[h * line_] = weight(a, m, fold.k0 + h);
      }
    });
  }

  // The sum of column w in step i - w; under fold-then-add nothing enters, and what leaves is added.
  template <class F>
  void for_each_sum(const Fold& fold, const Chunk& chunk, const Sums<T>& sums, F&& f) {
    for (Index w = 0; w < chunk.columns; ++w) {
      T* passing = passing_.at(w);
      const Index begin = chunk.first_step(w), end = chunk.end_step(w), t0 = chunk.begin - w;
      if (plan_.is_ws()) {
        T* row = &sums(fold.m0 + w, 0);
        for (Index i = begin; i < end; ++i) f(passing[i * width_], row[t0 + i]);
      } else {
        for (Index i = begin; i < end; ++i) f(passing[i * width_], sums(row_of(fold, t0 + i), fold.n0 + w));
      }
    }
  }
  void enter_sums(const Fold& fold, const Chunk& chunk, const Sums<T>& sums) {
    clear_passing(chunk, 1);
    if (plan_.cut() != 0) return;
    for_each_sum(fold, chunk, sums, [](T& passing, const T& sum) { passing = sum; });
  }
  void leave_sums(const Fold& fold, const Chunk& chunk, const Sums<T>& sums) {
    if (plan_.cut() == 0) {
      for_each_sum(fold, chunk, sums, [](const T& passing, T& sum) { sum = passing; });
    } else {
      for_each_sum(fold, chunk, sums, [&](const T& passing, T& sum) { sum = unit_.add(sum, passing); });
    }
  }

  // ---- buffers

  class Buffer {
   public:
    explicit Buffer(Index elements) : bytes_(elements * sizeof(T)) {
      std::fill_n(reinterpret_cast<T*>(bytes_.data()), elements, T{0});
    }
    T* at(Index element) const { return reinterpret_cast<T*>(bytes_.data()) + element; }

   private:
    detail::AlignedBuffer bytes_;
  };

  static Index padded(Index columns) { return detail::ceil_div(columns, kernels::kArrayPad) * kernels::kArrayPad; }
  // The streamed operand of a PE that has none.
  static T nothing() { return std::is_floating_point_v<T> ? -T{0} : T{0}; }
  // A weight as the decompression unit hands it on: a zero of a sparse format is +0. (Integers have no other.)
  template <class Elements>
  T weight(const Elements& a, Index m, Index k) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (plan_.live && a.is_zero(m, k)) return T{0};
    }
    return a(m, k);
  }

  // Where element 0 of row h's line would be: element t is t places before it.
  T* line_of(const Buffer& lines, Index h, const Chunk& chunk) const {
    return lines.at(h * line_) + chunk.begin + chunk.count - 1;
  }
  void clear_lines(const Buffer& lines, Index rows, const Chunk& chunk, T value) const {
    for (Index h = 0; h < rows; ++h) std::fill_n(lines.at(h * line_), chunk.count + width_, value);
  }
  void clear_passing(const Chunk& chunk, Index lanes) const {
    for (Index l = 0; l < lanes; ++l) std::fill_n(passing_.at(l * chunk_ * width_), chunk.count * width_, T{0});
  }
  // Element t of every column, each a step later than its left neighbour.
  template <class Value>
  void enter_skewed(const Chunk& chunk, Index t, T* to, Value&& value) const {
    const Index begin = std::max<Index>(chunk.begin - t, 0);
    const Index end = std::min(chunk.columns, chunk.begin + chunk.count - t);
    for (Index w = begin; w < end; ++w) to[(t + w - chunk.begin) * width_ + w] = value(w);
  }

  const Problem<T>& problem_;
  Unit unit_;
  const Plan& plan_;
  const kernels::ArrayKernels& kernels_;
  const kernels::Narrow narrow_;
  Index width_, rows_;   // of the PEs that are ever in use; the width is padded
  Index lanes_;          // csOS: columns of the longest step; 0: no lanes
  Index chunk_, piece_;  // steps that are computed together; that a line holds
  Index line_;           // elements of a row's line
  Buffer lines_, lane_lines_;
  Index lanes_in_use_ = 0;                     // csOS: columns of the longest step of a chunk
  Index loaded_tile_ = -1, loaded_begin_ = 0;  // OS: what the lines hold
  Buffer stays_;                               // the sums (OS) or the operand (WS, IS) that stay in the PEs
  Buffer passing_;                             // what enters at the top: B (OS), or the sums
};

}  // namespace septet::emulation
