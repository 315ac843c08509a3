// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Dense operands: a pointer, a shape and two strides over memory that the caller owns. Element (i, j) lies at
// data[i * row_stride + j * col_stride]; strides count elements and may be any integer, so a transpose is a swap
// of two numbers and nobody ever has to copy one. Padding between rows is never read or written.
//
//   float* x = …;                                       // 5 x 3, rows padded to 8
//   auto a = septet::row_major(x, 5, 3, 8);
//   auto a_transposed = a.transposed();                 // 3 x 5, same memory
#pragma once

#include "septet/types.hpp"

namespace septet {

/// A view that knows its element type at compile time. `MatrixView<const T>` is read-only.
template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;  ///< elements from (i, j) to (i + 1, j)
  Index col_stride = 1;  ///< elements from (i, j) to (i, j + 1)

  T& operator()(Index i, Index j) const { return data[i * row_stride + j * col_stride]; }
  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
  /// The `height` x `width` part that begins at (i, j).
  MatrixView block(Index i, Index j, Index height, Index width) const {
    return {data + i * row_stride + j * col_stride, height, width, row_stride, col_stride};
  }
  operator MatrixView<const T>() const {  // NOLINT(google-explicit-constructor)
    return {data, rows, cols, row_stride, col_stride};
  }
};

/// Rows one after the other, `ld` elements apart (0: no padding).
template <class T>
MatrixView<T> row_major(T* data, Index rows, Index cols, Index ld = 0) {
  return {data, rows, cols, ld == 0 ? cols : ld, 1};
}

/// Columns one after the other, `ld` elements apart (0: no padding).
template <class T>
MatrixView<T> column_major(T* data, Index rows, Index cols, Index ld = 0) {
  return {data, rows, cols, 1, ld == 0 ? rows : ld};
}

/// One value per row, the same in every column: a bias over A's rows as an M x N operand.
template <class T>
MatrixView<T> per_row(T* data, Index rows, Index cols) {
  return {data, rows, cols, 1, 0};
}

/// One value per column, the same in every row.
template <class T>
MatrixView<T> per_column(T* data, Index rows, Index cols) {
  return {data, rows, cols, 0, 1};
}

/// One value for all elements.
template <class T>
MatrixView<T> per_tensor(T* data, Index rows, Index cols) {
  return {data, rows, cols, 0, 0};
}

/// A read-only view whose element type is known at run time only; what the calls take.
struct ConstMatrix {
  const void* data = nullptr;
  Type type = Type::f32;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;
  Index col_stride = 1;

  ConstMatrix() = default;
  ConstMatrix(const void* data_, Type type_, Index rows_, Index cols_, Index row_stride_, Index col_stride_)
      : data(data_), type(type_), rows(rows_), cols(cols_), row_stride(row_stride_), col_stride(col_stride_) {}
  template <class T>
  ConstMatrix(const MatrixView<T>& v)  // NOLINT(google-explicit-constructor): a view is a view
      : ConstMatrix(v.data, type_of<T>(), v.rows, v.cols, v.row_stride, v.col_stride) {}
};

/// As ConstMatrix, but may be written: the output.
struct Matrix {
  void* data = nullptr;
  Type type = Type::f32;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;
  Index col_stride = 1;

  Matrix() = default;
  Matrix(void* data_, Type type_, Index rows_, Index cols_, Index row_stride_, Index col_stride_)
      : data(data_), type(type_), rows(rows_), cols(cols_), row_stride(row_stride_), col_stride(col_stride_) {}
  template <class T>
  Matrix(const MatrixView<T>& v)  // NOLINT(google-explicit-constructor)
      : Matrix(v.data, type_of<T>(), v.rows, v.cols, v.row_stride, v.col_stride) {
    static_assert(!std::is_const_v<T>, "septet: an output must be a view of non-const elements");
  }
  operator ConstMatrix() const {  // NOLINT(google-explicit-constructor)
    return {data, type, rows, cols, row_stride, col_stride};
  }
};

}  // namespace septet
