// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "csr.hpp"

#include <cstring>

namespace septet::detail {
namespace {

template <class T>
CsrArrays from_dense(const ConstMatrix& a, int zero_point) {
  CsrArrays csr;
  csr.rows = a.rows, csr.cols = a.cols, csr.type = a.type;
  csr.row_ptr.reserve(static_cast<std::size_t>(a.rows) + 1);
  std::vector<T> values;
  for (Index i = 0; i < a.rows; ++i) {
    const T* row = static_cast<const T*>(a.data) + i * a.row_stride;
    for (Index k = 0; k < a.cols; ++k) {
      const T value = row[k * a.col_stride];
      if (is_zero(value, zero_point)) continue;
      csr.col_idx.push_back(static_cast<std::int32_t>(k));
      values.push_back(value);
    }
    csr.row_ptr.push_back(static_cast<Index>(values.size()));
  }
  csr.values.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(csr.values.data(), values.data(), csr.values.size());
  return csr;
}

// Visits the stored non-zeros of a sparse view, major by major: f(major, minor, value).
template <class T, class I, class F>
void for_each_stored(const SparseView& a, int zero_point, F&& f) {
  const Index majors = a.layout == SparseView::Layout::csr ? a.rows : a.cols;
  const I* offsets = static_cast<const I*>(a.offsets);
  const I* indices = static_cast<const I*>(a.indices);
  const T* values = static_cast<const T*>(a.values);
  for (Index major = 0; major < majors; ++major) {
    for (Index p = offsets[major]; p < static_cast<Index>(offsets[major + 1]); ++p) {
      if (!is_zero(values[p], zero_point)) f(major, static_cast<Index>(indices[p]), values[p]);
    }
  }
}

template <class T, class I>
CsrArrays from_sparse(const SparseView& a, int zero_point) {
  CsrArrays csr;
  csr.rows = a.rows, csr.cols = a.cols, csr.type = a.type;
  const bool by_rows = a.layout == SparseView::Layout::csr;
  csr.row_ptr.assign(static_cast<std::size_t>(a.rows) + 1, 0);
  for_each_stored<T, I>(a, zero_point,
                        [&](Index major, Index minor, T) { ++csr.row_ptr[(by_rows ? major : minor) + 1]; });
  for (Index i = 0; i < a.rows; ++i) csr.row_ptr[i + 1] += csr.row_ptr[i];
  csr.col_idx.resize(csr.nnz());
  csr.values.resize(csr.nnz() * sizeof(T));
  std::vector<Index> next(csr.row_ptr.begin(), csr.row_ptr.end() - 1);
  // Majors ascend, so the columns of every row come out ascending from either orientation.
  for_each_stored<T, I>(a, zero_point, [&](Index major, Index minor, T value) {
    const Index p = next[by_rows ? major : minor]++;
    csr.col_idx[p] = static_cast<std::int32_t>(by_rows ? minor : major);
    std::memcpy(csr.values.data() + p * sizeof(T), &value, sizeof(T));
  });
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
