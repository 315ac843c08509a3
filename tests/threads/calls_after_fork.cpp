// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The count of calls in a child: the parent's, its other threads' among them, and its own. Exits with 0 if it is so.
#include "septet/blas.h"

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

extern "C" void dgemm_(const char*, const char*, const std::int32_t*, const std::int32_t*, const std::int32_t*,
                       const double*, const double*, const std::int32_t*, const double*, const std::int32_t*,
                       const double*, double*, const std::int32_t*);

namespace {

void multiply() {
  const std::int32_t one = 1;
  const double x = 2, y = 3, alpha = 1, beta = 0;
  double c = 0;
  dgemm_("N", "N", &one, &one, &one, &alpha, &x, &one, &y, &one, &beta, &c, &one);
}

bool expect(std::int64_t want, const char* where) {
  const std::int64_t got = septet_blas_calls();
  if (got != want)
    std::printf("%s: %lld calls, not %lld\n", where, static_cast<long long>(got), static_cast<long long>(want));
  return got == want;
}

}  // namespace

int main() {
  constexpr int kThreads = 32;
  std::mutex mutex;
  std::condition_variable changed;
  int counted = 0;
  bool ends = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      multiply();
      std::unique_lock lock(mutex);
      ++counted;
      changed.notify_all();
      changed.wait(lock, [&] { return ends; });
    });
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return counted == kThreads; });
  }
  multiply();
  bool good = expect(kThreads + 1, "parent");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    // New threads get the memory that the old ones had.
    for (int t = 0; t < kThreads; ++t) std::thread(multiply).join();
    multiply();
    _exit(expect(2 * kThreads + 2, "child") && std::fflush(stdout) == 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  {
    const std::lock_guard lock(mutex);
    ends = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) thread.join();
  return good && expect(kThreads + 1, "parent, at the end") ? 0 : 1;
}
