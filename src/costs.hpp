// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the parts of a product cost on this CPU, measured once per process, target and element type. One thread: what
// threads gain, they gain for all formats.
#pragma once

#include "septet/types.hpp"

namespace septet::detail {

/// Nanoseconds. `element`: one element of A against a panel of B; `piece`: beginning and ending a list of them.
struct ListCost {
  double element = 0;
  double piece = 0;
};

constexpr int kCostVectors[] = {1, 2, 4, 8};                       ///< panels that were measured
constexpr Index kCostCols[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};  ///< columns that dense products were measured with
constexpr int kCostHeights[] = {1, 2, 4, 8};                       ///< rows of bsr's strips

struct Costs {
  Index lanes = 1;           ///< columns per vector
  double dense[9] = {};      ///< per element of A, by kCostCols
  ListCost csr[4], tcsr[4];  ///< by kCostVectors
  ListCost csr_column;       ///< … against one column
  ListCost sell_column;      ///< sell against one column; a piece is a slice
  ListCost expand[4];        ///< per step and tile of 16 rows, 1 to 4 columns; 0: no such kernel
  ListCost bsr[4];           ///< per step of a strip and its widest panel, by kCostHeights
  int bsr_vectors[4] = {};   ///< that panel
  Index bsr_group = 1;       ///< columns of A in a step: 4 where bytes are multiplied so
  double byte = 0;           ///< read from beyond the second-level cache
};

/// Of products with an A of this type.
const Costs& costs_of(Type type);

}  // namespace septet::detail
