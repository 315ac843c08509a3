// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include "arithmetic.hpp"
#include "formats/csr.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

// Sorted columns that rows [begin, end) use. `seen` has one flag per column, all clear before and after.
void collect_columns(const CsrPattern& a, Index begin, Index end, std::vector<char>& seen,
                     std::vector<std::int32_t>& columns) {
  columns.clear();
  for (Index p = a.row_ptr[begin]; p < a.row_ptr[end]; ++p) {
    if (seen[a.col_idx[p]]) continue;
    seen[a.col_idx[p]] = 1;
    columns.push_back(a.col_idx[p]);
  }
  std::sort(columns.begin(), columns.end());
  for (const std::int32_t k : columns) seen[k] = 0;
}

// The groups of one m-tile. A group is a step under construction: its columns, and the rows they occupy.
class Combiner {
 public:
  Combiner(Index rows, int lanes, Index window) : words_((rows + 63) / 64), lanes_(lanes), window_(window) {}

  // The column joins the oldest of the last `window` groups that has room and shares no row, else opens a new one.
  void add(std::int32_t column, const std::vector<std::uint64_t>& rows) {
    const Index count = static_cast<Index>(groups_.size());
    for (Index g = std::max<Index>(0, count - window_); g < count; ++g) {
      if (static_cast<int>(groups_[g].size()) < lanes_ && !shares_row(g, rows)) return join(g, column, rows);
    }
    groups_.emplace_back();
    occupied_.insert(occupied_.end(), words_, 0);
    join(count, column, rows);
  }

  const std::vector<std::vector<std::int32_t>>& groups() const { return groups_; }

 private:
  bool shares_row(Index g, const std::vector<std::uint64_t>& rows) const {
    for (Index w = 0; w < words_; ++w) {
      if (occupied_[g * words_ + w] & rows[w]) return true;
    }
    return false;
  }
  void join(Index g, std::int32_t column, const std::vector<std::uint64_t>& rows) {
    groups_[g].push_back(column);
    for (Index w = 0; w < words_; ++w) occupied_[g * words_ + w] |= rows[w];
  }

  Index words_;
  int lanes_;
  Index window_;
  std::vector<std::vector<std::int32_t>> groups_;
  std::vector<std::uint64_t> occupied_;  // `words_` per group
};

// For every column of `columns`, the bit set of the rows [begin, end) that use it.
std::vector<std::vector<std::uint64_t>> row_sets(const CsrPattern& a, Index begin, Index end,
                                                 const std::vector<std::int32_t>& columns,
                                                 std::vector<std::int32_t>& position) {
  for (std::size_t c = 0; c < columns.size(); ++c) position[columns[c]] = static_cast<std::int32_t>(c);
  std::vector<std::vector<std::uint64_t>> sets(columns.size(), std::vector<std::uint64_t>((end - begin + 63) / 64));
  for (Index i = begin; i < end; ++i) {
    for (Index p = a.row_ptr[i]; p < a.row_ptr[i + 1]; ++p) {
      sets[position[a.col_idx[p]]][(i - begin) / 64] |= std::uint64_t{1} << ((i - begin) % 64);
    }
  }
  return sets;
}

}  // namespace

LiveLists live_columns(const CsrPattern& a, Index tile) {
  LiveLists live;
  live.tile = tile;
  std::vector<char> seen(a.cols);
  std::vector<std::int32_t> columns;
  for (Index begin = 0; begin < a.rows; begin += tile) {
    collect_columns(a, begin, std::min(begin + tile, a.rows), seen, columns);
    live.index.insert(live.index.end(), columns.begin(), columns.end());
    live.tile_ptr.push_back(static_cast<Index>(live.index.size()));
  }
  return live;
}

