// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_memory.hpp"

#include <algorithm>

namespace septet::emulation::cycle_model {
namespace {

using memory_model::FoldTable;
using memory_model::Product;

Wide bytes_of(Wide bits) { return ceil_div(bits, 8); }

/// So many alike, and whether they are the first or the last of all.
struct Span {
  Wide count = 1;
  bool first = false, last = false;
};

/// f(item, span) over `count(item)` copies of each item, the first and the last of all by themselves.
template <class Items, class Count, class F>
void for_each_span(const Items& items, Count&& count, F&& f) {
  Wide total = 0, at = 0;
  for (const auto& item : items) total += count(item);
  for (const auto& item : items) {
    Wide left = count(item);
    while (left > 0) {
      const bool first = at == 0, last = at + 1 == total;
      const Wide taken = first || last ? 1 : left - (at + left == total);
      f(item, Span{taken, first, last});
      at += taken, left -= taken;
    }
  }
}

/// n-tiles: how many columns, how often.
struct Columns {
  Wide width = 0, count = 0;
};

/// Fills in the folds of one product.
class Filler {
 public:
  Filler(const Setting& setting, const std::vector<Tile>& tiles, const Pattern* pattern, FoldTable& folds)
      : s_(setting), pattern_(pattern), folds_(folds), all_tiles_(tiles.data()) {
    for (const Tile& tile : tiles) {
      if (tile.live > 0) tiles_.push_back(&tile);  // others have no fold
    }
    if (s_.n / s_.width > 0) columns_.push_back({s_.width, s_.n / s_.width});
    if (s_.n % s_.width > 0) columns_.push_back({s_.n % s_.width, 1});
    const Wide vectors = is_input_stationary(s_.dataflow) ? s_.m : s_.k;
    used_ = pattern == nullptr ? vectors : 0;
    for (Index v = 0; pattern != nullptr && v < pattern->vectors; ++v) {
      used_ += pattern->offsets[static_cast<std::size_t>(v) + 1] > pattern->offsets[static_cast<std::size_t>(v)];
    }
  }

  void fill() {
    if (s_.n == 0) return;
    if (s_.output_stationary()) {
      output_stationary();
    } else if (is_weight_stationary(s_.dataflow)) {
      weight_stationary();
    } else {
      input_stationary();
    }
  }

  Wide used() const { return used_; }  ///< columns of A (IS: rows) that some fold streams

 private:
  using Fold = memory_model::Fold;

  /// Section 7: cycles from this fold to the next, `next_steps` long; the first brings its preload along, the last all
  /// of its own length.
  Wide cycles(const Fold& fold, Wide steps, Wide next_steps, Wide gap, bool first, bool last) const {
    const bool sums_enter = s_.output_stationary() || s_.chained;
    const Wide bytes = fold.a + fold.b + (sums_enter ? fold.c_in : 0) + fold.c_out;
    const Wide limit = s_.bandwidth > 0 ? ceil_div(bytes, s_.bandwidth) : 0;
    const Wide preload = s_.preload_cycles(), drain = s_.drain_cycles(), whole = steps + s_.skew_cycles() + drain;
    if (s_.timing != Timing::overlapped) return std::max(preload + whole, limit);
    const Wide distance = last ? whole : std::max({steps, preload, steps + drain - next_steps, gap});
    return std::max(distance, limit) + (first ? preload : 0);
  }

  Wide a_bytes(Wide nonzeros, Wide metadata) const { return s_.a_bytes(nonzeros) + metadata; }

  static Wide repeats(const Tile* tile) { return tile->repeat; }

  void output_stationary() {
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const Tile& tile = *tiles_[t];
      const bool first = t == 0, last = t + 1 == tiles_.size();
      // Only the last of equal tiles is followed by another one.
      Wide left = tile.repeat - 1;
      if (first && left > 0) output_row(tile, {1, true, false}, tile.steps), --left;
      if (left > 0) output_row(tile, {left, false, false}, tile.steps);
      output_row(tile, {1, first && tile.repeat == 1, last}, last ? 0 : tiles_[t + 1]->steps);
    }
  }

  void output_row(const Tile& tile, const Span& row, Wide next_steps) {
    const Wide metadata = tile_metadata(s_, tile);
    for_each_span(
        columns_, [](const Columns& c) { return c.count; },
        [&](const Columns& c, const Span& span) {
          Fold fold;
          fold.a = a_bytes(tile.nonzeros, metadata);
          fold.b = tile.live * c.width * s_.b_size;
          fold.b_tile = used_ * c.width * s_.b_size;
          fold.c_out = fold.c_tile = tile.height * c.width * s_.c_size;
          fold.c_in = s_.preload ? fold.c_out : 0;
          fold.cycles = cycles(fold, tile.steps, span.last ? next_steps : tile.steps, 0, row.first && span.first,
                               row.last && span.last);
          folds_.add(fold, span.count);
        });
    folds_.end_row(row.count);
  }

