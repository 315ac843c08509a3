// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "calls.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace septet::blas {
namespace {

using Count = std::atomic<std::int64_t>;

// Every thread's own count, and the sum of those that have ended. Lives for ever: threads may outlive the statics.
struct Ledger {
  std::mutex mutex;
  std::vector<const Count*> running;
  std::int64_t ended = 0;
};
Ledger& ledger() {
  static Ledger& instance = *new Ledger;
  return instance;
}

class Mine {
 public:
  Mine() {
    const std::lock_guard lock(ledger().mutex);
    ledger().running.push_back(&count_);
  }
  ~Mine() {
    Ledger& all = ledger();
    const std::lock_guard lock(all.mutex);
    all.ended += count_;
    all.running.erase(std::find(all.running.begin(), all.running.end(), &count_));
  }
  Mine(const Mine&) = delete;
  Mine& operator=(const Mine&) = delete;
  // One writer: no locked instruction.
  void add() { count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

 private:
  Count count_{0};
};

}  // namespace

void count_call() {
  static thread_local Mine mine;
  mine.add();
}

std::int64_t calls() {
  Ledger& all = ledger();
  const std::lock_guard lock(all.mutex);
  std::int64_t sum = all.ended;
  for (const Count* count : all.running) sum += *count;
  return sum;
}

}  // namespace septet::blas
