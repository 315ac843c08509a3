// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_folds.hpp"

#include <algorithm>

namespace septet::emulation::cycle_model {
namespace {

Wide bytes_of(Wide bits) { return ceil_div(bits, 8); }

/// The smallest number of bits with 2^bits >= count.
int ceil_log2(Wide count) {
  int bits = 0;
  while ((Wide{1} << bits) < count) ++bits;
  return bits;
}

void add(Counts& to, const Counts& from, Wide times) {
  to.steps += from.steps * times;
  to.reads_a += from.reads_a * times;
  to.injected += from.injected * times;
  to.reads_b += from.reads_b * times;
  to.reads_c += from.reads_c * times;
  to.writes_c += from.writes_c * times;
  to.macs += from.macs * times;
  to.metadata += from.metadata * times;
}

Sequence one_fold(const Setting& s, const Counts& fold) {
  Sequence one;
  one.folds = 1;
  one.sum = fold;
  one.first_steps = one.last_steps = fold.steps;
  if (s.bandwidth > 0) {
    const Wide bytes =
        s.a_bytes(fold.reads_a) + fold.reads_b * s.b_size + (fold.reads_c + fold.writes_c) * s.c_size + fold.metadata;
    one.last_traffic = ceil_div(bytes, s.bandwidth);
  }
  const Wide length = s.preload_cycles() + fold.steps + s.skew_cycles() + s.drain_cycles();
  one.lengths = std::max(length, one.last_traffic);
  return one;
}

/// s_{f+1} - s_f of the last fold of `before` and the first of `after`, without the bandwidth limit. `gap` is Z_f.
Wide start_distance(const Setting& s, const Sequence& before, const Sequence& after, Wide gap) {
  const Wide steps = before.last_steps;
  return std::max({steps, Wide{s.preload_cycles()}, steps + s.drain_cycles() - after.first_steps, gap});
}

/// to <- to, then `next` `times` times. `gap` is Z between any two of these.
void append(const Setting& s, Sequence& to, const Sequence& next, Wide times = 1, Wide gap = 0) {
  if (next.folds == 0 || times == 0) return;
  if (to.folds > 0) {
    const Wide distance = start_distance(s, to, next, gap);
    to.starts += distance;
    to.limited_starts += std::max(distance, to.last_traffic);
  } else {
    to.first_steps = next.first_steps;
  }
  const Wide distance = start_distance(s, next, next, gap);
  to.starts += next.starts * times + distance * (times - 1);
  to.limited_starts += next.limited_starts * times + std::max(distance, next.last_traffic) * (times - 1);
  to.lengths += next.lengths * times;
  to.folds += next.folds * times;
  add(to.sum, next.sum, times);
  to.last_steps = next.last_steps;
  to.last_traffic = next.last_traffic;
}

/// make(c) for all n-tiles: full ones of the array's width, then the rest.
template <class Make>
Sequence over_n_tiles(const Setting& s, Make&& make) {
  Sequence all;
  if (s.n / s.width > 0) append(s, all, make(Wide{s.width}), s.n / s.width);
  if (s.n % s.width > 0) append(s, all, make(Wide{s.n % s.width}));
  return all;
}

/// m-tiles, n-tiles. A tile without live columns has nothing to stream and no fold.
Sequence output_stationary_folds(const Setting& s, const std::vector<Tile>& tiles) {
  Sequence all;
  const bool combined = s.dataflow == Dataflow::csOS;
  for (const Tile& tile : tiles) {
    if (tile.live == 0) continue;
    const Sequence row = over_n_tiles(s, [&](Wide columns) {
      Counts fold;
      fold.steps = tile.steps;
      fold.reads_a = tile.nonzeros;
      // csOS injects nothing, and fetches a row of B for every column that its steps hold.
      fold.injected = combined ? 0 : tile.height * tile.steps - tile.nonzeros;
      fold.reads_b = tile.live * columns;
      fold.reads_c = s.preload ? tile.height * columns : 0;
      fold.writes_c = tile.height * columns;
      fold.macs = (fold.reads_a + fold.injected) * columns;
      fold.metadata = tile_metadata(s, tile);
      return one_fold(s, fold);
    });
    append(s, all, row, tile.repeat);
  }
  return all;
}

/// m-tiles, slices of (live) columns.
Sequence weight_stationary_folds(const Setting& s, const std::vector<Tile>& tiles) {
  Sequence all;
  if (s.n == 0) return all;
  for (const Tile& tile : tiles) {
    Sequence sums;  // all folds of one m-tile: one partial sum after the other
    for (const Slice& slice : cut_slices(tile, s.height)) {
      Counts fold;
      fold.steps = s.n;
      fold.reads_a = slice.nonzeros;
      fold.injected = slice.depth * tile.height - slice.nonzeros;
      fold.reads_b = slice.depth * s.n;
      fold.writes_c = tile.height * s.n;
      fold.macs = slice.depth * tile.height * s.n;
      const Wide second_stage = slice.depth * tile.height;
      Wide repeat = slice.repeat;
      if (sums.folds == 0) {  // brings the first-stage bits along, and no partial sum is there yet
        fold.reads_c = s.chained && s.preload ? fold.writes_c : 0;
        fold.metadata = is_sparse(s.dataflow) ? bytes_of(s.k + second_stage) : 0;
        append(s, sums, one_fold(s, fold));
        --repeat;
      }
      fold.reads_c = s.chained ? fold.writes_c : 0;
      fold.metadata = is_sparse(s.dataflow) ? bytes_of(second_stage) : 0;
      append(s, sums, one_fold(s, fold), repeat);
    }
    append(s, all, sums, tile.repeat);
  }
  return all;
}

/// n-tiles, k-tiles. Z ties together consecutive folds of one n-tile only: other columns, other sums.
Sequence input_stationary_folds(const Setting& s, const std::vector<Tile>& tiles) {
  return over_n_tiles(s, [&](Wide columns) {
    Sequence pass;
    Wide gap = 0;
    for (const Tile& tile : tiles) {
      if (tile.live == 0) continue;
      Counts fold;
      fold.steps = tile.steps;
      fold.reads_a = tile.nonzeros;
      fold.injected = tile.height * tile.steps - tile.nonzeros;
      fold.reads_b = tile.height * columns;
      fold.reads_c = s.chained ? (s.preload ? tile.steps : tile.resumed) * columns : 0;
      fold.writes_c = tile.steps * columns;
      fold.macs = tile.height * tile.steps * columns;
      fold.metadata = tile_metadata(s, tile);
      append(s, pass, one_fold(s, fold), tile.repeat, gap);  // runs of equal tiles have no gap of their own
      gap = s.chained ? tile.gap : 0;
    }
    return pass;
  });
}

}  // namespace

Sequence all_folds(const Setting& s, const std::vector<Tile>& tiles) {
  if (s.output_stationary()) return output_stationary_folds(s, tiles);
  if (is_weight_stationary(s.dataflow)) return weight_stationary_folds(s, tiles);
  return input_stationary_folds(s, tiles);
}

Wide tile_metadata(const Setting& s, const Tile& tile) {
  if (!is_sparse(s.dataflow)) return 0;
  if (s.dataflow != Dataflow::csOS) {
    const Wide vectors = is_input_stationary(s.dataflow) ? s.m : s.k;
    return bytes_of(vectors + tile.height * tile.live);
  }
  // Values are whole bytes, so the last part's padding is that of its lane numbers.
  const Wide column_lists = tile.steps * ceil_log2(Wide{s.lanes} + 1) + tile.live * ceil_log2(s.k);
  return 4 + bytes_of(column_lists) + bytes_of(tile.steps * tile.height) + bytes_of(tile.nonzeros * ceil_log2(s.lanes));
}

Wide dense_reads_a(const Setting& s) {
  if (s.n == 0) return 0;
  const Wide passes = is_weight_stationary(s.dataflow) ? 1 : ceil_div(s.n, s.width);
  return static_cast<Wide>(s.m) * s.k * passes;
}

}  // namespace septet::emulation::cycle_model
