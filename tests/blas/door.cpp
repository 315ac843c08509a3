// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "door.hpp"

#include "septet/blas.h"

// X(integer, suffix of the Fortran name, suffix of the C name, …)
#define DOOR_INTEGERS(X, ...)             \
  X(std::int32_t, _, , __VA_ARGS__)       \
  X(std::int64_t, _64_, _64, __VA_ARGS__) \
  X(std::int64_t, _64, 64_, __VA_ARGS__)
#define DOOR_JOIN(a, b, c) DOOR_JOIN_(a, b, c)
#define DOOR_JOIN_(a, b, c) a##b##c
#define DOOR_TEXT(x) DOOR_TEXT_(x)
#define DOOR_TEXT_(x) #x

// gfortran passes the lengths of character arguments, too.
#define DOOR_DECLARE_FORTRAN(Int, fortran, c, prefix)                                                              \
  void DOOR_JOIN(prefix, gemm, fortran)(const char*, const char*, const Int*, const Int*, const Int*, const void*, \
                                        const void*, const Int*, const void*, const Int*, const void*, void*,      \
                                        const Int*, std::size_t, std::size_t);
#define DOOR_DECLARE_C(Int, fortran, c, name, Scalar)                                                               \
  void DOOR_JOIN(cblas_, name, c)(int, int, int, Int, Int, Int, Scalar, const void*, Int, const void*, Int, Scalar, \
                                  void*, Int);

extern "C" {
DOOR_INTEGERS(DOOR_DECLARE_FORTRAN, s)
DOOR_INTEGERS(DOOR_DECLARE_FORTRAN, d)
DOOR_INTEGERS(DOOR_DECLARE_FORTRAN, c)
DOOR_INTEGERS(DOOR_DECLARE_FORTRAN, z)
DOOR_INTEGERS(DOOR_DECLARE_FORTRAN, sb)
DOOR_INTEGERS(DOOR_DECLARE_C, sgemm, float)
DOOR_INTEGERS(DOOR_DECLARE_C, dgemm, double)
DOOR_INTEGERS(DOOR_DECLARE_C, cgemm, const void*)
DOOR_INTEGERS(DOOR_DECLARE_C, zgemm, const void*)
DOOR_INTEGERS(DOOR_DECLARE_C, sbgemm, float)
DOOR_INTEGERS(DOOR_DECLARE_C, gemm_bf16bf16f32, float)
}

namespace septet::blas_test {
namespace {

template <class Int, auto f>
void call_fortran(const Call& x) {
  const auto integer = [](Index value) { return static_cast<Int>(value); };
  const Int m = integer(x.m), n = integer(x.n), k = integer(x.k);
  const Int lda = integer(x.lda), ldb = integer(x.ldb), ldc = integer(x.ldc);
  f(&x.op_a, &x.op_b, &m, &n, &k, x.alpha, x.a, &lda, x.b, &ldb, x.beta, x.c, &ldc, 1, 1);
}

template <class Scalar>
Scalar scalar(const void* value) {
  if constexpr (std::is_pointer_v<Scalar>) {
    return value;
  } else {
    return *static_cast<const Scalar*>(value);
  }
}

template <class Int, class Scalar, auto f>
void call_c(const Call& x) {
  const auto integer = [](Index value) { return static_cast<Int>(value); };
  f(x.layout, cblas_op(x.op_a), cblas_op(x.op_b), integer(x.m), integer(x.n), integer(x.k), scalar<Scalar>(x.alpha),
    x.a, integer(x.lda), x.b, integer(x.ldb), scalar<Scalar>(x.beta), x.c, integer(x.ldc));
}

#define DOOR_FORTRAN(Int, fortran, c, prefix, Routine)                \
  {DOOR_TEXT(DOOR_JOIN(prefix, gemm, fortran)), Routine "GEMM", true, \
   call_fortran<Int, DOOR_JOIN(prefix, gemm, fortran)>},
#define DOOR_C(Int, fortran, c, name, Scalar) \
  {DOOR_TEXT(DOOR_JOIN(cblas_, name, c)), "cblas_" #name, false, call_c<Int, Scalar, DOOR_JOIN(cblas_, name, c)>},

void keep(const char* routine, int info, const char* message, void* user) {
  static_cast<std::vector<Reports::Report>*>(user)->push_back({routine, info, message});
}

}  // namespace

#define DOOR_SPELLINGS(T, prefix, Prefix, Scalar)                                               \
  template <>                                                                                   \
  const std::vector<Spelling>& spellings<T>() {                                                 \
    static const std::vector<Spelling> all = {DOOR_INTEGERS(DOOR_FORTRAN, prefix, Prefix)       \
                                                  DOOR_INTEGERS(DOOR_C, prefix##gemm, Scalar)}; \
    return all;                                                                                 \
  }
DOOR_SPELLINGS(float, s, "S", float)
DOOR_SPELLINGS(double, d, "D", double)
DOOR_SPELLINGS(std::complex<float>, c, "C", const void*)
DOOR_SPELLINGS(std::complex<double>, z, "Z", const void*)

template <>
const std::vector<Spelling>& spellings<bf16>() {
  static const std::vector<Spelling> all = {DOOR_INTEGERS(DOOR_FORTRAN, sb, "SB") DOOR_INTEGERS(DOOR_C, sbgemm, float)
                                                DOOR_INTEGERS(DOOR_C, gemm_bf16bf16f32, float)};
  return all;
}

Reports::Reports() { septet_blas_set_error_handler(&keep, &all_); }
Reports::~Reports() { septet_blas_set_error_handler(nullptr, nullptr); }

int Reports::info() {
  const int info = all_.empty() ? -1 : all_.size() > 1 ? -2 : all_.front().info;
  all_.clear();
  return info;
}

}  // namespace septet::blas_test
