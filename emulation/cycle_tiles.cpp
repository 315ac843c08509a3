// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_tiles.hpp"

#include "cycle_combine.hpp"

#include <algorithm>

namespace septet::emulation::cycle_model {
namespace {

/// The pieces of every tile; tile t has pieces[first[t]] … pieces[first[t + 1] - 1].
struct SortedPieces {
  std::vector<std::size_t> first;
  std::vector<Piece> pieces;
};

/// f(tile, piece) for every run of non-zeros that one vector has within one tile; vectors ascending.
template <class F>
void for_each_piece(const Pattern& pattern, Index height, F&& f) {
  for (Index v = 0; v < pattern.vectors; ++v) {
    const Index end = pattern.offsets[static_cast<std::size_t>(v) + 1];
    for (Index p = pattern.offsets[static_cast<std::size_t>(v)]; p < end;) {
      const Index tile = pattern.positions[static_cast<std::size_t>(p)] / height;
      Piece piece{v, p, p + 1};
      // Not tile * height + height: that may be the first number beyond 64 bits.
      while (piece.end < end && pattern.positions[static_cast<std::size_t>(piece.end)] - tile * height < height) {
        ++piece.end;
      }
      f(static_cast<std::size_t>(tile), piece);
      p = piece.end;
    }
  }
}

/// Counting sort by tile; within a tile the vectors stay ascending.
SortedPieces sort_by_tile(const Pattern& pattern, Index height) {
  SortedPieces sorted;
  const auto tiles = static_cast<std::size_t>(ceil_div(pattern.length, height));
  sorted.first.assign(tiles + 1, 0);
  for_each_piece(pattern, height, [&](std::size_t tile, const Piece&) { ++sorted.first[tile + 1]; });
  for (std::size_t t = 0; t < tiles; ++t) sorted.first[t + 1] += sorted.first[t];
  sorted.pieces.resize(sorted.first.back());
  std::vector<std::size_t> next(sorted.first.begin(), sorted.first.end() - 1);
  for_each_piece(pattern, height, [&](std::size_t tile, const Piece& piece) { sorted.pieces[next[tile]++] = piece; });
  return sorted;
}

void add_slices(std::vector<Slice>& slices, const Slice& next) {
  if (!slices.empty() && slices.back().depth == next.depth && slices.back().nonzeros == next.nonzeros) {
    slices.back().repeat += next.repeat;
  } else {
    slices.push_back(next);
  }
}

std::vector<ColumnRun> runs_of(const Piece* begin, const Piece* end) {
  std::vector<ColumnRun> runs;
  for (const Piece* piece = begin; piece != end; ++piece) {
    if (runs.empty() || runs.back().nonzeros != piece->count()) runs.push_back({0, piece->count()});
    ++runs.back().columns;
  }
  return runs;
}

/// What consecutive folds of sIS have to do with each other (section 7): a row that is live in both hands its
/// partial sum from one to the other. Kept per row: the last fold that it was live in, and its step there.
class RowHistory {
 public:
  explicit RowHistory(Index rows) : rows_(static_cast<std::size_t>(rows)) {}

  /// `previous`: the tile before this one that has a fold, or null.
  void add(Tile& tile, Tile* previous, const Piece* begin, const Piece* end, Index skew) {
    ++fold_;
    for (const Piece* piece = begin; piece != end; ++piece) {
      Row& row = rows_[static_cast<std::size_t>(piece->vector)];
      const Index step = piece - begin;
      tile.resumed += row.fold != 0;
      if (previous != nullptr && row.fold == fold_ - 1) {
        previous->gap = std::max<Wide>(previous->gap, row.step - step + skew);
      }
      row = {fold_, step};
    }
  }

