// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Format::automatic: the format that takes the least time on this CPU, by a model of a few costs that are measured
// once.
//
//   dense          M K f(N)                                                   f, g: measured for one to eight vectors
//   of csr, tcsr      sum over B's panels of  elements f(V) + pieces g(V)        columns; a piece is a row, or its part
//   of a bsr            sum over B's panels of  steps f(V) + strips g(V)           tile tsb            steps f(N) +
//   tiles g(N), N at most 4
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
/// for A's type on the target in use: some 20 ms.
Choice choose_format(const CsrArrays& a, const PackOptions& options);

}  // namespace septet::detail