  void weight_stationary() {
    const std::vector<std::vector<Wide>> fresh = fresh_columns();
    for_each_span(tiles_, repeats, [&](const Tile* tile, const Span& row) {
      const std::vector<Wide>* fresh_here =
          fresh.empty() ? nullptr : &fresh[static_cast<std::size_t>(tile - all_tiles_)];
      std::size_t number = 0;
      for_each_span(
          cut_slices(*tile, s_.height), [](const Slice& slice) { return slice.repeat; },
          [&](const Slice& slice, const Span& span) {
            Fold fold = weight_fold(*tile, slice, span.first);
            fold.cycles = cycles(fold, s_.n, s_.n, 0, row.first && span.first, row.last && span.last);
            if (fresh_here == nullptr) {
              fold.b_fresh = row.first && is_sparse(s_.dataflow) ? fold.b : 0;
              return folds_.add(fold, span.count);
            }
            for (Wide i = 0; i < span.count; ++i) {
              fold.b_fresh = (*fresh_here)[number++] * s_.n * s_.b_size;
              folds_.add(fold);
            }
          });
      folds_.end_row(row.count);
    });
  }

  Fold weight_fold(const Tile& tile, const Slice& slice, bool first) const {
    const bool sparse = is_sparse(s_.dataflow);
    const Wide bits = (first ? s_.k : 0) + slice.depth * tile.height;
    Fold fold;
    fold.a = a_bytes(slice.nonzeros, sparse ? bytes_of(bits) : 0);
    fold.b = fold.b_tile = slice.depth * s_.n * s_.b_size;
    fold.c_out = fold.c_tile = tile.height * s_.n * s_.c_size;
    fold.c_in = s_.preload || !first ? fold.c_out : 0;
    return fold;
  }

  void input_stationary() {
    for_each_span(
        columns_, [](const Columns& c) { return c.count; },
        [&](const Columns& c, const Span& row) {
          for (std::size_t t = 0; t < tiles_.size(); ++t) {
            const Tile& tile = *tiles_[t];
            const bool last_tile = t + 1 == tiles_.size();
            const Wide next = last_tile ? tiles_.front()->steps : tiles_[t + 1]->steps;
            // Only the last of equal tiles is followed by another one.
            input_folds(tile, c.width, tile.repeat - 1, tile.steps, 0, row.first && t == 0, false);
            const bool first = row.first && t == 0 && tile.repeat == 1;
            input_folds(tile, c.width, 1, next, s_.chained && !last_tile ? tile.gap : 0, first, row.last && last_tile);
          }
          folds_.end_row(row.count);
        });
  }

  void input_folds(const Tile& tile, Wide columns, Wide count, Wide next_steps, Wide gap, bool first, bool last) {
    if (count == 0) return;
    Fold fold;
    fold.a = a_bytes(tile.nonzeros, tile_metadata(s_, tile));
    fold.b = fold.b_tile = tile.height * columns * s_.b_size;
    fold.c_out = tile.steps * columns * s_.c_size;
    fold.c_in = (s_.preload ? tile.steps : tile.resumed) * columns * s_.c_size;
    fold.c_tile = used_ * columns * s_.c_size;
    if (first) {
      fold.cycles = cycles(fold, tile.steps, next_steps, gap, true, last);
      folds_.add(fold);
      --count;
    }
    fold.cycles = cycles(fold, tile.steps, next_steps, gap, false, last);
    folds_.add(fold, count);
  }

  /// sWS: of every m-tile with folds, fold by fold, the live columns that no earlier m-tile has. Empty: no pattern.
  std::vector<std::vector<Wide>> fresh_columns() {
    std::vector<std::vector<Wide>> fresh;
    if (pattern_ == nullptr || !is_sparse(s_.dataflow)) return fresh;
    const auto m_tiles = static_cast<std::size_t>(ceil_div(s_.m, s_.width));
    std::vector<Wide> live(m_tiles);
    fresh.resize(m_tiles);
    for (Index v = 0; v < pattern_->vectors; ++v) {
      const auto begin = static_cast<std::size_t>(pattern_->offsets[static_cast<std::size_t>(v)]);
      const auto end = static_cast<std::size_t>(pattern_->offsets[static_cast<std::size_t>(v) + 1]);
      std::size_t previous = m_tiles;
      for (std::size_t p = begin; p < end; ++p) {
        const auto tile = static_cast<std::size_t>(pattern_->positions[p] / s_.width);
        if (tile == previous) continue;
        const auto fold = static_cast<std::size_t>(live[tile]++ / s_.height);
        if (fresh[tile].size() <= fold) fresh[tile].push_back(0);
        fresh[tile][fold] += previous == m_tiles;  // positions ascend: the first tile of all
        previous = tile;
      }
    }
    return fresh;
  }

  const Setting& s_;
  const Pattern* pattern_;
  FoldTable& folds_;
  std::vector<const Tile*> tiles_;
  std::vector<Columns> columns_;
  Wide used_ = 0;
  const Tile* all_tiles_;
};

}  // namespace

Product memory_folds(const Setting& s, const std::vector<Tile>& tiles, const Pattern* pattern, FoldTable& folds) {
  Filler filler(s, tiles, pattern, folds);
  filler.fill();
  Product product;
  product.dataflow = s.dataflow;
  product.preload = s.preload;
  product.b_used_bytes = filler.used() * s.n * s.b_size;
  product.b_used_tiles = ceil_div(filler.used(), s.height);
  return product;
}

}  // namespace septet::emulation::cycle_model
