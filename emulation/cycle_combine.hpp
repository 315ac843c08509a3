// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// csOS: how many steps the live columns of an m-tile combine into.
#pragma once

#include "septet/types.hpp"

namespace septet::emulation::cycle_model {

/// The non-zeros that one vector has within one tile: positions[begin] … positions[end - 1] of the pattern.
struct Piece {
  Index vector = 0, begin = 0, end = 0;
  Index count() const { return end - begin; }
};

/// Where the pieces of an m-tile have their rows; `start` is the tile's first.
struct TileRows {
  const Index* positions = nullptr;
  Index start = 0;
  Index height = 0;
};

/// Steps of one m-tile by the policy of the dataflow contract (docs/dataflows.md, section 4). `begin` … `end` are the
/// tile's live columns in ascending order.
Index combined_steps(const TileRows& rows, const Piece* begin, const Piece* end, const Combine& combine);

}  // namespace septet::emulation::cycle_model
