// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/mkl.hpp"

#include <cstdlib>

namespace septet::bench {
namespace {

// As mkl_cblas.h and mkl_types.h declare them.
template <class T>
using Pack = void(int order, int identifier, int trans, int m, int n, int k, T alpha, const T* src, int ld, T* dest);
template <class T>
using Compute = void(int order, int trans_a, int trans_b, int m, int n, int k, const T* a, int lda, const T* b, int ldb,
                     T beta, T* c, int ldc);
template <class T>
using BatchStrided = void(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda,
                          int stride_a, const T* b, int ldb, int stride_b, T beta, T* c, int ldc, int stride_c,
                          int count);
template <class T>
using JitCreate = int(void** jitter, int order, int trans_a, int trans_b, int m, int n, int k, T alpha, int lda,
                      int ldb, T beta, int ldc);
template <class T>
using JitKernel = void(void* jitter, T* a, T* b, T* c);
template <class T>
using JitGet = JitKernel<T>*(const void* jitter);

struct Version {  // MKLVersion
  int major, minor, update;
  char *product_status, *build, *processor, *platform;
};

/// Its functions for one type are named after the letter that BLAS has for it.
template <class T>
std::string letter() {
  return sizeof(T) == sizeof(float) ? "s" : "d";
}

template <class T>
Candidate prepacked(const DynamicLibrary& library, const RowMajorProduct& p) {
  const MklSizes s(p);
  const std::string gemm = "cblas_" + letter<T>() + "gemm_";
  const MklPackedOperands x(p, library.get<MklPackSize>((gemm + "pack_get_size").c_str()));
  library.get<Pack<T>>((gemm + "pack").c_str())(kCblasRowMajor, x.identifier, cblas_transpose(x.source), s.m, s.n, s.k,
                                                T{1}, static_cast<const T*>(x.source.data),
                                                static_cast<int>(x.source.ld), x.buffer->template data<T>());
  const auto run = [=, compute = library.get<Compute<T>>((gemm + "compute").c_str()), owned = x.buffer,
                    a = static_cast<const T*>(x.a), b = static_cast<const T*>(x.b), trans_a = x.trans_a,
                    trans_b = x.trans_b] {
    compute(kCblasRowMajor, trans_a, trans_b, s.m, s.n, s.k, a, s.lda, b, s.ldb, T{0}, static_cast<T*>(p.c), s.n);
  };
  return {"mkl packed", run, Runtime::openmp, Role::peer, "", p.operands};
}

template <class T>
Candidate strided_batch(const DynamicLibrary& library, const RowMajorProduct& p) {
  const MklSizes s(p);
  const auto gemm = library.get<BatchStrided<T>>(("cblas_" + letter<T>() + "gemm_batch_strided").c_str());
  const int stride_a = static_cast<int>(p.a.stride), stride_b = static_cast<int>(p.b.stride);
  const auto run = [=] {
    gemm(kCblasRowMajor, cblas_transpose(p.a), cblas_transpose(p.b), s.m, s.n, s.k, T{1},
         static_cast<const T*>(p.a.data), s.lda, stride_a, static_cast<const T*>(p.b.data), s.ldb, stride_b, T{0},
         static_cast<T*>(p.c), s.n, static_cast<int>(p.c_stride), static_cast<int>(p.count));
  };
  return {"mkl batch_strided", run, Runtime::openmp, Role::peer, "", p.operands};
}

// A kernel generated for these sizes, beforehand. It is never freed: the program is short.
template <class T>
void add_jit(const DynamicLibrary& library, const RowMajorProduct& p, std::vector<Candidate>& candidates) {
  constexpr int kGenerated = 0;  // MKL_JIT_SUCCESS; there may be none, and then plain gemm is called
  const MklSizes s(p);
  const std::string gemm = letter<T>() + "gemm";
  void* jitter = nullptr;
  const int status = library.get<JitCreate<T>>(("mkl_cblas_jit_create_" + gemm).c_str())(
      &jitter, kCblasRowMajor, cblas_transpose(p.a), cblas_transpose(p.b), s.m, s.n, s.k, T{1}, s.lda, s.ldb, T{0},
      s.n);
  if (status != kGenerated) return;
  const auto kernel = library.get<JitGet<T>>(("mkl_jit_get_" + gemm + "_ptr").c_str())(jitter);
  const auto run = [=] {
    for (Index i = 0; i < p.count; ++i) {
      kernel(jitter, const_cast<T*>(matrix_at<T>(p.a, i)), const_cast<T*>(matrix_at<T>(p.b, i)),
             static_cast<T*>(p.c) + i * p.c_stride);
    }
  };
  candidates.push_back({"mkl jit", run, Runtime::none, Role::peer, "", p.operands});
}

// On the OpenMP runtime that everyone else uses here: the idle workers of a second one would spin on our cores.
DynamicLibrary open_library(const PeerSettings& settings) {
  ::setenv("MKL_THREADING_LAYER", "GNU", 0);
  ::setenv("MKL_INTERFACE_LAYER", "LP64", 0);
  if (!settings.library.empty()) return DynamicLibrary(settings.library);
  try {
    return DynamicLibrary("libmkl_rt.so");
  } catch (const Missing&) {
    return DynamicLibrary("libmkl_rt.so.3");  // the Python package has no plain name
  }
}

Version version_info(const DynamicLibrary& library) {
  Version v{};
  library.get<void(Version*)>("MKL_Get_Version")(&v);
  return v;
}

class Mkl : public Peer {
 public:
  explicit Mkl(const PeerSettings& settings)
      : library_(open_mkl_library(settings)), cblas_(library_), threads_(settings.threads) {}

