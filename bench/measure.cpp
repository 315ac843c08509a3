// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace septet::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const Candidate& candidate, long calls) {
  const auto begin = Clock::now();
  for (long i = 0; i < calls; ++i) candidate.run();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Lets the idle workers of the runtime that ran last go to sleep. OpenMP's spin for about a millisecond, OpenBLAS's own
// for 2^26 cycles.
class Pauses {
 public:
  explicit Pauses(int threads) : threads_(threads) {}
  void before(Runtime next) {
    if (threads_ > 1 && last_ != next && last_ != Runtime::none) {
      std::this_thread::sleep_for(std::chrono::milliseconds(last_ == Runtime::own ? 40 : 10));
    }
    last_ = next;
  }

 private:
  int threads_;
  Runtime last_ = Runtime::none;
};

// How many calls fill a burst. The first call may have woken threads or touched new memory.
long calls_per_burst(const Candidate& candidate, double burst_s) {
  constexpr double kClockable = 1e-4;
  constexpr long kMost = 1000000;
  double call_s = seconds_of(candidate, 1);
  for (long calls = 10; call_s * static_cast<double>(calls) < kClockable * 10 && calls <= 1000; calls *= 10) {
    call_s = std::min(call_s, seconds_of(candidate, calls) / static_cast<double>(calls));
  }
  return std::clamp(static_cast<long>(burst_s / call_s), 1L, kMost);
}

}  // namespace

std::vector<Rounds> measure(const std::vector<Candidate>& candidates, const MeasureOptions& options) {
  constexpr double kLong = 60e-3;  // a call this long is an average in itself: five rounds will do
  Pauses pauses(options.threads);
  std::vector<long> calls;
  for (const Candidate& candidate : candidates) {
    pauses.before(candidate.runtime);
    calls.push_back(calls_per_burst(candidate, options.burst_s));
  }
  std::vector<Rounds> rounds(candidates.size());
  for (int round = 0; round < options.rounds; ++round) {
    bool all_long = round >= 5;
    for (std::size_t i = 0; all_long && i < candidates.size(); ++i) all_long = calls[i] > 1 || rounds[i][0] > kLong;
    if (all_long) break;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      pauses.before(candidates[i].runtime);
      if (calls[i] > 1) candidates[i].run();
      rounds[i].push_back(seconds_of(candidates[i], calls[i]) / static_cast<double>(calls[i]));
    }
  }
  return rounds;
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - std::floor(place)) * (values[above] - values[below]);
  };
  return {at(0.5), at(0.25), at(0.75)};
}

Spread ratio_of(const Rounds& theirs, const Rounds& ours) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(theirs.size(), ours.size()); ++i) ratios.push_back(theirs[i] / ours[i]);
  return spread_of(ratios);
}

}  // namespace septet::bench
