// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_combine.hpp"

#include <algorithm>
#include <vector>

namespace septet::emulation::cycle_model {
namespace {

std::size_t row_of(const TileRows& rows, Index position) {
  return static_cast<std::size_t>(rows.positions[position] - rows.start);
}

/// Only the newest group can be joined, so per row the last group that took it says everything, and nothing has to
/// be cleared between groups.
Index in_order_steps(const TileRows& rows, const Piece* begin, const Piece* end, int lanes) {
  std::vector<Index> taken_by(static_cast<std::size_t>(rows.height), 0);
  Index groups = 0;
  int columns = lanes;  // of the newest group: there is none yet, which is as good as a full one
  for (const Piece* piece = begin; piece != end; ++piece) {
    bool joins = columns < lanes;
    for (Index p = piece->begin; joins && p < piece->end; ++p) joins = taken_by[row_of(rows, p)] != groups;
    if (!joins) {
      ++groups;
      columns = 0;
    }
    ++columns;
    for (Index p = piece->begin; p < piece->end; ++p) taken_by[row_of(rows, p)] = groups;
  }
  return groups;
}

/// A group that may still be joined.
struct OpenGroup {
  Index number = 0;
  int columns = 0;
  std::vector<bool> rows;
};

/// Full groups leave the list but not the window, which counts created groups: section 4 says "full or not", and the
/// known answer of section 8 has one step less otherwise. Rows are probed one by one: a column that does not fit
/// mostly collides at its first rows, and one that fits is short.
Index first_fit_steps(const TileRows& rows, const Piece* begin, const Piece* end, const Combine& combine) {
  std::vector<OpenGroup> open;  // oldest first
  Index created = 0;
  for (const Piece* piece = begin; piece != end; ++piece) {
    auto group = std::find_if(open.begin(), open.end(), [&](const OpenGroup& candidate) {
      for (Index p = piece->begin; p < piece->end; ++p) {
        if (candidate.rows[row_of(rows, p)]) return false;
      }
      return true;
    });
    if (group == open.end()) {
      open.push_back({created++, 0, std::vector<bool>(static_cast<std::size_t>(rows.height))});
      const Index oldest = created - combine.window;
      open.erase(open.begin(),
                 std::find_if(open.begin(), open.end(), [&](const OpenGroup& g) { return g.number >= oldest; }));
      group = open.end() - 1;
    }
    for (Index p = piece->begin; p < piece->end; ++p) group->rows[row_of(rows, p)] = true;
    if (++group->columns == combine.lanes) open.erase(group);
  }
  return created;
}

}  // namespace

Index combined_steps(const TileRows& rows, const Piece* begin, const Piece* end, const Combine& combine) {
  if (combine.policy == CombinePolicy::in_order) return in_order_steps(rows, begin, end, combine.lanes);
  return first_fit_steps(rows, begin, end, combine);
}

}  // namespace septet::emulation::cycle_model
