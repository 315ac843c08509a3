// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse products on the CPU, straight from the arrays of a format of rows, columns or blocks
// (formats/arrays.hpp). One chain per output, k ascending: the order of in-order csOS.
#pragma once

#include "epilogue.hpp"
#include "formats/storage.hpp"
#include "septet/explain.hpp"

namespace septet::detail {

/// Whether multiply_lists() takes this A: one of its formats.
bool has_lists(const PackedStorage& a);

/// A B that lies nowhere as rows: whoever has its elements copies them to where they are multiplied.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  /// Rows [k0, k1) of columns [n0, n0 + cols), elements of the sums' type, to rows of `width` at `to`, with zeros
  /// behind the last column. From several threads at once.
  virtual void copy(Index k0, Index k1, Index n0, Index cols, Index width, std::byte* to) const = 0;
};

/// C <- epilogue(A * B). With `instead`, nothing runs: it is filled with what would. Throws std::bad_alloc, before C is
/// touched. With `source`, of f32, it has B's elements, and `b` no more than their type and number.
void multiply_lists(const PackedStorage& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                    Explanation* instead, const ColumnSource* source = nullptr);

}  // namespace septet::detail
