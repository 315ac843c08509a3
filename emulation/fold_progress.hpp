// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/emulation/emulate.hpp"

#include <exception>
#include <mutex>

namespace septet::emulation {

/// The caller's Progress, told of folds that several threads finish: one call at a time, with a growing number. What it
/// throws ends the run: the workers ask stopped(), and the calling thread rethrows it.
class FoldProgress {
 public:
  FoldProgress(const Progress& callback, Index total) : callback_(callback), total_(total) {}

  void step() {
    if (!callback_) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (thrown_) return;
    try {
      callback_(++done_, total_);
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }
  bool stopped() {
    if (!callback_) return false;
    const std::lock_guard<std::mutex> lock(mutex_);
    return thrown_ != nullptr;
  }
  void rethrow() {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  const Progress& callback_;
  Index total_;
  Index done_ = 0;
  std::exception_ptr thrown_;
  std::mutex mutex_;
};

}  // namespace septet::emulation
