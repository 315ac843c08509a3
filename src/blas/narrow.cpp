// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// bf16 in, float out: sbgemm_, cblas_sbgemm (OpenBLAS) and cblas_gemm_bf16bf16f32 (MKL), one function under three
// names.
#include "entry.hpp"

namespace septet::blas {
namespace {

Status run(const Product& x, float alpha, float beta) { return multiply_real(x, Type::bf16, Type::f32, alpha, beta); }
Explanation facts(const Product& x, float alpha, float beta) {
  return explain_real(x, Type::bf16, Type::f32, alpha, beta);
}

}  // namespace
}  // namespace septet::blas

#define SEPTET_FORTRAN(Int, fortran, c, unused)                                                                        \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(sb, gemm, fortran)(                                                         \
      const char* op_a, const char* op_b, const Int* m, const Int* n, const Int* k, const float* alpha, const void* a, \
      const Int* lda, const void* b, const Int* ldb, const float* beta, float* c_, const Int* ldc) {                   \
    using namespace septet::blas;                                                                                      \
    const Product product{op_of(*op_a), op_of(*op_b), *m, *n, *k, a, *lda, b, *ldb, c_, *ldc};                         \
    fortran_call(                                                                                                      \
        "SBGEMM", product, [&](const Product& x) { return run(x, *alpha, *beta); },                                    \
        [&](const Product& x) { return facts(x, *alpha, *beta); });                                                    \
  }

#define SEPTET_C(Int, fortran, c, name)                                                                          \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, name, c)(int layout, int op_a, int op_b, Int m, Int n, Int k, \
                                                            float alpha, const void* a, Int lda, const void* b,  \
                                                            Int ldb, float beta, float* c_, Int ldc) {           \
    using namespace septet::blas;                                                                                \
    const Product product{op_of(op_a), op_of(op_b), m, n, k, a, lda, b, ldb, c_, ldc};                           \
    c_call(                                                                                                      \
        "cblas_" #name, layout, product, [&](const Product& x) { return run(x, alpha, beta); },                  \
        [&](const Product& x) { return facts(x, alpha, beta); });                                                \
  }

SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, )
SEPTET_BLAS_INTEGERS(SEPTET_C, sbgemm)
SEPTET_BLAS_INTEGERS(SEPTET_C, gemm_bf16bf16f32)
