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

// B's rows are read where they lie as fast as from a panel, unless every step of k has a page of its own: then
// addresses cost more than data. Measured on squares: 480 (1920 bytes from row to row) 2 % faster as it is, 512 the
// same, 768 3 % slower, 1024 (one page) half as fast.
bool worth_packing_b(const DenseShape& shape, const DenseOperand& b, const kernels::TileSet& tiles) {
  constexpr Index kFar = 2048, kFewSlabs = 4;
  const Index slabs = ceil_div(shape.m, tiles.rows[tiles.main_vectors - 1]);
  return !b.panels && slabs > kFewSlabs && std::abs(b.k_stride) >= kFar;
}

// Rows of A are read one element at a time, from as many lines as a tile is high: that is as good as a panel while the
// elements follow each other. Columns (a line for each step) are worth packing if they are used again and again. Tried
// and lost: copies of rows that lie a multiple of a page apart (1024^3: 81 % of the peak against 85 %).
bool worth_packing_a(const DenseShape& shape, const DenseOperand& a, const kernels::TileSet& tiles) {
  constexpr Index kUses = 4;  // by so many tiles, side by side
  if (shape.n <= kUses * tiles.main_vectors * tiles.lanes) return false;
  const bool follow = std::abs(a.k_stride) <= size_of(a.type);
  return !a.panels && !follow && shape.m * shape.steps * shape.unit > cache_sizes().l1;
}

