// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Between the arrays and a TraceSink: knows the window, looks at an array after a step, fills in cycles without one.
#pragma once

#include "problem.hpp"
#include "septet/status.hpp"
#include "snapshot.hpp"

#include <optional>

namespace septet::emulation {

/// What can be said about a window before the run is planned.
Status validate_trace(const Trace& trace, const ArrayShape& array);

class Observer {
 public:
  /// Never looks.
  Observer() = default;
  /// Begins the trace of a run; walks a copy of its schedule to the end to learn how long it is. Throws Error where the
  /// window of cycles is not within the run.
  Observer(const Trace& trace, const Plan& plan, const GemmOptions& resolved, const ArrayOptions& array_options,
           Type a_type, Type b_type, Schedule schedule);

  /// Cycles of the run that somebody wants to see.
  const TraceRange& window() const { return window_; }
  bool watches(Index cycle) const { return window_.begin <= cycle && cycle < window_.end; }
  /// `array` has just stepped `cycle`. Cycles ascend; what was skipped is told to be idle.
  template <class Array>
  void look(const Array& array, Index cycle) {
    idle_until(cycle);
    snapshot_->clear(cycle);
    array.look(cycle, *snapshot_);
    tell();
  }
  /// The run is over.
  void end();

 private:
  void idle_until(Index cycle);
  void tell();

  TraceSink* sink_ = nullptr;
  TraceRange window_;
  Index next_ = 0;      // cycle to tell
  TraceRange stalled_;  // the bandwidth limit's share of the last fold
  std::optional<Snapshot> snapshot_;
};

}  // namespace septet::emulation
