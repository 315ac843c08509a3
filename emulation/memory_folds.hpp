// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the memory system wants to know of a product: plain numbers per fold, row by row. The emulator fills it from the
// Plan (memory_plan), the cycle model from the contract (cycle_memory); neither knows how the other does.
#pragma once

#include "memory_timeline.hpp"

#include <vector>

namespace septet::emulation::memory_model {

/// One fold of the array. Bytes include a format's metadata.
struct Fold {
  Wide cycles = 0;              ///< the array's own, from this fold to the next; they add up to the report's `cycles`
  Wide a = 0, b = 0;            ///< bytes that the array takes of A and of B
  Wide c_in = 0, c_out = 0;     ///< bytes of sums that it takes (or the add beside the buffer) and gives
  Wide b_tile = 0, c_tile = 0;  ///< bytes of the tiles that they belong to, if those serve several folds
  Wide b_fresh = 0;             ///< sWS: bytes of B that no earlier fold takes

  bool operator==(const Fold& o) const {
    return cycles == o.cycles && a == o.a && b == o.b && c_in == o.c_in && c_out == o.c_out && b_tile == o.b_tile &&
           c_tile == o.c_tile && b_fresh == o.b_fresh;
  }
};

/// Equal folds after each other.
struct FoldRun {
  Fold fold;
  Wide count = 0;

  bool operator==(const FoldRun& o) const { return fold == o.fold && count == o.count; }
};

/// The folds of one turn of the outer loop (an m-tile; IS: an n-tile); equal rows after each other are one.
struct FoldRow {
  std::vector<FoldRun> runs;
  Wide count = 0;
};

/// All folds in the contract's order, as short as equal neighbours make it.
class FoldTable {
 public:
  void add(const Fold& fold, Wide count = 1) {
    if (count == 0) return;
    if (!runs_.empty() && runs_.back().fold == fold) {
      runs_.back().count += count;
    } else {
      runs_.push_back({fold, count});
    }
  }
  void end_row(Wide count = 1) {
    if (runs_.empty() || count == 0) return runs_.clear();
    if (!rows_.empty() && rows_.back().runs == runs_) {
      rows_.back().count += count;
    } else {
      rows_.push_back({runs_, count});
    }
    runs_.clear();
  }

  const std::vector<FoldRow>& rows() const { return rows_; }

 private:
  std::vector<FoldRow> rows_;
  std::vector<FoldRun> runs_;  // of the row that is being added
};

}  // namespace septet::emulation::memory_model
