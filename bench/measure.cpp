// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/measure.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

namespace septet::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSeveral = 2;  // threads, whose waiting is counted together

double seconds_of(const Candidate& candidate, long calls) {
  const auto begin = Clock::now();
  for (long i = 0; i < calls; ++i) candidate.run();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// How long a thread was ready to run and did not, as the kernel counts it.
class WaitingTime {
 public:
  explicit WaitingTime(const std::string& task) : file_(::open((task + "/schedstat").c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~WaitingTime() {
    if (file_ >= 0) ::close(file_);
  }
  WaitingTime(const WaitingTime&) = delete;
  WaitingTime& operator=(const WaitingTime&) = delete;

  /// Since the thread began; 0 where the kernel does not count.
  double seconds() const {
    char text[96] = {};
    if (file_ < 0 || ::pread(file_, text, sizeof text - 1, 0) <= 0) return 0;
    char* second = nullptr;
    std::strtod(text, &second);  // the first number is the time it ran
    return std::strtod(second, nullptr) * 1e-9;
  }

 private:
  int file_;
};

}  // namespace

double waited_s(int threads) {
  static const WaitingTime own("/proc/thread-self");
  if (threads == 1) return own.seconds();
  double sum = 0;
  std::error_code gone;  // a thread may end while we look
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    sum += WaitingTime(task.path()).seconds();
  }
  return sum;
}

namespace {

struct Burst {
  double seconds = 0, waited = 0;
};

// Waiting is read inside the time: what comes in between makes a burst too long, never too short.
Burst burst_of_one_thread(const Candidate& candidate, long calls) {
  const auto begin = Clock::now();
  const double before = waited_s(1);
  for (long i = 0; i < calls; ++i) candidate.run();
  const double waited = waited_s(1) - before;
  return {std::chrono::duration<double>(Clock::now() - begin).count() - waited, waited};
}

Burst burst_of_many_threads(const Candidate& candidate, long calls) {
  constexpr int kAttempts = 4;
  constexpr double kBearable = 0.01;
  Burst best;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double before = waited_s(kSeveral);
    const double seconds = seconds_of(candidate, calls);
    const double waited = waited_s(kSeveral) - before;
    if (attempt == 0 || waited < best.waited) best = {seconds, waited};
    if (best.waited <= kBearable * best.seconds) break;
  }
  return best;
}

// The kernel's counters are read outside the time here: beside a single call of some microseconds they are no trifle.
Burst burst_of_one_call(const Candidate& candidate, const std::function<void()>& sweep) {
  constexpr int kAttempts = 4;
  Burst best;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    sweep();
    const double before = waited_s(kSeveral);
    const double seconds = seconds_of(candidate, 1);
    const double waited = waited_s(kSeveral) - before;
    if (attempt == 0 || waited < best.waited) best = {seconds, waited};
    if (best.waited <= 0.01 * best.seconds) break;
  }
  return best;
}

Burst burst_of(const Candidate& candidate, long calls, int threads) {
  return threads == 1 ? burst_of_one_thread(candidate, calls) : burst_of_many_threads(candidate, calls);
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
  seconds_of(candidate, 1);
  double call_s = seconds_of(candidate, 1);
  for (long calls = 10; call_s * static_cast<double>(calls) < kClockable * 10 && calls <= 1000; calls *= 10) {
    call_s = std::min(call_s, seconds_of(candidate, calls) / static_cast<double>(calls));
  }
  return std::clamp(static_cast<long>(burst_s / call_s), 1L, kMost);
}

}  // namespace

Measured measure(const std::vector<Candidate>& candidates, const MeasureOptions& options) {
  constexpr double kLong = 60e-3;  // calls this long are averages in themselves: five rounds will do
  constexpr int kRoundsOfLong = 5;
  constexpr long kWarmUps = 3, kLeastWarmUps = 2;
  Pauses pauses(options.threads);
  std::vector<long> calls;
  for (const Candidate& candidate : candidates) {
    pauses.before(candidate.runtime);
    calls.push_back(options.sweep ? 1 : calls_per_burst(candidate, options.burst_s));
  }
  Measured measured;
  measured.rounds.resize(candidates.size());
  double slowest = 0, seconds = 0, waited = 0;
  for (int round = 0; round < (slowest > kLong ? std::min(options.rounds, kRoundsOfLong) : options.rounds); ++round) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      pauses.before(candidates[i].runtime);
      // Also where a burst is a single call: the others have had the caches meanwhile.
      if (!options.sweep)
        seconds_of(candidates[i], slowest > kLong ? 1 : std::clamp(calls[i] / 2, kLeastWarmUps, kWarmUps));
      const Burst burst = options.sweep ? burst_of_one_call(candidates[i], options.sweep)
                                        : burst_of(candidates[i], calls[i], options.threads);
      measured.rounds[i].push_back(burst.seconds / static_cast<double>(calls[i]));
      slowest = std::max(slowest, measured.rounds[i].back());
      seconds += burst.seconds;
      waited += burst.waited;
    }
  }
  measured.waited = waited / (seconds + waited);
  return measured;
}

double glance(const Candidate& candidate, int threads) {
  constexpr int kCalls = 5;
  constexpr double kEnough = 50e-3;
  double least = 0, spent = 0;
  for (int i = 0; i < kCalls && spent < kEnough; ++i) {
    const double seconds = burst_of(candidate, 1, threads).seconds;
    least = i == 0 ? seconds : std::min(least, seconds);
    spent += seconds;
  }
  return least;
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
