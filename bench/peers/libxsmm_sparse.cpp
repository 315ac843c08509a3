// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// libxsmm's two ways with a sparse A, f32: code generated for the pattern, every element an instruction; and spmdm,
// blocks of it multiplied by a fixed kernel.
#include "bench/peers/sparse_peer.hpp"

#include <libxsmm.h>
#include <omp.h>

#include <algorithm>
#include <cstring>

namespace septet::bench {
namespace {

// The generated kernel takes vectors of 16 columns, `wide` of them at once, and B and C in rows of whole vectors.
constexpr Index kVector = 16;

struct Padded {
  Buffer b, c;
  Index columns = 0;
};

std::shared_ptr<const Padded> padded(const Operands& x, Index m, Index n, Index k) {
  constexpr auto kBytes = static_cast<Index>(sizeof(float));
  const Index columns = (n + kVector - 1) / kVector * kVector;
  auto wide = std::make_shared<Padded>(Padded{Buffer(k * columns * kBytes), Buffer(m * columns * kBytes), columns});
  for (Index i = 0; i < k; ++i) {
    std::memcpy(wide->b.data<float>() + i * columns, x.b.data<float>() + i * n, static_cast<std::size_t>(n * kBytes));
  }
  std::memset(wide->c.data(), 0xFF, static_cast<std::size_t>(wide->c.bytes()));  // what is not written shows: NaN
  return wide;
}

// libxsmm 1.17 generates into a buffer of 128 KiB and writes past its end. An element takes one load of its value and
// one multiply-add per vector, some 12 bytes each; a row a load and a store per vector.
bool fits_code_buffer(const SparseWeights& a, Index wide) {
  constexpr Index kMostInstructions = 9000;
  return a.nnz() * (wide + 1) + 2 * a.rows * wide <= kMostInstructions;
}

libxsmm_smmfunction generate(const SparseWeights& a, Index wide, Index vectors) {
  libxsmm_descriptor_blob blob;
  const auto* descriptor = libxsmm_gemm_descriptor_dinit(
      &blob, LIBXSMM_GEMM_PRECISION_F32, static_cast<int>(a.rows), static_cast<int>(wide), static_cast<int>(a.cols), 0,
      static_cast<int>(vectors), static_cast<int>(vectors), 1, 0, LIBXSMM_GEMM_FLAG_NONE, LIBXSMM_GEMM_PREFETCH_NONE);
  if (descriptor == nullptr) return nullptr;
  return libxsmm_create_xcsr_soa(descriptor, reinterpret_cast<const unsigned*>(a.row_ptr.data()),
                                 reinterpret_cast<const unsigned*>(a.col_idx.data()), a.values.data(), kVector)
      .smm;
}

// Rows of C that the generated code leaves as they are: their rows of A have no elements.
std::vector<Index> rows_left_alone(const SparseWeights& a) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.rows); ++i) {
    if (a.row_ptr[i] == a.row_ptr[i + 1]) rows.push_back(static_cast<Index>(i));
  }
  return rows;
}

void add_generated(const SparseProblem& p, std::vector<Candidate>& candidates, std::vector<LeftOut>& left_out) {
  const char* name = "libxsmm csr jit";
  const auto operands = p.problem.fresh_b_and_c();
  const Index n = p.n(), vectors = (n + kVector - 1) / kVector;
  if (n < kVector) return left_out.push_back({name, "needs 16 columns"});
  for (const Index wide : {8, 4, 2, 1}) {
    if (vectors % wide != 0 || !fits_code_buffer(*p.weights, wide)) continue;
    const auto kernel = generate(*p.weights, wide, vectors);
    if (kernel == nullptr) continue;
    const auto x = padded(*operands, p.m(), n, p.k());
    const auto run = [=, weights = p.weights, threads = p.threads(), empty = rows_left_alone(*p.weights)] {
      const auto* b = x->b.data<const float>();
      auto* c = x->c.data<float>();
      for (const Index i : empty) std::fill_n(c + i * x->columns, x->columns, 0.0F);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
      for (Index j = 0; j < x->columns; j += wide * kVector) kernel(weights->values.data<const float>(), b + j, c + j);
    };
    const auto fetch = [=, m = p.m()] {
      for (Index i = 0; i < m; ++i) {
        std::memcpy(operands->c.data<float>() + i * n, x->c.data<float>() + i * x->columns,
                    static_cast<std::size_t>(n) * sizeof(float));
      }
    };
    candidates.push_back({name, run, Runtime::openmp, Role::peer, "", operands, fetch});
    return;
  }
  left_out.push_back({name, "more code than its buffer holds: it would write past the end"});
}

struct Spmdm {
  Spmdm(const SparseProblem& p, const float* a) {
    libxsmm_spmdm_init(static_cast<int>(p.m()), static_cast<int>(p.n()), static_cast<int>(p.k()), p.threads(), &handle,
                       &slices);
    const int blocks = libxsmm_spmdm_get_num_createSparseSlice_blocks(&handle);
    for (int i = 0; i < blocks; ++i) libxsmm_spmdm_createSparseSlice_fp32_thread(&handle, 'N', a, slices, i, 0, 1);
  }
  ~Spmdm() { libxsmm_spmdm_destroy(&handle); }
  Spmdm(const Spmdm&) = delete;
  Spmdm& operator=(const Spmdm&) = delete;

  libxsmm_spmdm_handle handle{};
  libxsmm_CSR_sparseslice* slices = nullptr;
};

Candidate with_spmdm(const SparseProblem& p) {
  const auto operands = p.problem.fresh_b_and_c();
  const auto spmdm = std::make_shared<const Spmdm>(p, p.problem.original().a.data<float>());
  const auto run = [=, threads = p.threads()] {
    const float alpha = 1, beta = 0;
    const int blocks = libxsmm_spmdm_get_num_compute_blocks(&spmdm->handle);
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int i = 0; i < blocks; ++i) {
      libxsmm_spmdm_compute_fp32_thread(&spmdm->handle, 'N', 'N', &alpha, spmdm->slices, operands->b.data<float>(), 'N',
                                        &beta, operands->c.data<float>(), i, omp_get_thread_num(), threads);
    }
  };
  return {"libxsmm spmdm", run, Runtime::openmp, Role::peer, "", operands};
}

class LibxsmmSparse : public SparsePeer {
 public:
  LibxsmmSparse() { libxsmm_init(); }

  std::string version() const override { return LIBXSMM_VERSION; }
  std::string instructions() const override { return libxsmm_get_target_arch(); }

  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates,
               std::vector<LeftOut>& left_out) override {
    if (problem.type() != Type::f32) return;
    add_generated(problem, candidates, left_out);
    candidates.push_back(with_spmdm(problem));
  }
};

}  // namespace

std::unique_ptr<SparsePeer> open_libxsmm_sparse(const PeerSettings&) { return std::make_unique<LibxsmmSparse>(); }

}  // namespace septet::bench