 private:
  struct Row {
    Index fold = 0;  // from 1; 0: in none so far
    Index step = 0;
  };
  std::vector<Row> rows_;
  Index fold_ = 0;
};

/// `extent` as full pieces of `size` and a remainder: f(piece, repeat).
template <class F>
void for_each_run(Index extent, Index size, F&& f) {
  if (extent / size > 0) f(size, extent / size);
  if (extent % size > 0) f(extent % size, Index{1});
}

}  // namespace

Tiling tiling_of(Dataflow dataflow, const ArrayShape& array, const Combine& combine) {
  return {dataflow, is_weight_stationary(dataflow) ? array.width : array.height, combine};
}

std::vector<Tile> cut_full(Index m, Index k, const Tiling& tiling) {
  std::vector<Tile> tiles;
  const bool k_tiles = is_input_stationary(tiling.dataflow);
  const Wide vectors = k_tiles ? m : k;
  for_each_run(k_tiles ? k : m, tiling.height, [&](Index height, Index repeat) {
    Tile tile;
    tile.height = height;
    tile.live = vectors;
    tile.steps = vectors;  // csOS too: two columns without zeros share every row of the tile, so none combine
    tile.nonzeros = vectors * height;
    if (k_tiles) {
      // Z of section 7 would be H, every row being live in every tile at the same step: as long as the preload, so that
      // it changes nothing and stays 0 here.
      if (tiles.empty()) {
        tiles.push_back(tile);  // the one tile whose rows no earlier one has
        --repeat;
      }
      tile.resumed = vectors;
    }
    if (is_weight_stationary(tiling.dataflow) && k > 0) tile.columns.push_back({k, height});
    tile.repeat = repeat;
    if (repeat > 0) tiles.push_back(std::move(tile));
  });
  return tiles;
}

std::vector<Tile> cut_pattern(const Pattern& pattern, const Tiling& tiling) {
  const SortedPieces sorted = sort_by_tile(pattern, tiling.height);
  std::vector<Tile> tiles(sorted.first.size() - 1);
  const bool k_tiles = is_input_stationary(tiling.dataflow);
  RowHistory history(k_tiles ? pattern.vectors : 0);
  Tile* previous = nullptr;
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    Tile& tile = tiles[t];
    const Index start = static_cast<Index>(t) * tiling.height;
    const Index height = std::min(tiling.height, pattern.length - start);
    const Piece* begin = sorted.pieces.data() + sorted.first[t];
    const Piece* end = sorted.pieces.data() + sorted.first[t + 1];
    tile.height = height;
    tile.live = end - begin;
    for (const Piece* piece = begin; piece != end; ++piece) tile.nonzeros += piece->count();
    const TileRows rows{pattern.positions.data(), start, height};
    tile.steps = tiling.dataflow == Dataflow::csOS ? combined_steps(rows, begin, end, tiling.combine) : tile.live;
    if (is_weight_stationary(tiling.dataflow)) tile.columns = runs_of(begin, end);
    if (k_tiles && tile.live > 0) {
      history.add(tile, previous, begin, end, tiling.height);
      previous = &tile;
    }
  }
  return tiles;
}

std::vector<Slice> cut_slices(const Tile& tile, Index depth) {
  std::vector<Slice> slices;
  Slice begun{0, 0, 1};
  for (const ColumnRun& run : tile.columns) {
    Index left = run.columns;
    const auto take = [&](Index columns) {
      begun.depth += columns;
      begun.nonzeros += static_cast<Wide>(columns) * run.nonzeros;
      left -= columns;
      if (begun.depth < depth) return;
      add_slices(slices, begun);
      begun = {0, 0, 1};
    };
    if (begun.depth > 0) take(std::min(left, depth - static_cast<Index>(begun.depth)));
    if (left >= depth) {
      add_slices(slices, {depth, static_cast<Wide>(depth) * run.nonzeros, left / depth});
      left %= depth;
    }
    if (left > 0) take(left);
  }
  if (begun.depth > 0) add_slices(slices, begun);
  return slices;
}

}  // namespace septet::emulation::cycle_model
