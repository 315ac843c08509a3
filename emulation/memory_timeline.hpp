// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Folds in a row, and how long the array waits for the off-chip channel meanwhile (docs/memory.md, "Time"). In the slot
// of fold g the channel empties what fold g - 1 left, fills what fold g + 1 wants, and moves what passes through a
// buffer for fold g itself. What a sequence will be to its neighbours is kept of its two ends only, so sequences can be
// joined, and equal ones repeated at once: time does not depend on the number of folds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

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

/// Cycles that the channel takes for so many bytes; `bandwidth` 0: none.
inline Wide transfer_cycles(Wide bytes, Wide bandwidth) {
  if (bandwidth == 0) return 0;
  constexpr Wide kNarrow = ~0ULL;  // where 64 bits do, dividing them is several times as fast
  if (bytes <= kNarrow && bandwidth <= kNarrow) {
    const auto b = static_cast<unsigned long long>(bytes), w = static_cast<unsigned long long>(bandwidth);
    return b / w + (b % w != 0);
  }
  return bytes / bandwidth + (bytes % bandwidth != 0);
}
/// Those of them that a slot of `cycles` does not hide.
inline Wide excess_cycles(Wide bytes, Wide cycles, Wide bandwidth) {
  return std::max<Wide>(0, transfer_cycles(bytes, bandwidth) - cycles);
}

/// What slots wait at one bandwidth, added up.
class WaitSum {
 public:
  explicit WaitSum(Wide bandwidth) : bandwidth_(bandwidth) {}

  /// `times` slots of `cycles`, in each of which so many bytes move.
  void add(Wide bytes, Wide cycles, Wide times = 1) { stall_ += times * excess_cycles(bytes, cycles, bandwidth_); }
  void add(const WaitSum& others) { stall_ += others.stall_; }
  void repeat(Wide times) { stall_ *= times; }
  Wide stall() const { return stall_; }

 private:
  Wide bandwidth_;
  Wide stall_ = 0;
};

/// The slots themselves, as few as equal ones make it: for any bandwidth.
class WaitList {
 public:
  void add(Wide bytes, Wide cycles, Wide times = 1) {
    if (bytes > 0 && times > 0) slots_.push_back({bytes, cycles, times});
  }
  void add(const WaitList& others) { slots_.insert(slots_.end(), others.slots_.begin(), others.slots_.end()); }
  void repeat(Wide times) {
    for (Waiting& slot : slots_) slot.times *= times;
  }
  /// Slots that equal a recent one become one with it, which is most of those that equal any: to sort them would take
  /// longer than they save.
  void merge() {
    constexpr std::size_t kRecent = 4096;
    std::vector<std::size_t> recent(slots_.size() < kRecent ? 64 : kRecent);  // by hash, a place and one
    std::size_t kept = 0;
    for (const Waiting& slot : slots_) {
      const auto hash = static_cast<std::uint64_t>(slot.bytes * 31 + slot.cycles) * 0x9e3779b97f4a7c15;
      std::size_t& place = recent[(hash >> 32) % recent.size()];
      if (place > 0 && slots_[place - 1].bytes == slot.bytes && slots_[place - 1].cycles == slot.cycles) {
        slots_[place - 1].times += slot.times;
      } else {
        slots_[kept++] = slot;
        place = kept;
      }
    }
    slots_.resize(kept);
    slots_.shrink_to_fit();
  }
  Wide stall(Wide bandwidth) const {
    Wide stall = 0;
    for (const Waiting& slot : slots_) stall += slot.times * excess_cycles(slot.bytes, slot.cycles, bandwidth);
    return stall;
  }

 private:
  struct Waiting {
    Wide bytes = 0, cycles = 0, times = 0;
  };
  std::vector<Waiting> slots_;
};

/// Zero or more folds. `Waits`: WaitSum or WaitList.
template <class Waits>
class Timeline {
 public:
  explicit Timeline(Waits none) : waits_(std::move(none)) {}
  Timeline(Waits none, const Slot& slot) : folds_(1), bytes_(slot.bytes), waits_(std::move(none)) {
    first_ = last_ = slot;
  }

  /// This, then `next` `times` times.
  void append(Timeline next, Wide times = 1) {
    if (next.folds_ == 0 || times == 0) return;
    if (times > 1) next.repeat(times);
    if (folds_ == 0) {
      *this = std::move(next);
    } else {
      join(next);
    }
  }

  const Bytes& bytes() const { return bytes_; }
  /// Of all slots: nothing hides the first fill and the last emptying.
  Waits waits() const {
    Waits all = waits_;
    if (folds_ == 0) return all;
    all.add(first_.load, 0);
    if (folds_ == 1) {
      all.add(first_.through, first_.cycles);
    } else {
      all.add(first_.through + after_first_, first_.cycles);
      all.add(before_last_ + last_.through, last_.cycles);
    }
    all.add(last_.store, 0);
    return all;
  }

 private:
  // What the last slot of this one and the first of `next` wait, as far as neither is an end of the joined sequence.
  void add_junction(const Timeline& next, Wide times) {
    if (folds_ > 1) waits_.add(before_last_ + last_.through + next.first_.load, last_.cycles, times);
    if (next.folds_ > 1) {
      waits_.add(last_.store + next.first_.through + next.after_first_, next.first_.cycles, times);
    }
  }

  void join(const Timeline& next) {
    waits_.add(next.waits_);
    add_junction(next, 1);
    if (folds_ == 1) after_first_ = next.first_.load;
    before_last_ = next.folds_ > 1 ? next.before_last_ : last_.store;
    last_ = next.last_;
    folds_ += next.folds_;
    bytes_.add(next.bytes_, 1);
  }

  void repeat(Wide times) {
    if (folds_ == 1) {
      waits_.add(first_.store + first_.through + first_.load, first_.cycles, times - 2);
      after_first_ = first_.load;
      before_last_ = first_.store;
    } else {
      waits_.repeat(times);
      add_junction(*this, times - 1);
    }
    const Bytes once = bytes_;
    bytes_.add(once, times - 1);
    folds_ *= times;
  }

  Wide folds_ = 0;
  Bytes bytes_;
  Waits waits_;  // of all slots but the first and the last
  Slot first_, last_;
  Wide after_first_ = 0;  // bytes that the second fold wants: moved in the first slot
  Wide before_last_ = 0;  // bytes that the last fold but one left: moved in the last slot
};

}  // namespace septet::emulation::memory_model
