// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Interleaved timing: the candidates take turns, burst by burst, so that a slow minute of the machine slows them all.
#pragma once

#include "bench/candidate.hpp"

#include <functional>
#include <vector>

namespace septet::bench {

struct MeasureOptions {
  int rounds = 7;
  double burst_s = 6e-3;
  int threads = 1;  ///< more than one: a pause between candidates of different thread runtimes
  /// Cold operands: if set, it sweeps the caches before every timed call, and a burst is one call.
  std::function<void()> sweep;
};

/// Seconds per call in each round; the same round of two candidates is the same minute of the machine.
using Rounds = std::vector<double>;

struct Measured {
  std::vector<Rounds> rounds;  ///< one per candidate
  double waited = 0;           ///< share of the time in which a thread of ours waited for a core that others had
};

/// A burst comes after up to three untimed calls. Operands that fit into a cache are then warm, unless they need more
/// calls than that to settle there, as do those of some tens of megabytes in a third cache shared with others.
///
/// Where other programs take the cores, the kernel says how long a thread was ready but did not run. With one thread
/// that time is taken off the burst; with more, such a burst is repeated, and the least disturbed one counts.
Measured measure(const std::vector<Candidate>& candidates, const MeasureOptions& options);

/// Seconds per call of a candidate that has been called before, at a glance: the least of a few calls.
double glance(const Candidate& candidate, int threads);

/// For how long this thread, if `threads` is 1, else all there are, have been ready to run and did not; 0 where the
/// kernel does not count. Read it within what is timed: else what comes in between is taken off a time that it is not
/// part of.
double waited_s(int threads);

struct Spread {
  double median = 0, lower_quartile = 0, upper_quartile = 0;
};
Spread spread_of(std::vector<double> values);

/// Round by round, how many times `ours` goes into `theirs`: above 1, ours took less time.
Spread ratio_of(const Rounds& theirs, const Rounds& ours);

}  // namespace septet::bench
