// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Arguments of a GEMM as BLAS numbers them, and the one form in which they go on.
#pragma once

#include "septet/matrix_view.hpp"

namespace septet::blas {

enum class Op : std::uint8_t { none, transpose, conjugate_transpose, bad };

/// 'N', 'T', 'C' in either case (Fortran).
Op op_of(char letter);
/// CblasNoTrans 111, CblasTrans 112, CblasConjTrans 113.
Op op_of(int cblas);

constexpr int kRowMajor = 101, kColMajor = 102;

/// C <- alpha * op(A) * op(B) + beta * C with C's rows one after the other: what every call becomes.
struct Product {
  Op a_op = Op::none, b_op = Op::none;
  Index m = 0, n = 0, k = 0;
  const void* a = nullptr;
  Index lda = 0;
  const void* b = nullptr;
  Index ldb = 0;
  void* c = nullptr;
  Index ldc = 0;

  bool empty() const { return m == 0 || n == 0; }
  /// op(A), m x k. Elements of a real type.
  ConstMatrix left(Type type) const;
  /// op(B), k x n.
  ConstMatrix right(Type type) const;
  Matrix result(Type type) const { return {c, type, m, n, ldc, 1}; }
};

/// C^T = op(B)^T * op(A)^T: a product of column-major matrices as one of row-major ones, and the other way round.
Product transposed(const Product& x);

/// The first bad argument of the column-major product `x`, in netlib's order: its number as Fortran counts, or 0.
///   transa 1, transb 2, m 3, n 4, k 5, lda 8, ldb 10, ldc 13
int first_bad(const Product& x);

/// The same for a C function that has this layout.
struct CCheck {
  int info = 0;  ///< as C counts: layout 1, transa 2, transb 3, m 4, n 5, k 6, lda 9, ldb 11, ldc 14
  int raw = 0;   ///< what netlib's cblas_xerbla() is called with: of a row-major product, that of the transposed one
};
CCheck first_bad(int layout, const Product& product);

}  // namespace septet::blas
