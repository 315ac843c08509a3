// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Format::automatic: the format that takes the least time on this CPU, by a model of a few costs that are measured
// once. Sums are over the panels that B's columns are cut into, of V vectors each:
//
//   dense        elements of A, zeros and all, times f(columns)
//   csr, tcsr    sum of elements f(V) + pieces g(V)       a piece: a row, or its part of a tile
//   bsr          sum of steps f(V) + strips g(V)          a step: a strip's elements of one k
//   sell         elements f + slices g                    one column only
//   tsb          steps f(columns) + tiles g(columns)      up to four
//
// and none takes less than reading its bytes does.
#pragma once

#include "formats/storage.hpp"

#include <string>

namespace septet::detail {

struct Choice {
  PackOptions options;  ///< format, dataflow and what belongs to them; no automatic
  std::string why;      ///< "tcsr: 0.31 ms predicted for 196 columns; csr 0.35, dense 0.62"
};

/// Whether there is something to choose: nothing is asked for that decides it, and the product to come is worth asking
/// what it costs.
bool is_open(Index rows, Index cols, const PackOptions& options);

/// For A (as CSR) and the B that options.expected_cols expects. Measures the costs first, if this process has not yet
/// for A's type on the target in use: some 40 ms.
/// Dense is not among them unless `dense_too`.
Choice choose_format(const CsrArrays& a, const PackOptions& options, bool dense_too = true);

}  // namespace septet::detail