LiveLists live_rows(const CsrPattern& a, Index tile) {
  LiveLists live;
  live.tile = tile;
  const Index tiles = ceil_div(a.cols, tile);
  live.tile_ptr.assign(tiles + 1, 0);
  // Columns ascend within a row, so each tile is entered at most once per row.
  const auto for_each_live = [&](auto&& f) {
    for (Index i = 0; i < a.rows; ++i) {
      Index last = -1;
      for (Index p = a.row_ptr[i]; p < a.row_ptr[i + 1]; ++p) {
        const Index t = a.col_idx[p] / tile;
        if (t != last) f(t, i);
        last = t;
      }
    }
  };
  for_each_live([&](Index t, Index) { ++live.tile_ptr[t + 1]; });
  for (Index t = 0; t < tiles; ++t) live.tile_ptr[t + 1] += live.tile_ptr[t];
  live.index.resize(live.tile_ptr.back());
  std::vector<Index> next(live.tile_ptr.begin(), live.tile_ptr.end() - 1);
  for_each_live([&](Index t, Index i) { live.index[next[t]++] = static_cast<std::int32_t>(i); });
  return live;
}

LiveLists combined_columns(const CsrPattern& a, Index tile, const Combine& combine) {
  LiveLists live;
  live.tile = tile;
  live.step_ptr.push_back(0);
  // In-order is first-fit that looks at nothing but the newest group, which is what keeps k ascending.
  const Index window = combine.policy == CombinePolicy::in_order ? 1 : combine.window;
  std::vector<char> seen(a.cols);
  std::vector<std::int32_t> columns, position(a.cols);
  for (Index begin = 0; begin < a.rows; begin += tile) {
    const Index end = std::min(begin + tile, a.rows);
    collect_columns(a, begin, end, seen, columns);
    const auto sets = row_sets(a, begin, end, columns, position);
    Combiner combiner(end - begin, combine.lanes, window);
    for (std::size_t c = 0; c < columns.size(); ++c) combiner.add(columns[c], sets[c]);
    for (const auto& group : combiner.groups()) {
      live.index.insert(live.index.end(), group.begin(), group.end());
      live.step_ptr.push_back(static_cast<Index>(live.index.size()));
    }
    live.tile_ptr.push_back(static_cast<Index>(live.step_ptr.size()) - 1);
  }
  return live;
}

std::shared_ptr<const LiveLists> make_live_lists(const CsrPattern& a, Dataflow dataflow, const ArrayShape& array,
                                                 const Combine& combine) {
  switch (dataflow) {
    case Dataflow::sOS:
      return std::make_shared<LiveLists>(live_columns(a, array.height));
    case Dataflow::sWS:
      return std::make_shared<LiveLists>(live_columns(a, array.width));
    case Dataflow::sIS:
      return std::make_shared<LiveLists>(live_rows(a, array.height));
    case Dataflow::csOS:
      return std::make_shared<LiveLists>(combined_columns(a, array.height, combine));
    default:
      return nullptr;
  }
}

Plan make_plan(Index m, Index n, Index k, const GemmOptions& resolved, std::shared_ptr<const LiveLists> live) {
  Plan plan;
  plan.m = m, plan.n = n, plan.k = k;
  plan.dataflow = resolved.dataflow;
  plan.array = resolved.array;
  plan.accumulate = resolved.accumulate;
  plan.mac = resolved.mac;
  plan.depth = resolved.fold_depth == 0 ? resolved.array.height : resolved.fold_depth;
  plan.live = std::move(live);
  return plan;
}

Index LiveLists::longest_step() const {
  Index longest = 1;
  for (std::size_t s = 0; s + 1 < step_ptr.size(); ++s) longest = std::max(longest, step_ptr[s + 1] - step_ptr[s]);
  return longest;
}

Index Plan::fold_count() const {
  if (m == 0 || n == 0 || k == 0) return 0;
  const Index n_tiles = ceil_div(n, array.width);
  if (is_ws()) {
    if (!live) return ceil_div(m, array.width) * ceil_div(k, depth);
    Index count = 0;
    for (Index t = 0; t < live->tiles(); ++t) count += ceil_div(live->steps(t), depth);
    return count;
  }
  if (!live) return n_tiles * (is_is() ? ceil_div(k, depth) : ceil_div(m, array.height));
  Index tiles = 0;
  for (Index t = 0; t < live->tiles(); ++t) tiles += live->steps(t) > 0;
  return n_tiles * tiles;
}

