// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A cut into the tiles of a dataflow, as the dataflow contract (docs/dataflows.md, sections 3 and 4) defines them:
// m-tiles of H rows (OS) or W rows (WS), k-tiles of H columns (IS). A tile is what all folds over the same piece of
// A have in common; the folds themselves are made in cycle_folds.
#pragma once

#include "cycle_pattern.hpp"

#include <vector>

namespace septet::emulation::cycle_model {

/// WS only: columns of an m-tile (live ones, in sWS) that follow each other and have the same number of non-zeros.
struct ColumnRun {
  Index columns = 0;
  Index nonzeros = 0;  ///< of each
};

/// WS only: the up to H columns that one fold keeps stationary.
struct Slice {
  Wide depth = 0;  ///< how many columns
  Wide nonzeros = 0;
  Wide repeat = 0;  ///< so many equal ones follow each other
};

/// Vectors are the columns of an m-tile and the rows of a k-tile.
struct Tile {
  Wide height = 0;  ///< rows of an m-tile, columns of a k-tile
  Wide live = 0;    ///< vectors that have a non-zero
  Wide steps = 0;   ///< what an OS or IS fold streams: the live vectors, or csOS's groups of them
  Wide nonzeros = 0;
  Wide resumed = 0;  ///< IS: live rows that are live in an earlier tile too
  Wide gap = 0;      ///< IS: Z of section 7, from this tile's fold to the next tile's
  Wide repeat = 1;   ///< so many equal ones follow each other
  std::vector<ColumnRun> columns;
};

/// How A is cut. Nothing else of an array has a say in it, so arrays with equal tilings share their tiles.
struct Tiling {
  Dataflow dataflow = Dataflow::dOS;
  Index height = 0;  ///< of a tile: H, for WS W
  Combine combine;   ///< csOS only
};

constexpr bool is_weight_stationary(Dataflow d) { return d == Dataflow::dWS || d == Dataflow::sWS; }
constexpr bool is_input_stationary(Dataflow d) { return d == Dataflow::dIS || d == Dataflow::sIS; }

Tiling tiling_of(Dataflow dataflow, const ArrayShape& array, const Combine& combine);

/// Tiles of an m x k matrix without zeros: a handful, whatever the size. Dense dataflows take every matrix for one.
std::vector<Tile> cut_full(Index m, Index k, const Tiling& tiling);

/// Tiles of a pattern whose vectors are the columns (sOS, sWS, csOS) or the rows (sIS) of A.
std::vector<Tile> cut_pattern(const Pattern& pattern, const Tiling& tiling);

/// sWS (section 4): the list of live columns, `depth` = H of them per fold; dWS alike, with every column in the list.
std::vector<Slice> cut_slices(const Tile& tile, Index depth);

}  // namespace septet::emulation::cycle_model
