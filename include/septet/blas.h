/* Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
 *
 * The BLAS door, libseptet_blas.so: GEMM under the names that every BLAS has, to be preloaded under a program or linked
 * in front of a BLAS, which then serves the rest.
 *
 *     LD_PRELOAD=libseptet_blas.so SEPTET_VERBOSE=1 program
 *     cc program.c -lseptet_blas -lblas
 *
 * Names that other headers declare (blas' and cblas.h's; arguments and types as there):
 *
 *     Fortran   sgemm_ dgemm_ cgemm_ zgemm_
 *     C         cblas_sgemm cblas_dgemm cblas_cgemm cblas_zgemm
 *     bf16 in, float out: sbgemm_, cblas_sbgemm (OpenBLAS's), cblas_gemm_bf16bf16f32 (MKL's)
 *
 * and those below. Each exists three times: with 32-bit integers; with 64-bit ones as ?gemm_64_, ?gemm_64 and
 * cblas_?gemm_64 (netlib, MKL), and as cblas_?gemm64_ (OpenBLAS).
 *
 *     C <- alpha * op(A) * op(B) + beta * C
 *
 * alpha = 0 (or k = 0) reads neither A nor B; beta = 0 does not read C. Bits are those of septet::gemm, whatever the
 * CPU and the number of threads; C may overlap A and B wherever the BLAS standard lets blocks of one array be used. Bad
 * arguments are found in netlib's order and reported with its numbers; C is then untouched and control returns to the
 * caller, unless an xerbla_ of the executable's own, netlib's linked statically for one, ends the program. Threads:
 * septet/threads.hpp has the policy.
 */
#ifndef SEPTET_BLAS_H
#define SEPTET_BLAS_H

#include <stddef.h> /* NOLINT: this is C */
#include <stdint.h> /* NOLINT */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors, threads, and what was called */

/* `routine`: "DGEMM", "cblas_dgemm", …; `info`: the bad argument's number as netlib counts (Fortran from transa = 1, C
 * from layout = 1), or 0 where no argument is at fault (no memory, SEPTET_TARGET, SEPTET_NUM_THREADS). */
typedef void (*septet_blas_error_handler)(const char* routine, int info, const char* message, void* user);
/* For all threads; null: the program's own xerbla_ or cblas_xerbla if the executable defines one, else a line on
 * stderr. */
void septet_blas_set_error_handler(septet_blas_error_handler handler, void* user);

/* The most threads that products use, 1 to 1024; returns 0, or -1 if n is not. 0: what the environment says again. */
int septet_blas_set_threads(int n);

/* How many products have been asked for by these names, all threads, since the library was loaded. */
int64_t septet_blas_calls(void);

/* The instruction set in use: "AVX3", "NEON", …, "portable". */
const char* septet_blas_target(void);

/* ---- products that cblas.h does not have. Enumerations are ints, with cblas.h's values:
 *      layout 101 row-major, 102 column-major; op 111 as it is, 112 transposed, 113 conjugated and transposed */

/* A batch of equal products; matrices are `stride` elements apart (MKL). C_i must not overlap anything else. */
void cblas_sgemm_batch_strided(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, float alpha,
                               const float* a, int32_t lda, int32_t stride_a, const float* b, int32_t ldb,
                               int32_t stride_b, float beta, float* c, int32_t ldc, int32_t stride_c, int32_t count);
void cblas_dgemm_batch_strided(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, double alpha,
                               const double* a, int32_t lda, int32_t stride_a, const double* b, int32_t ldb,
                               int32_t stride_b, double beta, double* c, int32_t ldc, int32_t stride_c, int32_t count);
void cblas_cgemm_batch_strided(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, const void* alpha,
                               const void* a, int32_t lda, int32_t stride_a, const void* b, int32_t ldb,
                               int32_t stride_b, const void* beta, void* c, int32_t ldc, int32_t stride_c,
                               int32_t count);
void cblas_zgemm_batch_strided(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, const void* alpha,
                               const void* a, int32_t lda, int32_t stride_a, const void* b, int32_t ldb,
                               int32_t stride_b, const void* beta, void* c, int32_t ldc, int32_t stride_c,
                               int32_t count);

/* MKL's integer product: C <- alpha * (op(A) + offset_a) * (op(B) + offset_b) + beta * C + offset_c. Row-major: A is
 * unsigned, B signed; column-major: A signed, B unsigned. offset_c: 171 a row of n values for every row, 172 a column
 * of m for every column, 173 one for all. alpha = 1 with beta = 0 or 1 is exact modulo 2^32; else alpha * sum + beta *
 * C is computed in double, rounded to the nearest (halves away from zero) and saturated, then offset_c is added modulo
 * 2^32. */
void cblas_gemm_s8u8s32(int layout, int op_a, int op_b, int offset_kind, int32_t m, int32_t n, int32_t k, float alpha,
                        const void* a, int32_t lda, int8_t offset_a, const void* b, int32_t ldb, int8_t offset_b,
                        float beta, int32_t* c, int32_t ldc, const int32_t* offset_c);

/* Packed once, multiplied many times (MKL). `which`: 161 A, 162 B. alpha is multiplied in when packing. A packed
 * operand is named by op 151 in compute, its leading dimension is then ignored; m, n, k and layout have to be those it
 * was packed with. Memory comes from alloc and goes to free, or is the caller's: pack_get_size bytes, on any address.
 * What is not such memory is refused as a bad `a` or `b`. */
float* cblas_sgemm_alloc(int which, int32_t m, int32_t n, int32_t k);
size_t cblas_sgemm_pack_get_size(int which, int32_t m, int32_t n, int32_t k);
void cblas_sgemm_pack(int layout, int which, int op, int32_t m, int32_t n, int32_t k, float alpha, const float* from,
                      int32_t ld, float* packed);
void cblas_sgemm_compute(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, const float* a, int32_t lda,
                         const float* b, int32_t ldb, float beta, float* c, int32_t ldc);
void cblas_sgemm_free(float* packed);
double* cblas_dgemm_alloc(int which, int32_t m, int32_t n, int32_t k);
size_t cblas_dgemm_pack_get_size(int which, int32_t m, int32_t n, int32_t k);
void cblas_dgemm_pack(int layout, int which, int op, int32_t m, int32_t n, int32_t k, double alpha, const double* from,
                      int32_t ld, double* packed);
void cblas_dgemm_compute(int layout, int op_a, int op_b, int32_t m, int32_t n, int32_t k, const double* a, int32_t lda,
                         const double* b, int32_t ldb, double beta, double* c, int32_t ldc);
void cblas_dgemm_free(double* packed);

#ifdef __cplusplus
}
#endif

#endif /* SEPTET_BLAS_H */