Index Plan::longest_stream() const {
  if (is_ws()) return n;
  if (!live) return is_is() ? m : k;
  Index longest = 0;
  for (Index t = 0; t < live->tiles(); ++t) longest = std::max(longest, live->steps(t));
  return longest;
}

Index Plan::part_count() const {
  if (m == 0 || n == 0) return 0;
  const Index n_tiles = ceil_div(n, array.width);
  return is_ws() ? ceil_div(m, array.width) : is_is() ? n_tiles : ceil_div(m, array.height) * n_tiles;
}

Block Plan::part(Index number) const {
  const auto rows_from = [&](Index m0, Index count) { return Block{m0, std::min(m0 + count, m), 0, n}; };
  if (is_ws()) return rows_from(number * array.width, array.width);
  const Index n_tiles = ceil_div(n, array.width);
  Block block = is_is() ? rows_from(0, m) : rows_from(number / n_tiles * array.height, array.height);
  block.n0 = number % n_tiles * array.width;
  block.n1 = std::min(block.n0 + array.width, n);
  return block;
}

FoldSequence::FoldSequence(const Plan& plan) : plan_(plan), end_(plan.k == 0 ? 0 : plan.part_count()) {}

FoldSequence::FoldSequence(const Plan& plan, Index part)
    : plan_(plan), part_(part), end_(plan.k == 0 ? part : part + 1) {}

bool FoldSequence::next(Fold& fold) {
  return plan_.is_ws() ? next_ws(fold) : plan_.is_is() ? next_is(fold) : next_os(fold);
}

bool FoldSequence::next_os(Fold& fold) {
  const Plan& p = plan_;
  const Index n_tiles = ceil_div(p.n, p.array.width);
  for (; part_ < end_; ++part_) {
    const Index tile = part_ / n_tiles;
    if (p.column_count(tile) == 0) continue;
    const Block block = p.part(part_++);
    fold = Fold{};
    fold.tile = tile;
    fold.m0 = block.m0, fold.m_count = block.m1 - block.m0;
    fold.n0 = block.n0, fold.n_count = block.n1 - block.n0;
    fold.k_count = fold.steps = p.column_count(tile);
    return true;
  }
  return false;
}

bool FoldSequence::next_ws(Fold& fold) {
  const Plan& p = plan_;
  while (part_ < end_ && inner_ * p.depth >= p.column_count(part_)) ++part_, inner_ = 0;
  if (part_ == end_) return false;
  const Block block = p.part(part_);
  fold = Fold{};
  fold.tile = part_;
  fold.m0 = block.m0, fold.m_count = block.m1 - block.m0;
  fold.n_count = fold.steps = p.n;
  fold.first = inner_ == 0;
  fold.k0 = inner_++ * p.depth;
  fold.k_count = std::min(p.depth, p.column_count(part_) - fold.k0);
  return true;
}

bool FoldSequence::next_is(Fold& fold) {
  const Plan& p = plan_;
  for (; part_ < end_; ++part_, inner_ = 0, first_ = true) {
    while (inner_ * p.depth < p.k && p.row_count(inner_) == 0) ++inner_;
    if (inner_ * p.depth >= p.k) continue;
    const Block block = p.part(part_);
    fold = Fold{};
    fold.tile = inner_;
    fold.m_count = fold.steps = p.row_count(inner_);
    fold.n0 = block.n0, fold.n_count = block.n1 - block.n0;
    fold.first = first_;
    first_ = false;
    fold.k0 = inner_++ * p.depth;
    fold.k_count = std::min(p.depth, p.k - fold.k0);
    return true;
  }
  return false;
}

}  // namespace septet::detail
