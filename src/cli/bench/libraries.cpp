// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "libraries.hpp"

#include "bench/peers/peer.hpp"
#include "cli/errors.hpp"

#include <fmt/format.h>

#include <limits>

namespace septet::cli {
namespace {

constexpr int kRowMajor = 101, kNoTranspose = 111;  // CBLAS' numbers

template <class T>
using Gemm = void(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b,
                  int ldb, T beta, T* c, int ldc);

bench::DynamicLibrary open(const LibraryPath& path) {
  try {
    bench::DynamicLibrary library(path.path);
    library.get<Gemm<float>>("cblas_sgemm");
    library.get<Gemm<double>>("cblas_dgemm");
    return library;
  } catch (const bench::Missing& missing) {
    refuse("--library", fmt::format("{}: {}", path.name, missing.what()));
  }
}

template <class T>
std::function<void()> call(Gemm<T>* gemm, const Problem& problem) {
  const ConstMatrix a = problem.a(), b = problem.b();
  const Matrix c = problem.c();
  const int m = static_cast<int>(a.rows), k = static_cast<int>(a.cols), n = static_cast<int>(b.cols);
  return [=] {
    gemm(kRowMajor, kNoTranspose, kNoTranspose, m, n, k, T{1}, static_cast<const T*>(a.data), k,
         static_cast<const T*>(b.data), n, T{0}, static_cast<T*>(c.data), n);
  };
}

}  // namespace

BlasLibrary::BlasLibrary(const LibraryPath& path) : name_(path.name), library_(open(path)) {}

bool BlasLibrary::set_threads(int threads) const {
  // OpenBLAS, MKL, Septet's own; BLIS counts in 64 bits.
  for (const char* function : {"openblas_set_num_threads", "MKL_Set_Num_Threads", "septet_blas_set_threads"}) {
    if (auto* set = library_.find<void(int)>(function); set != nullptr) return set(threads), true;
  }
  if (auto* set = library_.find<void(long)>("bli_thread_set_num_threads"); set != nullptr) return set(threads), true;
  return false;
}

std::function<void()> BlasLibrary::product(const Problem& problem) const {
  if (problem.a().type == Type::f64) return call(library_.get<Gemm<double>>("cblas_dgemm"), problem);
  return call(library_.get<Gemm<float>>("cblas_sgemm"), problem);
}

}  // namespace septet::cli
