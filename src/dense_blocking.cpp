// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "dense_blocking.hpp"

#include "arithmetic.hpp"
#include "cache_sizes.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

// `total` in equal parts of at most `most`, each a multiple of `multiple`.
Index even_part(Index total, Index most, Index multiple) {
  const Index parts = std::max<Index>(1, ceil_div(total, std::max(most, multiple)));
  return ceil_div(ceil_div(total, parts), multiple) * multiple;
}

// B's rows are read where they lie as fast as from a panel, unless every step of k has a page of its own: then addresses
// cost more than data. Measured on squares: 480 (1920 bytes from row to row) 2 % faster as it is, 512 the same, 768 3 %
// slower, 1024 (one page) half as fast.
bool worth_packing_b(const DenseShape& shape, const DenseOperand& b, const kernels::TileSet& tiles) {
  constexpr Index kFar = 2048, kFewSlabs = 4;
  const Index slabs = ceil_div(shape.m, tiles.rows[tiles.main_vectors - 1]);
  return !b.panels && slabs > kFewSlabs && std::abs(b.k_stride) >= kFar;
}

// Rows of A are read one element at a time, from as many lines as a tile is high: that is as good as a panel while the
// elements follow each other. Columns (a line for each step) are worth packing if they are used again and again. Tried and
// lost: copies of rows that lie a multiple of a page apart (1024^3: 81 % of the peak against 85 %).
bool worth_packing_a(const DenseShape& shape, const DenseOperand& a, const kernels::TileSet& tiles) {
  constexpr Index kUses = 4;  // by so many tiles, side by side
  if (shape.n <= kUses * tiles.main_vectors * tiles.lanes) return false;
  const bool follow = std::abs(a.k_stride) <= size_of(a.type);
  return !a.panels && !follow && shape.m * shape.steps * shape.unit > cache_sizes().l1;
}

bool fits_strided(const DenseShape& shape, const DenseOperand& b, kernels::Packed packed, const kernels::TileSet& tiles) {
  return tiles.strided[0][0] != nullptr && shape.m <= kernels::kMaxStridedRows && shape.fold == 0 && !b.panels &&
         b.k_stride == size_of(b.type) && b.outer_stride != b.k_stride && !b.widened(packed);
}

// Blocks for t threads: as square as they come, since every block packs what it reads.
void share(DenseBlocking& blocking, const DenseShape& shape, Index tile_rows, Index tile_cols) {
  Index best_cost = 0;
  Index best_down = 0;
  for (Index down = 1; down <= blocking.threads; ++down) {
    if (blocking.threads % down != 0) continue;
    const Index across = blocking.threads / down;
    if (ceil_div(shape.m, tile_rows) < down || ceil_div(shape.n, tile_cols) < across) continue;
    const Index cost = ceil_div(shape.m, down) + ceil_div(shape.n, across);
    if (best_down == 0 || cost < best_cost) best_cost = cost, best_down = down;
  }
  if (best_down == 0) {  // fewer tiles than threads
    blocking.rows = std::min(blocking.rows, tile_rows);
    blocking.cols = std::min(blocking.cols, tile_cols);
    return;
  }
  const Index across = blocking.threads / best_down;
  blocking.rows = even_part(ceil_div(shape.m, best_down), blocking.rows, tile_rows);
  blocking.cols = even_part(ceil_div(shape.n, across), blocking.cols, tile_cols);
}

}  // namespace

ForcedBlocking& forced_blocking() {
  static ForcedBlocking forced;
  return forced;
}

