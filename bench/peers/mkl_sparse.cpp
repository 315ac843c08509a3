// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// MKL's sparse BLAS by inspection and execution: the matrix is told how often it will be multiplied, and optimised for
// that, beforehand. CSR, and BSR in blocks of 4 x 4 where the shape allows.
#include "bench/peers/mkl.hpp"
#include "bench/peers/sparse_peer.hpp"

namespace septet::bench {
namespace {

// As mkl_spblas.h declares them.
struct Description {  // matrix_descr
  int type, mode, diag;
};
constexpr int kSuccess = 0, kZeroBased = 0, kNoTranspose = 10, kRowMajor = 101, kManyCalls = 1000;
constexpr Description kGeneral = {20, 0, 0};

using Handle = void*;
template <class T>
using CreateCsr = int(Handle*, int base, int rows, int cols, const int* rows_start, const int* rows_end,
                      const int* col_idx, const T* values);
using Convert = int(Handle source, int block_size, int block_layout, int operation, Handle* bsr);
using MmHint = int(Handle, int operation, Description, int layout, int cols, int calls);
using MvHint = int(Handle, int operation, Description, int calls);
template <class T>
using Mm = int(int operation, T alpha, Handle, Description, int layout, const T* b, int cols, int ldb, T beta, T* c,
               int ldc);
template <class T>
using Mv = int(int operation, T alpha, Handle, Description, const T* x, T beta, T* y);

template <class T>
std::string function(const char* name) {
  return std::string("mkl_sparse_") + (sizeof(T) == sizeof(float) ? "s_" : "d_") + name;
}

class MklSparse : public SparsePeer {
 public:
  explicit MklSparse(const PeerSettings& settings) : library_(open_mkl_library(settings)) {}

  std::string version() const override { return mkl_version(library_); }
  std::string instructions() const override { return mkl_instructions(library_); }

  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates,
               std::vector<LeftOut>& left_out) override {
    if (problem.type() == Type::f32) add<float>(problem, candidates, left_out);
    if (problem.type() == Type::f64) add<double>(problem, candidates, left_out);
  }

 private:
  using Shared = std::shared_ptr<void>;  // a handle

  Shared owned(Handle handle) const {
    return {handle, [destroy = library_.get<int(Handle)>("mkl_sparse_destroy")](Handle h) { destroy(h); }};
  }

  template <class T>
  Shared csr_of(const SparseWeights& a) const {
    Handle handle = nullptr;
    const auto create = library_.get<CreateCsr<T>>(function<T>("create_csr").c_str());
    const int status = create(&handle, kZeroBased, static_cast<int>(a.rows), static_cast<int>(a.cols), a.row_ptr.data(),
                              a.row_ptr.data() + 1, a.col_idx.data(), a.values.data<const T>());
    return status == kSuccess ? owned(handle) : nullptr;
  }

  Shared blocks_of(const Shared& csr) const {
    constexpr int kSide = 4;
    Handle handle = nullptr;
    const auto convert = library_.get<Convert>("mkl_sparse_convert_bsr");
    const int status = convert(csr.get(), kSide, kRowMajor, kNoTranspose, &handle);
    return status == kSuccess ? owned(handle) : nullptr;
  }

  void optimise(Handle handle, int n) const {
    if (n == 1) {
      library_.get<MvHint>("mkl_sparse_set_mv_hint")(handle, kNoTranspose, kGeneral, kManyCalls);
    } else {
      library_.get<MmHint>("mkl_sparse_set_mm_hint")(handle, kNoTranspose, kGeneral, kRowMajor, n, kManyCalls);
    }
    library_.get<int(Handle)>("mkl_sparse_optimize")(handle);
  }

  template <class T>
  Candidate candidate(const char* name, const SparseProblem& p, const Shared& handle) const {
    const auto operands = p.problem.fresh_b_and_c();
    const int n = static_cast<int>(p.n());
    optimise(handle.get(), n);
    const T* b = operands->b.data<const T>();
    T* c = operands->c.data<T>();
    std::function<void()> run;
    if (n == 1) {
      run = [=, weights = p.weights, mv = library_.get<Mv<T>>(function<T>("mv").c_str())] {
        mv(kNoTranspose, T{1}, handle.get(), kGeneral, b, T{0}, c);
      };
    } else {
      run = [=, weights = p.weights, mm = library_.get<Mm<T>>(function<T>("mm").c_str())] {
        mm(kNoTranspose, T{1}, handle.get(), kGeneral, kRowMajor, b, n, n, T{0}, c, n);
      };
    }
    return {name, run, Runtime::openmp, Role::peer, "", operands};
  }

  template <class T>
  void add(const SparseProblem& p, std::vector<Candidate>& candidates, std::vector<LeftOut>& left_out) const {
    const Shared csr = csr_of<T>(*p.weights);
    if (csr == nullptr) {
      left_out.push_back({"mkl csr", "mkl_sparse_create_csr refused the matrix"});
      return;
    }
    candidates.push_back(candidate<T>("mkl csr", p, csr));
    const bool fits = p.m() % 4 == 0 && p.k() % 4 == 0;
    const Shared bsr = fits ? blocks_of(csr_of<T>(*p.weights)) : nullptr;
    if (bsr == nullptr) {
      left_out.push_back(
          {"mkl bsr", fits ? "mkl_sparse_convert_bsr refused the matrix" : "sides are not multiples of 4"});
      return;
    }
    candidates.push_back(candidate<T>("mkl bsr", p, bsr));
  }

  DynamicLibrary library_;
};

}  // namespace

std::unique_ptr<SparsePeer> open_mkl_sparse(const PeerSettings& settings) {
  return std::make_unique<MklSparse>(settings);
}

}  // namespace septet::bench
