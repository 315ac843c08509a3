// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where A's non-zeros are: all that the cycle model wants to know of A's values. Reads A through the public views
// only, so that the model owes nothing to the packing and the Plan that it is compared with.
#pragma once

#include "septet/spmm.hpp"

#include <vector>

namespace septet::emulation::cycle_model {

/// Wide enough for every sum and product of checked sizes: dimensions multiply to less than 2^63, and a fold costs
/// at most a few array heights and a few bytes per word more than it has steps and words.
__extension__ typedef __int128 Wide;

constexpr Wide ceil_div(Wide a, Wide b) { return a / b + (a % b != 0); }

/// What the tiles of a dataflow are made of: columns of A (m-tiles), rows of A (k-tiles), or nothing that depends on
/// A's values (dense dataflows), where counting is enough.
enum class Vectors { none, columns, rows };

/// The non-zeros of vector v lie at positions[offsets[v]] … positions[offsets[v + 1] - 1], ascending.
/// Vectors::none leaves both lists empty.
struct Pattern {
  Index nnz = 0;
  Index vectors = 0;  ///< columns or rows of A
  Index length = 0;   ///< elements of one vector, zeros included
  std::vector<Index> offsets;
  std::vector<Index> positions;
};

/// Pointers and strides of A, without following them.
Status check_pointers(const Weights& a);

/// Reads A once or twice and checks the structure of a sparse view before trusting it. An element is zero when it
/// compares equal to zero (NaN does not, -0 does), or for s8 and u8 to `zero_point`.
Status read_pattern(const Weights& a, int zero_point, Vectors vectors, Pattern& pattern);

}  // namespace septet::emulation::cycle_model
