// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The controller's part: when does each fold of the Plan do its first MAC?
#pragma once

#include "septet/emulation/report.hpp"
#include "src/plan.hpp"

#include <functional>
#include <vector>

namespace septet::emulation {

/// A fold and the cycle of its first MAC.
struct ScheduledFold {
  detail::Fold fold;
  Index number = 0;
  Index start = 0;
  Index stall = 0;  ///< cycles by which the bandwidth limit alone has put off its start
  /// Of each step: does a partial sum (or preload) enter at the top? Empty: the same for all, `enters`.
  std::vector<char> step_enters;
  bool enters = false;

  Index end() const { return start + fold.steps; }
  bool step_has_sum(Index t) const { return step_enters.empty() ? enters : step_enters[t] != 0; }
};

/// Bytes that a fold moves, for the bandwidth limit.
using FoldBytes = std::function<Index(const ScheduledFold&)>;

/// Issues the folds in order, each as soon as the units it needs are free (docs/dataflows.md, section 7):
///   serial, scalesim   when the fold before is through
///   overlapped         the left edge is free after T cycles, the preload chain after P, the drain chain D cycles after
///                      its last capture, and a partial sum H cycles after its step entered
class Schedule {
 public:
  Schedule(const detail::Plan& plan, const ArrayOptions& options, bool preload, FoldBytes bytes);

  /// The next fold with its start; false after the last.
  bool next(ScheduledFold& fold);

  /// Length of the preload phase (P) and of the drain phase (D) of every fold.
  Index preload_cycles() const { return preload_cycles_; }
  Index drain_cycles() const { return drain_cycles_; }

  // After the last fold:
  Index end() const;                                      ///< cycles, the bandwidth's share included
  Index stalled_from() const;                             ///< end() without the last fold's share of that
  Index last_event() const;                               ///< after it no register moves; scalesim: not counted
  Index end_without_limit() const;                        ///< cycles if bandwidth were no limit
  Index stream_cycles() const { return stream_cycles_; }  ///< sum over folds of T + H + W - 2

 private:
  Index length(const ScheduledFold& fold) const;
  Index overlapped_gap(const ScheduledFold& before, const ScheduledFold& fold) const;
  Index partial_sum_gap(const ScheduledFold& before, const ScheduledFold& fold) const;
  void mark_entering(ScheduledFold& fold);

  const detail::Plan& plan_;
  ArrayOptions options_;
  bool preload_;
  FoldBytes bytes_;
  detail::FoldSequence folds_;
  Index preload_cycles_, drain_cycles_;
  ScheduledFold last_;
  Index ideal_start_ = 0;  // of last_, without the bandwidth limit
  Index hold_ = 0;         // cycles that last_ holds the array at least
  Index count_ = 0;
  Index stream_cycles_ = 0;
  std::vector<Index> written_;  // sIS: by row, 1 + the n-tile in which a fold last wrote it
};

}  // namespace septet::emulation
