// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Folds in a row, and how long the array waits for the off-chip channel meanwhile (docs/memory.md, "Time"). In the slot
// of fold g the channel empties what fold g - 1 left, fills what fold g + 1 wants, and moves what passes through a
// buffer for fold g itself. What a sequence will be to its neighbours is kept of its two ends only, so sequences can be
// joined, and equal ones repeated at once: time does not depend on the number of folds.
#pragma once

#include <algorithm>

namespace septet::emulation::memory_model {

/// Wide enough for every sum and product of checked sizes.
__extension__ typedef __int128 Wide;

/// Bytes on their way between buffers and off-chip memory.
struct Bytes {
  Wide a = 0, b = 0, c_in = 0, c_out = 0;

  Wide all() const { return a + b + c_in + c_out; }
  void add(const Bytes& other, Wide times) {
    a += other.a * times;
    b += other.b * times;
    c_in += other.c_in * times;
    c_out += other.c_out * times;
  }
};

/// One fold: the cycles that it holds the array, and the bytes that move before it, behind it and during it.
struct Slot {
  Wide cycles = 0;
  Bytes bytes;
  Wide load = 0, store = 0, through = 0;
};

/// Zero or more folds.
class Timeline {
 public:
  /// `bandwidth` 0: no limit.
  explicit Timeline(Wide bandwidth) : bandwidth_(bandwidth) {}
  Timeline(Wide bandwidth, const Slot& slot) : bandwidth_(bandwidth), folds_(1), bytes_(slot.bytes) {
    first_ = last_ = slot;
  }

  /// This, then `next` `times` times.
  void append(Timeline next, Wide times = 1) {
    if (next.folds_ == 0 || times == 0) return;
    if (times > 1) next.repeat(times);
    if (folds_ == 0) {
      *this = next;
    } else {
      join(next);
    }
  }

  const Bytes& bytes() const { return bytes_; }
  /// Cycles beyond those of the folds: nothing hides the first fill and the last emptying.
  Wide stall() const {
    if (folds_ == 0) return 0;
    const Wide ends = folds_ == 1
                          ? excess(first_, first_.through)
                          : excess(first_, first_.through + after_first_) + excess(last_, before_last_ + last_.through);
    return transfer(first_.load) + stall_ + ends + transfer(last_.store);
  }

 private:
  Wide transfer(Wide bytes) const {
    if (bandwidth_ == 0) return 0;
    constexpr Wide kNarrow = ~0ULL;  // where 64 bits do, dividing them is several times as fast
    if (bytes <= kNarrow && bandwidth_ <= kNarrow) {
      const auto b = static_cast<unsigned long long>(bytes), w = static_cast<unsigned long long>(bandwidth_);
      return b / w + (b % w != 0);
    }
    return bytes / bandwidth_ + (bytes % bandwidth_ != 0);
  }
  Wide excess(const Slot& slot, Wide bytes) const { return std::max<Wide>(0, transfer(bytes) - slot.cycles); }

  // What the last slot of this one and the first of `next` wait, as far as neither is an end of the joined sequence.
  Wide junction(const Timeline& next) const {
    Wide wait = 0;
    if (folds_ > 1) wait += excess(last_, before_last_ + last_.through + next.first_.load);
    if (next.folds_ > 1) wait += excess(next.first_, last_.store + next.first_.through + next.after_first_);
    return wait;
  }

  void join(const Timeline& next) {
    stall_ += next.stall_ + junction(next);
    if (folds_ == 1) after_first_ = next.first_.load;
    before_last_ = next.folds_ > 1 ? next.before_last_ : last_.store;
    last_ = next.last_;
    folds_ += next.folds_;
    bytes_.add(next.bytes_, 1);
  }

  void repeat(Wide times) {
    if (folds_ == 1) {
      stall_ = (times - 2) * excess(first_, first_.store + first_.through + first_.load);
      after_first_ = first_.load;
      before_last_ = first_.store;
    } else {
      stall_ = stall_ * times + junction(*this) * (times - 1);
    }
    const Bytes once = bytes_;
    bytes_.add(once, times - 1);
    folds_ *= times;
  }

  Wide bandwidth_;
  Wide folds_ = 0;
  Bytes bytes_;
  Wide stall_ = 0;  // of all slots but the first and the last
  Slot first_, last_;
  Wide after_first_ = 0;  // bytes that the second fold wants: moved in the first slot
  Wide before_last_ = 0;  // bytes that the last fold but one left: moved in the last slot
};

}  // namespace septet::emulation::memory_model