DenseBlocking choose_blocking(const DenseShape& shape, const DenseOperand& a, const DenseOperand& b,
                              kernels::Packed packed, const kernels::TileSet& tiles, int threads) {
  const CacheSizes& cache = cache_sizes();
  const Index tile_cols = tiles.main_vectors * tiles.lanes, tile_rows = tiles.main_rows;
  DenseBlocking blocking;
  blocking.threads = threads;
  const ForcedBlocking& forced = forced_blocking();
  const Index few_rows = tiles.row_unit > 1 ? 256 : 192;
  blocking.by_columns = forced.by_columns >= 0 ? forced.by_columns == 1 : shape.m <= few_rows;
  // The part of A that a slab reads, in a third of the first level; or a panel of B in three quarters. Tiles of 32 rows
  // come back to C more often.
  const Index slab_bytes = tiles.row_unit > 1 ? cache.l1 * 2 / 3 : cache.l1 / 3;
  const Index most_steps = std::max<Index>(16, blocking.by_columns ? cache.l1 * 3 / 4 / (tile_cols * shape.unit)
                                                                   : slab_bytes / (tile_rows * shape.unit));
  // Whole vectors of k, so that no pass but the last packs a remainder.
  constexpr Index kVector = 16;
  blocking.steps = std::min(shape.steps, even_part(shape.steps, most_steps, kVector));
  const bool one_slab = shape.m <= tiles.rows[tiles.main_vectors - 1];
  blocking.strided_b = fits_strided(shape, b, packed, tiles);
  const bool reads_b = blocking.strided_b || b.readable(packed, true);
  if (one_slab && reads_b) {  // and read once only
    // Panels to their end; rows a few at a time, from end to end, as memory likes best to be read.
    constexpr Index kFew = 4;
    blocking.by_columns = false;
    const bool to_the_end = b.panels || blocking.strided_b;
    blocking.steps = std::min<Index>(shape.steps, to_the_end ? shape.steps : shape.m <= kFew ? 16 : 32);
  }
  // A pass holds whole folds.
  const auto whole_folds = [&](Index steps) {
    return shape.fold == 0 ? steps : std::max<Index>(1, steps / shape.fold) * shape.fold;
  };
  blocking.steps = whole_folds(blocking.steps);
  blocking.pack_a = !a.readable(packed, false) || worth_packing_a(shape, a, tiles);
  blocking.pack_b = !reads_b || (!blocking.by_columns && worth_packing_b(shape, b, tiles));
  // Some rows of A at a time, where they are packed and where sums wait for their end.
  constexpr Index kBand = 64;
  blocking.band = even_part(shape.m, kBand, tile_rows);
  // Half of the second level for B's panels; a fifth, where the next ones are fetched meanwhile.
  Index cols = cache.l2 / (blocking.by_columns ? 5 : 2) / (blocking.steps * shape.unit);
  // Columns of B that are read once, or panels: each to its end.
  if (one_slab && !reads_b && b.k_stride == size_of(b.type)) cols = tile_cols;
  if (blocking.by_columns && b.panels) cols = b.segment();
  blocking.cols = even_part(shape.n, std::max(tile_cols, cols), tile_cols);
  // Sums that are neither C's own nor complete after one pass take memory: a quarter of the second level.
  constexpr Index kSum = 4;
  const bool waits = !shape.direct && blocking.steps < shape.steps;
  blocking.rows = shape.m;
  if (waits) blocking.rows = even_part(shape.m, cache.l2 / 4 / (blocking.cols * kSum), blocking.band);
  if (threads > 1) share(blocking, shape, tile_rows, tile_cols);
  if (forced.rows > 0) blocking.rows = forced.rows, blocking.band = std::max<Index>(1, forced.rows / 2);
  if (forced.cols > 0) blocking.cols = forced.cols;
  if (blocking.by_columns) blocking.band = blocking.rows;
  // Panels are not cut across.
  const auto whole_segments = [](Index size, Index segment) {
    return segment == 0 ? size : ceil_div(size, segment) * segment;
  };
  blocking.rows = whole_segments(blocking.rows, a.segment());
  blocking.band = whole_segments(std::min(blocking.band, blocking.rows), a.segment());
  blocking.cols = whole_segments(blocking.cols, b.segment());
  if (forced.steps > 0) blocking.steps = std::min(forced.steps, shape.steps);
  if (forced.pack == 1) blocking.pack_a = blocking.pack_b = true, blocking.strided_b = false;
  if (forced.pack == 0) {
    blocking.pack_a = !a.readable(packed, false);
    blocking.pack_b = !reads_b;
  }
  blocking.steps = whole_folds(blocking.steps);
  return blocking;
}

}  // namespace septet::detail
