// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse operands over the caller's own arrays: compressed sparse rows (CSR) and columns (CSC).
//
//   CSR: row i holds values[row_ptr[i] … row_ptr[i+1]) in columns col_idx[…];  rows + 1 offsets, the first 0.
//   CSC: column j holds values[col_ptr[j] … col_ptr[j+1]) in rows row_idx[…];  cols + 1 offsets, the first 0.
//
// Indices are 0-based and strictly ascending within a row (CSR) or column (CSC): no duplicates. A stored value that
// compares equal to zero (to the zero point, where there is one) counts as a zero and is skipped like one that is
// not stored. Offsets and indices are int32_t or int64_t, both of the same type.
#pragma once

#include "septet/types.hpp"

namespace septet {

/// A CSR or CSC view whose types are known at run time only; what the calls take. Build it with csr() or csc().
struct SparseView {
  enum class Major : std::uint8_t { row, column };

  Major major = Major::row;
  Type type = Type::f32;
  int index_bytes = 4;  ///< 4 or 8: the size of an element of `offsets` and `indices`
  Index rows = 0;
  Index cols = 0;
  const void* offsets = nullptr;
  const void* indices = nullptr;
  const void* values = nullptr;
};

namespace detail {
template <class T, class I>
SparseView sparse_view(SparseView::Major major, Index rows, Index cols, const I* offsets, const I* indices,
                       const T* values) {
  static_assert(std::is_same_v<I, std::int32_t> || std::is_same_v<I, std::int64_t>,
                "septet: offsets and indices of a sparse view are int32_t or int64_t");
  return {major, type_of<T>(), static_cast<int>(sizeof(I)), rows, cols, offsets, indices, values};
}
}  // namespace detail

template <class T, class I>
SparseView csr(Index rows, Index cols, const I* row_ptr, const I* col_idx, const T* values) {
  return detail::sparse_view(SparseView::Major::row, rows, cols, row_ptr, col_idx, values);
}

template <class T, class I>
SparseView csc(Index rows, Index cols, const I* col_ptr, const I* row_idx, const T* values) {
  return detail::sparse_view(SparseView::Major::column, rows, cols, col_ptr, row_idx, values);
}

}  // namespace septet