bool fits_strided(const DenseShape& shape, const DenseOperand& b, kernels::Packed packed,
                  const kernels::TileSet& tiles) {
  return tiles.strided[0][0] != nullptr && shape.m <= kernels::kMaxStridedRows && shape.n >= tiles.lanes &&
         shape.fold == 0 && !b.panels && b.k_stride == size_of(b.type) && b.outer_stride != b.k_stride &&
         !b.widened(packed);
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

// One decision after the other; what a test forces comes last.
class Choice {
 public:
  Choice(const DenseShape& shape, const DenseOperand& a, const DenseOperand& b, kernels::Packed packed,
         const kernels::TileSet& tiles, int threads)
      : shape_(shape),
        a_(a),
        b_(b),
        tiles_(tiles),
        tile_rows_(tiles.main_rows),
        tile_cols_(tiles.main_vectors * tiles.lanes),
        one_slab_(shape.m <= tiles.rows[tiles.main_vectors - 1]) {
    blocking_.threads = threads;
    blocking_.strided_b = !shape.copies_b && fits_strided(shape, b, packed, tiles);
    reads_b_ = blocking_.strided_b || (!shape.copies_b && b.readable(packed, true));
    reads_a_ = !shape.copies_a && a.readable(packed, false);
  }

  DenseBlocking choose() {
    choose_order();
    choose_steps();
    choose_packing();
    choose_blocks();
    if (blocking_.threads > 1) share(blocking_, shape_, tile_rows_, tile_cols_);
    force();
    keep_panels_whole();
    return blocking_;
  }

 private:
  // Measured: below so many rows, all of A in the second-level cache and B read once beats the opposite.
  void choose_order() {
    const Index few_rows = large_tiles() ? 256 : 192;
    const bool few = shape_.m <= few_rows && !(one_slab_ && reads_b_);
    blocking_.by_columns = forced_.by_columns >= 0 ? forced_.by_columns == 1 : few;
    blocking_.why_order = one_slab_              ? "the rows of one tile: B is read once"
                          : blocking_.by_columns ? "few rows: all of A in the second-level cache, B is read once"
                                                 : "many rows: slabs of A in the first-level cache, B in the second";
  }

  void choose_steps() {
    // A panel of B in three quarters of the first level; or the part of A that a slab reads in a third. Tiles of 32
    // rows would come back to C too often.
    const Index for_panel = cache_.l1 * 3 / 4 / (tile_cols_ * shape_.unit);
    const Index for_slab = (large_tiles() ? cache_.l1 * 2 / 3 : cache_.l1 / 3) / (tile_rows_ * shape_.unit);
    // Whole vectors of k, so that no pass but the last packs a remainder.
    constexpr Index kVector = 16;
    const Index most = std::max(kVector, blocking_.by_columns ? for_panel : for_slab);
    blocking_.steps = std::min(shape_.steps, even_part(shape_.steps, most, kVector));
    if (one_slab_ && reads_b_) blocking_.steps = steps_of_one_slab();
    if (forced_.steps > 0) blocking_.steps = std::min(forced_.steps, shape_.steps);
    if (shape_.fold > 0) blocking_.steps = std::max<Index>(1, blocking_.steps / shape_.fold) * shape_.fold;
  }

  // B is read once: columns and panels to their end; rows a few at a time, from end to end, as memory likes best,
  // unless they come from a cache.
  Index steps_of_one_slab() const {
    constexpr Index kFewRows = 4, kFewSteps = 16, kSomeSteps = 32;
    const bool is_near = shape_.n * shape_.steps * shape_.unit <= cache_.l2 / 4;
    if (b_.panels || blocking_.strided_b || is_near) return shape_.steps;
    return std::min(shape_.steps, shape_.m <= kFewRows ? kFewSteps : kSomeSteps);
  }

  void choose_packing() {
    const bool worth_a = worth_packing_a(shape_, a_, tiles_);
    const bool worth_b = !blocking_.by_columns && worth_packing_b(shape_, b_, tiles_);
    blocking_.pack_a = !reads_a_ || worth_a;
    blocking_.pack_b = !reads_b_ || worth_b;
    blocking_.why_a = why(a_, reads_a_, shape_.copies_a, worth_a ? "its columns are used again and again" : nullptr);
    blocking_.why_b = blocking_.strided_b ? "its columns lie along k, and are turned in registers"
                                          : why(b_, reads_b_, shape_.copies_b,
                                                worth_b ? "its rows are far apart and used again and again" : nullptr);
  }

  static const char* why(const DenseOperand& operand, bool readable, bool copied, const char* worth) {
    if (copied) return "padded, or its sign turned, for the kernel";
    if (!readable) return "not in the kernel's type or order as it lies";
    if (worth != nullptr) return worth;
    return operand.panels ? "packed beforehand" : "as fast where it lies";
  }

  void choose_blocks() {
    // Some rows of A at a time, where they are packed and where sums wait for their end.
    constexpr Index kBand = 64;
    blocking_.band = even_part(shape_.m, kBand, tile_rows_);
    blocking_.cols = even_part(shape_.n, std::max(tile_cols_, block_cols()), tile_cols_);
    blocking_.rows = shape_.m;
    // Sums that are neither C's own nor complete after one pass take memory: a quarter of the second level, or half.
    constexpr Index kSum = 4;
    const bool wait = !shape_.direct && blocking_.steps < shape_.steps;
    if (wait) blocking_.rows = even_part(shape_.m, cache_.l2 / 4 / (blocking_.cols * kSum), blocking_.band);
  }

  Index block_cols() const {
    const Index step_bytes = blocking_.steps * shape_.unit;
    if (blocking_.by_columns) {
      // Panels, and columns that are read once, go by one after the other, each to its end.
      const bool to_the_end = b_.panels || (one_slab_ && b_.k_stride == size_of(b_.type));
      return to_the_end ? tile_cols_ : cache_.l2 / 5 / step_bytes;  // the next ones are fetched meanwhile
    }
    return cache_.l2 / 2 / step_bytes;
  }

  void force() {
    if (forced_.rows > 0) blocking_.rows = forced_.rows, blocking_.band = std::max<Index>(1, forced_.rows / 2);
    if (forced_.cols > 0) blocking_.cols = forced_.cols;
    if (forced_.pack == 1) blocking_.pack_a = blocking_.pack_b = true, blocking_.strided_b = false;
    if (forced_.pack == 0) blocking_.pack_a = !reads_a_, blocking_.pack_b = !reads_b_;
  }

  // Packed operands are not cut across their panels.
  void keep_panels_whole() {
    const auto whole = [](Index size, Index segment) {
      return segment == 0 ? size : ceil_div(size, segment) * segment;
    };
    if (blocking_.by_columns) blocking_.band = blocking_.rows;
    blocking_.rows = whole(blocking_.rows, a_.segment());
    blocking_.band = whole(std::min(blocking_.band, blocking_.rows), a_.segment());
    blocking_.cols = whole(blocking_.cols, b_.segment());
  }

  bool large_tiles() const { return tiles_.row_unit > 1; }

  const CacheSizes& cache_ = cache_sizes();
  const ForcedBlocking& forced_ = forced_blocking();
  const DenseShape& shape_;
  const DenseOperand &a_, &b_;
  const kernels::TileSet& tiles_;
  Index tile_rows_, tile_cols_;
  bool one_slab_;
  bool reads_a_ = false, reads_b_ = false;  // where they lie
  DenseBlocking blocking_;
};

}  // namespace

ForcedBlocking& forced_blocking() {
  static ForcedBlocking forced;
  return forced;
}

DenseBlocking choose_blocking(const DenseShape& shape, const DenseOperand& a, const DenseOperand& b,
                              kernels::Packed packed, const kernels::TileSet& tiles, int threads) {
  return Choice(shape, a, b, packed, tiles, threads).choose();
}

}  // namespace septet::detail
