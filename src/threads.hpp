// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Who computes: how many threads a call gets, and how they are started (the policy is include/septet/threads.hpp's).
#pragma once

#include "septet/gemm.hpp"

#include <atomic>

namespace septet::detail {

struct ThreadChoice {
  int count;
  const char* why;
};

/// Threads for a call with `macs` multiply-accumulates on so many elements of memory: at most what was requested, or
/// the process's choice; one inside a parallel region and for work too small to share.
ThreadChoice choose_threads(const GemmOptions& options, Index macs, double elements = 0);
inline int thread_count(const GemmOptions& options, Index macs, double elements = 0) {
  return choose_threads(options, macs, elements).count;
}

/// How many multiply-accumulates are worth a second thread. Tests set it to 0, so that small problems are shared too.
Index& worth_sharing();

/// Ok, or why SEPTET_NUM_THREADS cannot be obeyed.
Status threads_status();
bool threads_ok();

/// f(worker) for every worker from 0 to `workers` - 1, each once, side by side as far as threads can be had: each with
/// the floating-point environment that kernels need. One worker is the calling thread.
void run_team(const ParallelFor& by, int workers, void (*f)(const void* context, int worker), const void* context);
template <class F>
void run_team(const ParallelFor& by, int workers, const F& f) {
  run_team(
      by, workers, [](const void* context, int worker) { (*static_cast<const F*>(context))(worker); }, &f);
}

/// The items 0 to `count` - 1, handed out to the workers of a team one at a time.
class SharedItems {
 public:
  explicit SharedItems(Index count) : count_(count) {}
  template <class F>
  void for_each(F&& f) {
    for (Index i = next_++; i < count_; i = next_++) f(i);
  }

 private:
  Index count_;
  std::atomic<Index> next_{0};
};

}  // namespace septet::detail
