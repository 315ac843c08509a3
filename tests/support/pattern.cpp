// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "pattern.hpp"

#include <algorithm>

namespace septet::support {

Index count_nonzeros(const Pattern& a, Index i, Index j, Index height, Index width) {
  Index count = 0;
  for (Index row = i; row < i + height; ++row) {
    for (Index col = j; col < j + width; ++col) count += a(row, col) ? 1 : 0;
  }
  return count;
}

Index count_nonzeros(const Pattern& a) { return count_nonzeros(a, 0, 0, a.rows, a.cols); }

std::vector<Index> live_columns(const Pattern& a, Index m0, Index height) {
  std::vector<Index> live;
  for (Index k = 0; k < a.cols; ++k) {
    if (count_nonzeros(a, m0, k, height, 1) > 0) live.push_back(k);
  }
  return live;
}

std::vector<Index> live_rows(const Pattern& a, Index k0, Index depth) {
  std::vector<Index> live;
  for (Index m = 0; m < a.rows; ++m) {
    if (count_nonzeros(a, m, k0, 1, depth) > 0) live.push_back(m);
  }
  return live;
}

namespace {

bool shares_a_row(const Pattern& a, Index m0, Index height, const std::vector<Index>& group, Index column) {
  for (const Index member : group) {
    for (Index m = m0; m < m0 + height; ++m) {
      if (a(m, member) && a(m, column)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::vector<Index>> combine_columns(const Pattern& a, Index m0, Index height, const Combine& combine) {
  const Index window = combine.policy == CombinePolicy::in_order ? 1 : combine.window;
  std::vector<std::vector<Index>> groups;
  for (const Index column : live_columns(a, m0, height)) {
    bool joined = false;
    // The last `window` groups created, full or not, the oldest first.
    for (Index g = std::max<Index>(0, static_cast<Index>(groups.size()) - window);
         !joined && g < static_cast<Index>(groups.size()); ++g) {
      std::vector<Index>& group = groups[static_cast<std::size_t>(g)];
      if (static_cast<int>(group.size()) >= combine.lanes) continue;
      if (shares_a_row(a, m0, height, group, column)) continue;
      group.push_back(column);
      joined = true;
    }
    if (!joined) groups.push_back({column});
  }
  return groups;
}

Dataflow resolve(Dataflow dataflow, Accumulate accumulate, bool a_is_sparse) {
  if (dataflow != Dataflow::automatic) return dataflow;
  if (accumulate == Accumulate::chained) return a_is_sparse ? Dataflow::csOS : Dataflow::dOS;
  return a_is_sparse ? Dataflow::sWS : Dataflow::dWS;
}

}  // namespace septet::support
