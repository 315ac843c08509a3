// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ?gemm_ and cblas_?gemm.
#include "entry.hpp"
#include "septet/blas.h"

namespace septet::blas {

namespace {

template <class T, class Int>
void fortran_gemm(const char* routine, const char* op_a, const char* op_b, const Int* m, const Int* n, const Int* k,
                  const T* alpha, const void* a, const Int* lda, const void* b, const Int* ldb, const T* beta, void* c,
                  const Int* ldc) noexcept {
  const Product product{op_of(*op_a), op_of(*op_b), *m, *n, *k, a, *lda, b, *ldb, c, *ldc};
  fortran_call(
      routine, product, [&](const Product& x) { return multiply(x, *alpha, *beta); },
      [&](const Product& x) { return explain(x, *alpha, *beta); });
}

template <class T>
void c_gemm(const char* function, int layout, int op_a, int op_b, Index m, Index n, Index k, T alpha, const void* a,
            Index lda, const void* b, Index ldb, T beta, void* c, Index ldc) noexcept {
  const Product product{op_of(op_a), op_of(op_b), m, n, k, a, lda, b, ldb, c, ldc};
  c_call(
      function, layout, product, [&](const Product& x) { return multiply(x, alpha, beta); },
      [&](const Product& x) { return explain(x, alpha, beta); });
}

}  // namespace
}  // namespace septet::blas

// gfortran passes the lengths of character arguments behind the others; nobody reads them.
#define SEPTET_FORTRAN(Int, fortran, c, prefix, Prefix, T)                                                      \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(prefix, gemm, fortran)(                                              \
      const char* op_a, const char* op_b, const Int* m, const Int* n, const Int* k, const T* alpha, const T* a, \
      const Int* lda, const T* b, const Int* ldb, const T* beta, T* c_, const Int* ldc) {                       \
    septet::blas::fortran_gemm(#Prefix "GEMM", op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c_, ldc);      \
  }

#define SEPTET_C_REAL(Int, fortran, c, prefix, T)                                                                     \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm, c)(int layout, int op_a, int op_b, Int m, Int n,     \
                                                                    Int k, T alpha, const T* a, Int lda, const T* b,  \
                                                                    Int ldb, T beta, T* c_, Int ldc) {                \
    septet::blas::c_gemm("cblas_" #prefix "gemm", layout, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c_, ldc); \
  }

#define SEPTET_C_COMPLEX(Int, fortran, c, prefix, T)                                                                  \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm, c)(                                                  \
      int layout, int op_a, int op_b, Int m, Int n, Int k, const void* alpha, const void* a, Int lda, const void* b,  \
      Int ldb, const void* beta, void* c_, Int ldc) {                                                                 \
    septet::blas::c_gemm("cblas_" #prefix "gemm", layout, op_a, op_b, m, n, k, *static_cast<const T*>(alpha), a, lda, \
                         b, ldb, *static_cast<const T*>(beta), c_, ldc);                                              \
  }

SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, s, S, float)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, d, D, double)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, c, C, std::complex<float>)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, z, Z, std::complex<double>)
SEPTET_BLAS_INTEGERS(SEPTET_C_REAL, s, float)
SEPTET_BLAS_INTEGERS(SEPTET_C_REAL, d, double)
SEPTET_BLAS_INTEGERS(SEPTET_C_COMPLEX, c, std::complex<float>)
SEPTET_BLAS_INTEGERS(SEPTET_C_COMPLEX, z, std::complex<double>)

SEPTET_BLAS_EXPORT int64_t septet_blas_calls() { return septet::blas::calls(); }

SEPTET_BLAS_EXPORT int septet_blas_set_threads(int n) {
  if (n != 0) return septet::set_threads(n).ok() ? 0 : -1;
  septet::reset_threads();
  return 0;
}

SEPTET_BLAS_EXPORT const char* septet_blas_target() { return septet::target(); }
