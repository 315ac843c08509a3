// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// cblas_?gemm_batch_strided and ?gemm_batch_strided_, as MKL defines them.
#include "entry.hpp"
#include "septet/blas.h"
#include "src/multiply.hpp"

namespace septet::blas {
namespace {

struct Strides {
  Index a, b, c, count;
};

template <class T>
Status multiply_each(const Product& x, const Strides& strides, T alpha, T beta) {
  for (Index i = 0; i < strides.count; ++i) {
    Product one = x;
    one.a = static_cast<const T*>(x.a) + i * strides.a;
    one.b = static_cast<const T*>(x.b) + i * strides.b;
    one.c = static_cast<T*>(x.c) + i * strides.c;
    if (Status status = multiply(one, alpha, beta); !status.ok()) return status;
  }
  return {};
}

template <class T>
detail::Batch batch_of(const Product& x, const Strides& strides) {
  const Type type = type_of<T>();
  return {strides.count, x.left(type), strides.a, x.right(type), strides.b, x.result(type), strides.c};
}

template <class T>
Status multiply_batch(const Product& x, const Strides& strides, T alpha, T beta) {
  // Complex products, and those with nothing to multiply, one by one.
  if constexpr (!std::is_floating_point_v<T>) {
    return multiply_each(x, strides, alpha, beta);
  } else {
    if (is_done(x, alpha, beta) || strides.count == 0) return {};
    if (alpha == 0 || x.k == 0) return multiply_each(x, strides, alpha, beta);
    return with_options(alpha, beta, [&](const GemmOptions& options) {
      return detail::multiply_checked(batch_of<T>(x, strides), options);
    });
  }
}

template <class T>
Explanation facts(const Product& x, const Strides& strides, T alpha, T beta) {
  if constexpr (std::is_floating_point_v<T>) {
    Explanation result;
    if (x.empty() || alpha == 0 || x.k == 0 || strides.count == 0) return explain(x, name(type_of<T>()));
    (void)with_options(alpha, beta, [&](const GemmOptions& options) -> Status {
      result = detail::explain_checked(batch_of<T>(x, strides), options);
      return {};
    });
    return result;
  } else {
    Explanation result = explain(x, alpha, beta);
    result.add("batch", detail::joined(strides.count, " products"), "one after the other");
    return result;
  }
}

template <class T>
void run_batch(const char* name, const Product& x, const Strides& strides, T alpha, T beta) {
  const Status status = detail::told(
      name, [&] { return multiply_batch(x, strides, alpha, beta); }, [&] { return facts(x, strides, alpha, beta); });
  if (!status.ok()) report(name, status);
}

// From the numbers of ?gemm's arguments to this function's: three strides are in between, the count is the last.
int moved(int info, int first) {
  const int gemm = info - first;  // Fortran's
  return first + (gemm <= 8 ? gemm : gemm == 10 ? 11 : 15);
}

template <class T>
void c_batch(const char* function, int layout, Product product, Strides strides, T alpha, T beta) noexcept {
  count_call();
  CCheck check = first_bad(layout, product);
  if (check.info > 3) check.info = moved(check.info, 1);
  if (check.info == 0 && strides.count < 0) check.info = 18;
  check.raw = check.info;
  if (check.info != 0) return report_c(function, check);
  if (layout == kColMajor) {
    product = transposed(product);
    std::swap(strides.a, strides.b);
  }
  run_batch(function, product, strides, alpha, beta);
}

template <class T>
void fortran_batch(const char* routine, const Product& product, const Strides& strides, T alpha, T beta) noexcept {
  count_call();
  int info = first_bad(product);
  if (info != 0) info = moved(info, 0);
  if (info == 0 && strides.count < 0) info = 17;
  if (info != 0) return report_fortran(routine, info);
  run_batch(routine, transposed(product), {strides.b, strides.a, strides.c, strides.count}, alpha, beta);
}

}  // namespace
}  // namespace septet::blas

#define SEPTET_FORTRAN(Int, fortran, c, prefix, Prefix, T)                                                            \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(prefix, gemm_batch_strided, fortran)(                                      \
      const char* op_a, const char* op_b, const Int* m, const Int* n, const Int* k, const T* alpha, const T* a,       \
      const Int* lda, const Int* stride_a, const T* b, const Int* ldb, const Int* stride_b, const T* beta, T* c_,     \
      const Int* ldc, const Int* stride_c, const Int* count) {                                                        \
    using namespace septet::blas;                                                                                     \
    fortran_batch(#Prefix "GEMM_BATCH_STRIDED", {op_of(*op_a), op_of(*op_b), *m, *n, *k, a, *lda, b, *ldb, c_, *ldc}, \
                  {*stride_a, *stride_b, *stride_c, *count}, *alpha, *beta);                                          \
  }

#define SEPTET_C(Int, fortran, c, prefix, T, Scalar, Pointer, value)                                                \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm_batch_strided, c)(                                  \
      int layout, int op_a, int op_b, Int m, Int n, Int k, Scalar alpha, const Pointer* a, Int lda, Int stride_a,   \
      const Pointer* b, Int ldb, Int stride_b, Scalar beta, Pointer* c_, Int ldc, Int stride_c, Int count) {        \
    using namespace septet::blas;                                                                                   \
    c_batch<T>("cblas_" #prefix "gemm_batch_strided", layout,                                                       \
               {op_of(op_a), op_of(op_b), m, n, k, a, lda, b, ldb, c_, ldc}, {stride_a, stride_b, stride_c, count}, \
               value(alpha), value(beta));                                                                          \
  }
#define SEPTET_ITSELF(x) x
#define SEPTET_C32(x) *static_cast<const std::complex<float>*>(x)
#define SEPTET_C64(x) *static_cast<const std::complex<double>*>(x)

SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, s, S, float)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, d, D, double)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, c, C, std::complex<float>)
SEPTET_BLAS_INTEGERS(SEPTET_FORTRAN, z, Z, std::complex<double>)
SEPTET_BLAS_INTEGERS(SEPTET_C, s, float, float, float, SEPTET_ITSELF)
SEPTET_BLAS_INTEGERS(SEPTET_C, d, double, double, double, SEPTET_ITSELF)
SEPTET_BLAS_INTEGERS(SEPTET_C, c, std::complex<float>, const void*, void, SEPTET_C32)
SEPTET_BLAS_INTEGERS(SEPTET_C, z, std::complex<double>, const void*, void, SEPTET_C64)
