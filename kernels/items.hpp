// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels for batches of small products. Where a product takes ten nanoseconds, a call per product
// is a third of them: these loop over the products themselves, and know some of the sizes.
//
//   for i = 0 … count - 1:   C_i <- A_i * B_i (+ C_i),   x_i at x + i * x_item
//
// The operands lie as in a TileCall, A's steps and the columns of B and C side by side; one chain per output, k
// ascending.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

/// Every stride is in bytes.
struct ItemsCall {
  Index m = 0, n = 0, k = 0;
  Index count = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  Index a_row = 0, b_step = 0, c_row = 0;
  Index a_item = 0, b_item = 0, c_item = 0;
  bool zero = false;  ///< C is not read: it counts as zero
  bool far = false;   ///< the operands of all items do not fit the second-level cache
  /// C is written past the caches, which would otherwise fetch it first: with `zero`, C on a cache line and all items
  /// without a gap.
  bool stream = false;
};

using ItemsKernel = void (*)(const ItemsCall&);

}  // namespace septet::kernels
