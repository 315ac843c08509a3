// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The folds that are somewhere in the array, and the positions of the units along them.
#pragma once

#include "schedule.hpp"

#include <deque>

namespace septet::emulation {

/// Folds by number, fetched from the schedule when a unit first asks for them and dropped once the slowest has passed.
class FoldQueue {
 public:
  explicit FoldQueue(Schedule& schedule) : schedule_(schedule) {}

  /// Fold `number`; null after the last.
  const ScheduledFold* at(Index number) {
    while (number >= first_ + static_cast<Index>(folds_.size())) {
      ScheduledFold fold;
      if (!schedule_.next(fold)) return nullptr;
      folds_.push_back(std::move(fold));
    }
    return &folds_[number - first_];
  }
  /// Those that are somewhere in the array, and perhaps the next.
  const std::deque<ScheduledFold>& folds() const { return folds_; }
  /// Nobody will ask for a fold before `number` any more.
  void drop_before(Index number) {
    for (; first_ < number; ++first_) folds_.pop_front();
  }

 private:
  Schedule& schedule_;
  std::deque<ScheduledFold> folds_;
  Index first_ = 0;
};

/// A load or store unit's place: the next thing it has to do.
struct Cursor {
  Index fold = 0;
  Index step = 0;

  void advance(Index steps) {
    if (++step == steps) ++fold, step = 0;
  }
};

}  // namespace septet::emulation
