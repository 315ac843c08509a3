// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/cblas.hpp"

namespace septet::bench {
namespace {

template <class T>
Candidate with_gemm(const std::string& name, Runtime runtime, const RowMajorProduct& p, Cblas::Gemm<T>* gemm) {
  const int m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
  const int lda = static_cast<int>(p.a.ld), ldb = static_cast<int>(p.b.ld);
  const auto run = [=] {
    for (Index i = 0; i < p.count; ++i) {
      gemm(kCblasRowMajor, cblas_transpose(p.a), cblas_transpose(p.b), m, n, k, T{1}, matrix_at<T>(p.a, i), lda,
           matrix_at<T>(p.b, i), ldb, T{0}, static_cast<T*>(p.c) + i * p.c_stride, n);
    }
  };
  return {name, run, runtime, Role::peer, "", p.operands};
}

// One row or column: y = M x, where M is the operand that is no vector.
template <class T>
Candidate with_gemv(const std::string& name, Runtime runtime, const RowMajorProduct& p, Cblas::Gemv<T>* gemv) {
  const bool column = p.n == 1;  // C = A b, otherwise C^T = B^T a
  const Operand& matrix = column ? p.a : p.b;
  const T* x = static_cast<const T*>(column ? p.b.data : p.a.data);
  const bool transpose = matrix.transposed == column;
  const Index rows = column ? p.m : p.k, cols = column ? p.k : p.n;  // before any transposition
  const int stored_rows = static_cast<int>(matrix.transposed ? cols : rows);
  const int stored_cols = static_cast<int>(matrix.transposed ? rows : cols);
  // A vector's elements lie together in either layout.
  const auto run = [=, data = static_cast<const T*>(matrix.data), ld = static_cast<int>(matrix.ld)] {
    gemv(kCblasRowMajor, transpose ? kCblasTrans : kCblasNoTrans, stored_rows, stored_cols, T{1}, data, ld, x, 1, T{0},
         static_cast<T*>(p.c), 1);
  };
  return {name + " gemv", run, runtime, Role::peer, "", p.operands};
}

template <class T>
void add(const std::string& name, Runtime runtime, const Problem& problem, Cblas::Gemm<T>* gemm, Cblas::Gemv<T>* gemv,
         std::vector<Candidate>& candidates) {
  candidates.push_back(with_gemm<T>(name, runtime, problem.row_major(), gemm));
  const Shape& s = problem.shape();
  if (s.count > 1 || (s.m > 1 && s.n > 1)) return;
  candidates.push_back(with_gemv<T>(name, runtime, problem.row_major(), gemv));
}

}  // namespace

Cblas::Cblas(const DynamicLibrary& library)
    : sgemm(library.get<Gemm<float>>("cblas_sgemm")),
      dgemm(library.get<Gemm<double>>("cblas_dgemm")),
      sgemv(library.get<Gemv<float>>("cblas_sgemv")),
      dgemv(library.get<Gemv<double>>("cblas_dgemv")) {}

void Cblas::propose(const std::string& name, Runtime runtime, const Problem& problem,
                    std::vector<Candidate>& candidates) const {
  const Type type = problem.setting().types.a;
  if (type == Type::f32) add<float>(name, runtime, problem, sgemm, sgemv, candidates);
  if (type == Type::f64) add<double>(name, runtime, problem, dgemm, dgemv, candidates);
}

}  // namespace septet::bench
