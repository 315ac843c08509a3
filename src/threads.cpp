// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/threads.hpp"
#include "threads.hpp"

#include "cache_sizes.hpp"
#include "cpu_limit.hpp"
#include "environment.hpp"
#include "fp_environment.hpp"
#include "validate.hpp"
#include "workspace.hpp"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace septet {
namespace detail {
namespace {

// What set_threads() said; 0: nothing.
std::atomic<int> chosen{0};
// Threads beyond their callers' own that compute now.
std::atomic<int> extra{0};
// This process is the child of one that may have had a team.
std::atomic<bool> forked{false};

// Before any omp_set_num_threads().
const int openmp_at_load = omp_get_max_threads();

// 1 to kMaxThreads; 0: no such number.
int whole_number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  return *end == '\0' && value >= 1 && value <= kMaxThreads ? static_cast<int>(value) : 0;
}

bool is_set(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0';
}

// What the environment says, and the machine. Read once, and at every reset_threads().
class Surroundings {
 public:
  Surroundings() { look(); }
  void look() {
    const bool asks = is_set("SEPTET_NUM_THREADS");
    const int wanted = asks ? whole_number(std::getenv("SEPTET_NUM_THREADS")) : 0;
    wanted_ = wanted;
    refused_ = asks && wanted == 0;
    openmp_wanted_ = is_set("OMP_NUM_THREADS");
    limit_ = cpu_limit();
  }
  bool refused() const { return refused_; }
  ThreadChoice threads() const {
    if (wanted_ > 0) return {wanted_, "SEPTET_NUM_THREADS"};
    const int openmp = std::min(omp_get_max_threads(), kMaxThreads);
    // Who called omp_set_num_threads() meant it. (0: not loaded yet, asked by a constructor of another library.)
    const bool meant = openmp_wanted_ || (openmp_at_load != 0 && openmp != std::min(openmp_at_load, kMaxThreads));
    if (meant) return {openmp, "OMP_NUM_THREADS or omp_set_num_threads()"};
    return {std::min(openmp, limit_.load()), "the CPUs that affinity and quota allow"};
  }

 private:
  std::atomic<int> wanted_{0}, limit_{0};
  std::atomic<bool> refused_{false}, openmp_wanted_{false};
};

Surroundings& surroundings() {
  static Surroundings instance;
  return instance;
}

// A runtime's team belongs to the process that started it. Registered when the library is loaded, since a parallel
// region of the caller's own is enough to break the runtime of a child.
const int fork_handlers = pthread_atfork(
    [] {  // what another thread is about to initialise would never be finished in the child
      (void)environment_ok();
      cache_sizes();
    },
    nullptr,
    [] {
      forked = true;
      chosen = 0;
      extra = 0;
    });

// Threads beyond the caller's own, for as long as it lives: as many as others leave.
class ExtraThreads {
 public:
  ExtraThreads(int wanted, int most) {
    int taken = extra.load(std::memory_order_relaxed);
    do {
      count_ = std::clamp(most - taken, 0, wanted);
    } while (!extra.compare_exchange_weak(taken, taken + count_, std::memory_order_relaxed));
  }
  ~ExtraThreads() { extra.fetch_sub(count_, std::memory_order_relaxed); }
  ExtraThreads(const ExtraThreads&) = delete;
  ExtraThreads& operator=(const ExtraThreads&) = delete;
  int count() const { return count_; }

 private:
  int count_ = 0;
};

// What threads() says.
ThreadChoice of_process() {
  if (const int n = chosen; n > 0) return {n, "set_threads()"};
  return forked ? ThreadChoice{1, "the child of a fork"} : surroundings().threads();
}

struct Team {
  int workers;
  void (*f)(const void* context, int worker);
  const void* context;

  // Workers first, first + step, …
  const void* target = kernels::PinnedTarget::in_use();

  void run(int first, int step) const {
    const FpEnvironment environment;
    const kernels::PinnedTarget pinned(target);
    for (int worker = first; worker < workers; worker += step) f(context, worker);
  }
};

void run_openmp(const Team& team, int threads) {
  // The team may be smaller than asked for.
#pragma omp parallel num_threads(threads)
  team.run(omp_get_thread_num(), omp_get_num_threads());
}

// Where OpenMP cannot be: threads that live as long as the product does, as many as the system gives.
void run_own_threads(const Team& team, int threads) {
  std::vector<std::thread> others;
  std::atomic<int> next{0};
  const auto work = [&] {
    const FpEnvironment environment;
    const kernels::PinnedTarget pinned(team.target);
    for (int worker = next++; worker < team.workers; worker = next++) team.f(team.context, worker);
  };
  try {
    others.reserve(threads - 1);
    while (static_cast<int>(others.size()) < threads - 1) others.emplace_back(work);
  } catch (const std::exception&) {  // fewer, then: no thread, or no memory for it
  }
  work();
  for (std::thread& other : others) other.join();
}

void run_callers(const Team& team, const ParallelFor& by) {
  by.call(
      by.user, team.workers,
      [](void* context, int worker) {
        const FpEnvironment environment;
        const Team& mine = *static_cast<const Team*>(context);
        const kernels::PinnedTarget pinned(mine.target);
        mine.f(mine.context, worker);
      },
      const_cast<Team*>(&team));
}

}  // namespace

ThreadChoice choose_threads(const GemmOptions& options, Index macs, double elements) {
  constexpr double kMacsPerElement = 8;  // take as long as an element from memory
  const double work = std::max(static_cast<double>(macs), elements * kMacsPerElement);
  if (work < static_cast<double>(worth_sharing())) return {1, "too little work to share"};
  if (thread_is_ending()) return {1, "the thread is ending"};  // so may be what OpenMP knows of it: LLVM's would crash
  if (options.parallel_for.call == nullptr && omp_in_parallel()) return {1, "within a parallel region"};
  return options.threads > 0 ? ThreadChoice{options.threads, "options.threads"} : of_process();
}

Index& worth_sharing() {
  // Waking a team costs some microseconds, in which one core does a few hundred thousand MACs.
  static Index macs = Index{1} << 20;
  return macs;
}

bool threads_ok() { return !surroundings().refused(); }

Status threads_status() {
  if (threads_ok()) return {};
  const char* text = std::getenv("SEPTET_NUM_THREADS");
  return {Cause::bad_option, "SEPTET_NUM_THREADS",
          std::string(text == nullptr ? "" : text) + ": not a whole number from 1 to " + std::to_string(kMaxThreads)};
}

void run_team(const ParallelFor& by, int workers, void (*f)(const void* context, int worker), const void* context) {
  const Team team{workers, f, context};
  if (workers <= 1) return team.run(0, 1);
  if (by.call != nullptr) return run_callers(team, by);
  const ExtraThreads others(workers - 1, std::max(workers, threads()) - 1);
  if (others.count() == 0) return team.run(0, 1);
  forked ? run_own_threads(team, others.count() + 1) : run_openmp(team, others.count() + 1);
}

}  // namespace detail

using namespace detail;

Status set_threads(int n) {
  if (n < 1 || n > kMaxThreads) {
    return {Cause::bad_option, "n", std::to_string(n) + ": not 1 to " + std::to_string(kMaxThreads)};
  }
  chosen = n;
  return {};
}

void reset_threads() {
  chosen = 0;
  surroundings().look();
}

int threads() { return of_process().count; }

}  // namespace septet
