// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How a dense product is cut for this CPU's caches and threads. Nothing here touches the order of a sum.
#pragma once

#include "dense_operand.hpp"

namespace septet::detail {

/// Loop nest, outermost first:
///   blocks of C, rows x cols: shared among the threads
///     steps of k at a time: the block's panels of B stay in the second-level cache
///       bands of rows: their part of A is packed, if it has to be
///         slabs, one tile high: their part of A stays in the first-level cache
///           tiles
/// With few rows (`by_columns`), columns of tiles instead of slabs: one panel of B in the first level, A in the second.
struct DenseBlocking {
  Index rows = 0;   ///< per block
  Index cols = 0;   ///< per block
  Index steps = 0;  ///< per pass over k
  Index band = 0;   ///< rows per band
  bool pack_a = false;
  bool pack_b = false;
  bool strided_b = false;   ///< B's columns lie along k and are read there
  bool by_columns = false;  ///< tiles top to bottom, column by column, instead of slab by slab; one band
  int threads = 1;
  const char *why_order = "", *why_a = "", *why_b = "";  ///< reasons, for explain()
};

/// The shape of a product, in the orientation in which it will run.
struct DenseShape {
  Index m = 0;
  Index n = 0;
  Index steps = 0;
  Index unit = 4;                           ///< bytes of an element group
  Index fold = 0;                           ///< steps per fold; a pass holds whole folds
  bool direct = true;                       ///< sums are C's own elements
  bool copies_a = false, copies_b = false;  ///< whether or not it is worth it
};

DenseBlocking choose_blocking(const DenseShape& shape, const DenseOperand& a, const DenseOperand& b,
                              kernels::Packed packed, const kernels::TileSet& tiles, int threads);

/// For tests: block sizes that every product is then cut into (0: chosen as usual), packing forced or not.
struct ForcedBlocking {
  Index rows = 0, cols = 0, steps = 0;
  int pack = -1;             ///< 1: both operands are packed; 0: none that need not be; -1: as usual
  int by_columns = -1;       ///< 1, 0: that order, or slab by slab; -1: as usual
  bool large_tiles = false;  ///< even for small products
};
ForcedBlocking& forced_blocking();

}  // namespace septet::detail
