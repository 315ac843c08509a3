// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What OpenBLAS, BLIS and MKL have in common: the CBLAS.
#pragma once

#include "bench/peers/dynamic_library.hpp"
#include "bench/peers/peer.hpp"

namespace septet::bench {

constexpr int kCblasRowMajor = 101, kCblasNoTrans = 111, kCblasTrans = 112;
inline int cblas_transpose(const Operand& x) { return x.transposed ? kCblasTrans : kCblasNoTrans; }

/// Matrix `index` of a batch.
template <class T>
const T* matrix_at(const Operand& x, Index index) {
  return static_cast<const T*>(x.data) + index * x.stride;
}

/// The functions that the benchmark calls.
struct Cblas {
  explicit Cblas(const DynamicLibrary& library);

  /// gemm, in a loop over a batch; gemv too where A or B is a vector. Nothing but f32 and f64.
  void propose(const std::string& name, Runtime runtime, const Problem& problem,
               std::vector<Candidate>& candidates) const;

  template <class T>
  using Gemm = void(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b,
                    int ldb, T beta, T* c, int ldc);
  template <class T>
  using Gemv = void(int order, int trans, int m, int n, T alpha, const T* a, int lda, const T* x, int incx, T beta,
                    T* y, int incy);
  Gemm<float>* sgemm;
  Gemm<double>* dgemm;
  Gemv<float>* sgemv;
  Gemv<double>* dgemv;
};

}  // namespace septet::bench
