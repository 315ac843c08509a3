// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search: every order and residency that the buffers allow, each walked to its end.
#pragma once

#include "memory_model.hpp"

#include <memory>
#include <vector>

namespace septet::emulation::memory_model {

/// One way to walk the folds, and what it costs.
struct Walked {
  const char* loop_order = "";
  Wide resident_a = 0, resident_b = 0, resident_c = 0;  ///< tiles
  Wide stall = 0;
  Bytes bytes;
};

/// Fewer stalls, or as many and fewer bytes.
constexpr bool better(Wide stall, Wide bytes, Wide other_stall, Wide other_bytes) {
  return stall != other_stall ? stall < other_stall : bytes < other_bytes;
}

/// At least one; the contract's order comes first where it is among them.
std::vector<Walked> walk_all(const MemorySystem& memory, const Product& product, const FoldTable& folds);

/// The best of walk_all(), of equals the first, for many memory systems behind the same folds. What is in the slots of
/// a walk depends on which operands fit their buffers and on how many tiles stay, and the bandwidth only says how long
/// they wait: all of that is found once. May be used from many threads at once.
class WalkSearch {
 public:
  /// `cycles`: of all folds.
  WalkSearch(const Product& product, FoldTable folds, Index cycles);
  ~WalkSearch();
  WalkSearch(const WalkSearch&) = delete;
  WalkSearch& operator=(const WalkSearch&) = delete;

  /// Throws std::bad_alloc.
  Walked best(const MemorySystem& memory) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  Index cycles_;
};

}  // namespace septet::emulation::memory_model
