// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "images_layer.hpp"

namespace septet::network {

/// A matrix of weights, row by row.
template <class T>
struct RowWeights {
  const T* data;
  Index rows, cols;
  Zeros zeros;

  /// Has column k anything to multiply in rows m0 to m1 - 1?
  bool is_live(Index m0, Index m1, Index k) const {
    if (zeros == Zeros::kept) return true;
    for (Index m = m0; m < m1; ++m) {
      if (data[m * cols + k] != 0) return true;
    }
    return false;
  }
};

}  // namespace septet::network
