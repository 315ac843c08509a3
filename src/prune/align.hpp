// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Rows of weights in an order in which those that need the same columns share a tile.
#pragma once

#include "septet/types.hpp"

#include <vector>

namespace septet::network::pruning {

/// What is kept of `scores` (row-major, finite, none negative) if `order` is cut into tiles of `tile` rows, the last
/// one maybe lower, and of all tiles' columns the tiles * kept_columns best stay: so many cycles. A column of a tile
/// has the sum of its rows' scores.
double kept_score(const std::vector<double>& scores, Index rows, Index cols, Index tile, Index kept_columns,
                  const std::vector<Index>& order);

/// An order of the rows (place i: which row comes there) with a high kept_score(), never less than that of the given
/// one, which is returned where no better one is found. Rows of a tile ascend. Tiles are built one by one, then pairs
/// of rows change places while that helps, as Pool and Yu (NeurIPS 2021) do for N:M. Deterministic; no
/// randomness. Steps: rows^2 * kept_columns / 2 to build, then at most 5 * 10^8; memory of rows * cols / tile doubles.
std::vector<Index> aligned_rows(const std::vector<double>& scores, Index rows, Index cols, Index tile,
                                Index kept_columns);

}  // namespace septet::network::pruning
