// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "csr.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace septet::detail {
namespace {

// Counted first: arrays that grow would take twice the memory for a while.
template <class T>
CsrArrays from_dense(const ConstMatrix& a, int zero_point) {
  CsrArrays csr;
  csr.rows = a.rows, csr.cols = a.cols, csr.type = a.type;
  csr.row_ptr.reserve(static_cast<std::size_t>(a.rows) + 1);
  const auto row = [&](Index i) { return static_cast<const T*>(a.data) + i * a.row_stride; };
  for (Index i = 0; i < a.rows; ++i) {
    const T* elements = row(i);
    Index count = 0;
    for (Index k = 0; k < a.cols; ++k) count += !is_zero(elements[k * a.col_stride], zero_point);
    csr.row_ptr.push_back(csr.row_ptr.back() + count);
  }
  csr.col_idx.resize(csr.nnz());
  csr.values.resize(csr.nnz() * sizeof(T));
  T* value = reinterpret_cast<T*>(csr.values.data());
  std::int32_t* column = csr.col_idx.data();
  for (Index i = 0; i < a.rows; ++i) {
    const T* elements = row(i);
    for (Index k = 0; k < a.cols; ++k) {
      if (is_zero(elements[k * a.col_stride], zero_point)) continue;
      *column++ = static_cast<std::int32_t>(k);
      *value++ = elements[k * a.col_stride];
    }
  }
  return csr;
}

// Visits the stored non-zeros of a sparse view: f(row, column, value). Columns of a row ascend, but for COO.
template <class T, class I, class F>
void for_each_compressed(const SparseView& a, int zero_point, F&& f) {
  const bool by_rows = a.layout == SparseView::Layout::csr;
  const Index majors = by_rows ? a.rows : a.cols;
  const I* offsets = static_cast<const I*>(a.offsets);
  const I* indices = static_cast<const I*>(a.indices);
  const T* values = static_cast<const T*>(a.values);
  for (Index major = 0; major < majors; ++major) {
    for (Index p = offsets[major]; p < static_cast<Index>(offsets[major + 1]); ++p) {
      if (is_zero(values[p], zero_point)) continue;
      const auto minor = static_cast<Index>(indices[p]);
      by_rows ? f(major, minor, values[p]) : f(minor, major, values[p]);
    }
  }
}

template <class T, class I, class F>
void for_each_coordinate(const SparseView& a, int zero_point, F&& f) {
  const I* rows = static_cast<const I*>(a.offsets);
  const I* cols = static_cast<const I*>(a.indices);
  const T* values = static_cast<const T*>(a.values);
  for (Index p = 0; p < a.nnz; ++p) {
    if (!is_zero(values[p], zero_point)) f(static_cast<Index>(rows[p]), static_cast<Index>(cols[p]), values[p]);
  }
}

template <class T, class I, class F>
void for_each_in_blocks(const SparseView& a, int zero_point, F&& f) {
  const Index height = a.block_rows, width = a.block_cols;
  const I* offsets = static_cast<const I*>(a.offsets);
  const I* indices = static_cast<const I*>(a.indices);
  const T* values = static_cast<const T*>(a.values);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index block = offsets[i / height]; block < static_cast<Index>(offsets[i / height + 1]); ++block) {
      const T* line = values + (block * height + i % height) * width;
      for (Index e = 0; e < width; ++e) {
        if (!is_zero(line[e], zero_point)) f(i, static_cast<Index>(indices[block]) * width + e, line[e]);
      }
    }
  }
}

template <class T, class I, class F>
void for_each_stored(const SparseView& a, int zero_point, F&& f) {
  if (a.offsets == nullptr) return;  // validated: there is nothing
  if (a.layout == SparseView::Layout::coo) return for_each_coordinate<T, I>(a, zero_point, f);
  if (a.layout == SparseView::Layout::bsr) return for_each_in_blocks<T, I>(a, zero_point, f);
  for_each_compressed<T, I>(a, zero_point, f);
}

// COO comes in any order: the columns of every row, and their values, ascending.
template <class T>
void sort_rows(CsrArrays& csr) {
  T* values = reinterpret_cast<T*>(csr.values.data());
  std::vector<std::pair<std::int32_t, T>> row;
  for (Index i = 0; i < csr.rows; ++i) {
    const Index begin = csr.row_ptr[i], end = csr.row_ptr[i + 1];
    if (std::is_sorted(csr.col_idx.begin() + begin, csr.col_idx.begin() + end)) continue;
    row.clear();
    for (Index p = begin; p < end; ++p) row.emplace_back(csr.col_idx[p], values[p]);
    std::sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    for (Index p = begin; p < end; ++p) std::tie(csr.col_idx[p], values[p]) = row[p - begin];
  }
}

template <class T, class I>
CsrArrays from_sparse(const SparseView& a, int zero_point) {
  CsrArrays csr;
  csr.rows = a.rows, csr.cols = a.cols, csr.type = a.type;
  csr.row_ptr.assign(static_cast<std::size_t>(a.rows) + 1, 0);
  for_each_stored<T, I>(a, zero_point, [&](Index row, Index, T) { ++csr.row_ptr[row + 1]; });
  for (Index i = 0; i < a.rows; ++i) csr.row_ptr[i + 1] += csr.row_ptr[i];
  csr.col_idx.resize(csr.nnz());
  csr.values.resize(csr.nnz() * sizeof(T));
  std::vector<Index> next(csr.row_ptr.begin(), csr.row_ptr.end() - 1);
  for_each_stored<T, I>(a, zero_point, [&](Index row, Index col, T value) {
    const Index p = next[row]++;
    csr.col_idx[p] = static_cast<std::int32_t>(col);
    std::memcpy(csr.values.data() + p * sizeof(T), &value, sizeof(T));
  });
  if (a.layout == SparseView::Layout::coo) sort_rows<T>(csr);
  return csr;
}

}  // namespace

CsrArrays csr_from(const ConstMatrix& a, int zero_point) {
  return with_type(a.type, [&](auto* tag) { return from_dense<std::remove_pointer_t<decltype(tag)>>(a, zero_point); });
}

CsrArrays csr_from(const SparseView& a, int zero_point) {
  return with_type(a.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    return a.index_bytes == 4 ? from_sparse<T, std::int32_t>(a, zero_point)
                              : from_sparse<T, std::int64_t>(a, zero_point);
  });
}

void expand(const CsrArrays& csr, int zero_point, const Matrix& a) {
  with_type(csr.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    for (Index i = 0; i < a.rows; ++i) {
      T* row = static_cast<T*>(a.data) + i * a.row_stride;
      for (Index k = 0; k < a.cols; ++k) row[k * a.col_stride] = zero_element<T>(zero_point);
      for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
        std::memcpy(row + csr.col_idx[p] * a.col_stride, csr.values.data() + p * sizeof(T), sizeof(T));
      }
    }
  });
}

}  // namespace septet::detail
