// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse operands over the caller's own arrays: compressed sparse rows (CSR) and columns (CSC), coordinates (COO),
// blocks (BSR).
//
//   CSR: row i holds values[row_ptr[i] … row_ptr[i+1]) in columns col_idx[…];  rows + 1 offsets, the first 0.
//   CSC: column j holds values[col_ptr[j] … col_ptr[j+1]) in rows row_idx[…];  cols + 1 offsets, the first 0.
//   COO: element p is values[p] at (row_idx[p], col_idx[p]), in any order.
//   BSR: block row i holds the blocks block_ptr[i] … block_ptr[i+1]) in block columns block_idx[…], as CSR does
//        elements; a block is block_rows x block_cols values, row-major, and the shape a multiple of it.
//
// Indices are 0-based; those of CSR, CSC and BSR strictly ascend within a row, column or block row. No format may hold
// an element twice. A stored value that compares equal to zero (to the zero point, where there is one) counts as a
// zero and is skipped like one that is not stored. Offsets and indices are int32_t or int64_t, both of the same type.
#pragma once

#include "septet/types.hpp"

namespace septet {

/// A sparse view whose types are known at run time only; what the calls take. Build it with csr(), csc(), coo(), bsr().
struct SparseView {
  enum class Layout : std::uint8_t { csr, csc, coo, bsr };

  Layout layout = Layout::csr;
  Type type = Type::f32;
  int index_bytes = 4;  ///< 4 or 8: the size of an element of `offsets` and `indices`
  Index rows = 0;
  Index cols = 0;
  const void* offsets = nullptr;  ///< COO: the row indices
  const void* indices = nullptr;
  const void* values = nullptr;
  Index nnz = 0;         ///< COO only: elements; the others' offsets say it
  Index block_rows = 1;  ///< BSR only
  Index block_cols = 1;
};

namespace detail {
template <class T, class I>
SparseView sparse_view(SparseView::Layout layout, Index rows, Index cols, const I* offsets, const I* indices,
                       const T* values) {
  static_assert(std::is_same_v<I, std::int32_t> || std::is_same_v<I, std::int64_t>,
                "septet: offsets and indices of a sparse view are int32_t or int64_t");
  return {layout, type_of<T>(), static_cast<int>(sizeof(I)), rows, cols, offsets, indices, values};
}
}  // namespace detail

template <class T, class I>
SparseView csr(Index rows, Index cols, const I* row_ptr, const I* col_idx, const T* values) {
  return detail::sparse_view(SparseView::Layout::csr, rows, cols, row_ptr, col_idx, values);
}

template <class T, class I>
SparseView csc(Index rows, Index cols, const I* col_ptr, const I* row_idx, const T* values) {
  return detail::sparse_view(SparseView::Layout::csc, rows, cols, col_ptr, row_idx, values);
}

template <class T, class I>
SparseView coo(Index rows, Index cols, Index nnz, const I* row_idx, const I* col_idx, const T* values) {
  SparseView view = detail::sparse_view(SparseView::Layout::coo, rows, cols, row_idx, col_idx, values);
  view.nnz = nnz;
  return view;
}

template <class T, class I>
SparseView bsr(Index rows, Index cols, Index block_rows, Index block_cols, const I* block_ptr, const I* block_idx,
               const T* values) {
  SparseView view = detail::sparse_view(SparseView::Layout::bsr, rows, cols, block_ptr, block_idx, values);
  view.block_rows = block_rows, view.block_cols = block_cols;
  return view;
}

}  // namespace septet