  std::string version() const override { return mkl_version(library_); }
  std::string instructions() const override { return mkl_instructions(library_); }

  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    cblas_.propose("mkl", Runtime::openmp, problem, candidates);
    switch (problem.setting().types.a) {
      case Type::f32:
        return add_variants<float>(problem, candidates);
      case Type::f64:
        return add_variants<double>(problem, candidates);
      default:
        return add_mkl_narrow(library_, problem, candidates);
    }
  }

 private:
  template <class T>
  void add_variants(const Problem& problem, std::vector<Candidate>& candidates) {
    constexpr Index kLargestJit = Index{128} * 128 * 128;
    const Shape& s = problem.shape();
    if (s.count > 1) {
      candidates.push_back(strided_batch<T>(library_, problem.row_major()));
    } else if (problem.setting().prepacked != Prepacked::none) {
      candidates.push_back(prepacked<T>(library_, problem.row_major()));
    }
    if (threads_ == 1 && s.m * s.n * s.k <= kLargestJit) add_jit<T>(library_, problem.row_major(), candidates);
  }

  DynamicLibrary library_;
  Cblas cblas_;
  int threads_;
};

}  // namespace

MklPackedOperands::MklPackedOperands(const RowMajorProduct& p, MklPackSize* size)
    : of_a(p.a.prepacked), source(of_a ? p.a : p.b), identifier(of_a ? kMklPackA : kMklPackB) {
  const MklSizes s(p);
  buffer = std::make_shared<Buffer>(static_cast<Index>(size(identifier, s.m, s.n, s.k)));
  a = of_a ? buffer->data() : p.a.data;
  b = of_a ? p.b.data : buffer->data();
  trans_a = of_a ? kMklPacked : cblas_transpose(p.a);
  trans_b = of_a ? cblas_transpose(p.b) : kMklPacked;
}

DynamicLibrary open_mkl_library(const PeerSettings& settings) {
  DynamicLibrary library = open_library(settings);
  library.get<void(int)>("MKL_Set_Num_Threads")(settings.threads);
  return library;
}

std::string mkl_version(const DynamicLibrary& library) {
  const Version v = version_info(library);
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.update);
}

std::string mkl_instructions(const DynamicLibrary& library) { return version_info(library).processor; }

std::unique_ptr<Peer> open_mkl(const PeerSettings& settings) { return std::make_unique<Mkl>(settings); }

}  // namespace septet::bench
