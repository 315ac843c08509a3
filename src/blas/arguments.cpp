// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <algorithm>

namespace septet::blas {

Op op_of(char letter) {
  switch (letter) {
    case 'N':
    case 'n':
      return Op::none;
    case 'T':
    case 't':
      return Op::transpose;
    case 'C':
    case 'c':
      return Op::conjugate_transpose;
    default:
      return Op::bad;
  }
}

Op op_of(int cblas) {
  return cblas == 111 ? Op::none : cblas == 112 ? Op::transpose : cblas == 113 ? Op::conjugate_transpose : Op::bad;
}

ConstMatrix Product::left(Type type) const {
  return a_op == Op::none ? ConstMatrix(a, type, m, k, lda, 1) : ConstMatrix(a, type, m, k, 1, lda);
}

ConstMatrix Product::right(Type type) const {
  return b_op == Op::none ? ConstMatrix(b, type, k, n, ldb, 1) : ConstMatrix(b, type, k, n, 1, ldb);
}

Product transposed(const Product& x) { return {x.b_op, x.a_op, x.n, x.m, x.k, x.b, x.ldb, x.a, x.lda, x.c, x.ldc}; }

int first_bad(const Product& x) {
  if (x.a_op == Op::bad) return 1;
  if (x.b_op == Op::bad) return 2;
  if (x.m < 0) return 3;
  if (x.n < 0) return 4;
  if (x.k < 0) return 5;
  if (x.lda < std::max<Index>(1, x.a_op == Op::none ? x.m : x.k)) return 8;
  if (x.ldb < std::max<Index>(1, x.b_op == Op::none ? x.k : x.n)) return 10;
  if (x.ldc < std::max<Index>(1, x.m)) return 13;
  return 0;
}

CCheck first_bad(int layout, const Product& product) {
  if (layout != kRowMajor && layout != kColMajor) return {1, 1};
  if (product.a_op == Op::bad) return {2, 2};
  if (product.b_op == Op::bad) return {3, 3};
  if (layout == kColMajor) {
    const int bad = first_bad(product);
    return bad == 0 ? CCheck{} : CCheck{bad + 1, bad + 1};
  }
  switch (first_bad(transposed(product))) {
    case 0:
      return {};
    case 3:
      return {5, 4};
    case 4:
      return {4, 5};
    case 5:
      return {6, 6};
    case 8:
      return {11, 9};
    case 10:
      return {9, 11};
    default:
      return {14, 14};
  }
}

}  // namespace septet::blas
