// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the arrays fill in when somebody looks at a cycle (include/septet/emulation/trace.hpp). Registers come from the
// array; whether something is in them, and of which fold, follows from the folds' starts and the skew
// (docs/dataflows.md, sections 2 and 7), so that nothing has to be kept for those who look.
#pragma once

#include "problem.hpp"
#include "schedule.hpp"
#include "septet/emulation/trace.hpp"

#include <cstring>

namespace septet::emulation {

/// A value of the array's number type in a register's own bits; the register can hold it.
template <class T>
std::uint64_t trace_bits(T value, const TraceNumber& number) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint32_t>(value) & ((std::uint64_t{1} << number.bits) - 1);
  } else if constexpr (std::is_same_v<T, float>) {
    if (number.type == Type::bf16) return bf16(value).bits;
    if (number.type == Type::f16) return f16(value).bits;
    return detail::bits_of_float(value);
  } else {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
}

/// One cycle of the window, made anew by clear() in the same memory.
class Snapshot {
 public:
  explicit Snapshot(const TraceHeader& header)
      : header_(header), rows_(header.window.rows), cols_(header.window.cols) {}

  void clear(Index cycle) {
    trace_.cycle = cycle, trace_.stall = false;
    trace_.pes.assign(rows_.size() * cols_.size(), {});
    if (header_.lanes > 1) trace_.lanes.assign(trace_.pes.size() * header_.lanes, {});
    trace_.left.assign(rows_.size(), {});
    trace_.top.assign(cols_.size() * header_.lanes, {});
    trace_.preload.assign(cols_.size(), {});
    trace_.store.assign(cols_.size(), {});
    trace_.folds.clear();
  }

  /// A fold that the array knows of; false: it has nothing to do yet.
  bool add(const ScheduledFold& f) {
    const Index preload = header_.chain ? header_.array.height : 0;
    const Index limited = f.start - (header_.timing == Timing::overlapped ? 0 : preload);
    trace_.stall |= limited - f.stall <= trace_.cycle && trace_.cycle < limited;
    if (trace_.cycle < f.start - preload) return false;
    const detail::Fold& fold = f.fold;
    trace_.folds.push_back({f.number, f.start, fold.steps, fold.tile, fold.m0, fold.m_count, fold.n0, fold.n_count,
                            fold.k0, fold.k_count});
    return true;
  }
  void stall() { trace_.stall = true; }

  /// Calls f(h, w, pe), f(h, port), … for all that is in the window.
  template <class F>
  void for_pes(F&& f) {
    PeTrace* pe = trace_.pes.data();
    for (Index h = rows_.begin; h < rows_.end; ++h) {
      for (Index w = cols_.begin; w < cols_.end; ++w) f(h, w, *pe++);
    }
  }
  template <class F>
  void for_rows(F&& f) {
    for (Index h = rows_.begin; h < rows_.end; ++h) f(h, trace_.left[h - rows_.begin]);
  }
  template <class F>
  void for_cols(F&& f) {
    for (Index w = cols_.begin; w < cols_.end; ++w) {
      const Index i = w - cols_.begin;
      f(w, &trace_.top[i * header_.lanes], trace_.preload[i], trace_.store[i]);
    }
  }
  /// The b registers of a PE of for_pes(); null where it has one.
  TraceValue* lanes(const PeTrace& pe) {
    return trace_.lanes.empty() ? nullptr : &trace_.lanes[(&pe - trace_.pes.data()) * header_.lanes];
  }

  const TraceHeader& header() const { return header_; }
  const CycleTrace& trace() const { return trace_; }

  template <class T>
  static TraceValue value(T value, const TraceNumber& number, bool valid = true) {
    return valid ? TraceValue{trace_bits(value, number), true} : TraceValue{};
  }

 private:
  TraceHeader header_;
  TraceRange rows_, cols_;
  CycleTrace trace_;
};

/// What a PE did in its turn with this weight, which belongs to `place`.
template <class T>
PeAction turn_of(const Problem<T>& problem, T weight, const TracePlace& place) {
  if (problem.gates_zeros && weight == T{0}) return PeAction::gated;
  return is_injected(problem, place.m, place.k) ? PeAction::injected : PeAction::mac;
}

/// In the preload chain: which row's value PE row h holds at the end of `cycle`, in column w, of a fold; -1: none. Row
/// h shifts in [start - H + w + h, start + w - 1] and keeps what is its own until it is used in start + w + h.
inline Index row_in_chain(const ScheduledFold& f, Index height, Index cycle, Index h, Index w) {
  const Index shift = cycle - (f.start - height + w);
  if (shift < h || shift >= h + height) return -1;
  return shift < height ? height - 1 - (shift - h) : h;
}

/// The same in the drain chain: row h captures its sum at the end of end - 1 + w + h, and loads from above, h times, in
/// [end + H - 1 + w, end + H - 2 + w + h]; what it had then is taken below.
inline Index row_in_drain(const ScheduledFold& f, Index height, Index cycle, Index h, Index w) {
  const Index since_capture = cycle - (f.end() - 1 + w + h);
  if (since_capture < 0 || since_capture >= height) return -1;
  const Index shift = cycle - (f.end() + height - 1 + w);
  return shift < 0 ? h : h - 1 - shift;
}

}  // namespace septet::emulation
