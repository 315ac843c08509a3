// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "calls.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>

namespace septet::blas {
namespace {

class Mine;

// Every thread's own count, in a list through the threads' own memory, and the sum of those that have ended. Never
// destroyed: threads may outlive the statics.
std::mutex mutex;
Mine* running = nullptr;
std::int64_t ended = 0;
// This thread's, if it has counted anything.
thread_local Mine* mine_if_any = nullptr;

class Mine {
 public:
  Mine() {
    const std::lock_guard lock(mutex);
    next_ = running;
    if (next_ != nullptr) next_->previous_ = this;
    running = mine_if_any = this;
  }
  ~Mine() {
    const std::lock_guard lock(mutex);
    ended += count();
    (previous_ == nullptr ? running : previous_->next_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    mine_if_any = nullptr;
  }
  Mine(const Mine&) = delete;
  Mine& operator=(const Mine&) = delete;

  // One writer: no locked instruction.
  void add() { count_.store(count() + 1, std::memory_order_relaxed); }
  std::int64_t count() const { return count_.load(std::memory_order_relaxed); }
  const Mine* next() const { return next_; }
  void be_alone() { previous_ = next_ = nullptr; }

 private:
  std::atomic<std::int64_t> count_{0};
  Mine *previous_ = nullptr, *next_ = nullptr;
};

// In the child of a fork there is only the thread that forked, and the memory of the others is nobody's.
std::int64_t of_others = 0;
const int fork_handlers = pthread_atfork(
    [] {
      mutex.lock();
      of_others = 0;
      for (const Mine* mine = running; mine != nullptr; mine = mine->next()) {
        if (mine != mine_if_any) of_others += mine->count();
      }
    },
    [] { mutex.unlock(); },
    [] {
      ended += of_others;
      running = mine_if_any;
      if (running != nullptr) running->be_alone();
      mutex.unlock();
    });

}  // namespace

void count_call() {
  static thread_local Mine mine;
  mine.add();
}

std::int64_t calls() {
  const std::lock_guard lock(mutex);
  std::int64_t sum = ended;
  for (const Mine* mine = running; mine != nullptr; mine = mine->next()) sum += mine->count();
  return sum;
}

}  // namespace septet::blas
