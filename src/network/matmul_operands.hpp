// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The matrices that MatMul multiplies: which of them, and where they lie.
#pragma once

#include "septet/network/tensor.hpp"

namespace septet::network {

/// Which of x1's matrices goes with matrix `at` of x0: a dimension of 1, or none, is the same for all.
inline Index partner_of(Index at, const std::vector<Index>& x0, const std::vector<Index>& x1) {
  Index partner = 0, matrices = 1;
  for (std::size_t i = 3; i <= x0.size(); ++i) {  // from the last of the dimensions before a matrix's two
    const Index size = x0[x0.size() - i], here = at % size;
    at /= size;
    if (i > x1.size()) continue;
    const Index own = x1[x1.size() - i];
    if (own > 1) partner += here * matrices;
    matrices *= own;
  }
  return partner;
}

/// Matrix `at` of x, rows x cols; transposed: it lies there as cols x rows.
inline ConstMatrix matrix_of(const Tensor& x, Index at, Index rows, Index cols, bool transposed) {
  const Type type = x.info().type;
  const std::byte* data = x.as<std::byte>() + at * rows * cols * size_of(type);
  return transposed ? ConstMatrix(data, type, rows, cols, 1, rows) : ConstMatrix(data, type, rows, cols, cols, 1);
}

}  // namespace septet::network
