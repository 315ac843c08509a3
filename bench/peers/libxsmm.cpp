// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// libxsmm: kernels generated for the sizes, beforehand, and its own batches of them. One thread, column-major: our
// row-major C = A * B is its C^T = B^T * A^T.
#include "bench/peers/cblas.hpp"

#include <libxsmm.h>

#include <numeric>

namespace septet::bench {
namespace {

template <class T>
struct Generator;
template <>
struct Generator<float> {
  static constexpr auto dispatch = libxsmm_smmdispatch;
  static constexpr auto precision = LIBXSMM_GEMM_PRECISION_F32;
};
template <>
struct Generator<double> {
  static constexpr auto dispatch = libxsmm_dmmdispatch;
  static constexpr auto precision = LIBXSMM_GEMM_PRECISION_F64;
};

// The sizes as libxsmm takes them, A and B having changed places.
struct Sizes {
  explicit Sizes(const RowMajorProduct& p)
      : m(static_cast<int>(p.n)),
        n(static_cast<int>(p.m)),
        k(static_cast<int>(p.k)),
        lda(static_cast<int>(p.b.ld)),
        ldb(static_cast<int>(p.a.ld)),
        ldc(static_cast<int>(p.n)) {}
  int m, n, k, lda, ldb, ldc;
};

template <class T>
void add_jit(const RowMajorProduct& p, std::vector<Candidate>& candidates) {
  const Sizes s(p);
  const T alpha = 1, beta = 0;
  const int flags = LIBXSMM_GEMM_FLAG_NONE | LIBXSMM_GEMM_FLAG_BETA_0, prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
  const auto kernel = Generator<T>::dispatch(s.m, s.n, s.k, &s.lda, &s.ldb, &s.ldc, &alpha, &beta, &flags, &prefetch);
  if (kernel == nullptr) return;
  const auto run = [=] {
    for (Index i = 0; i < p.count; ++i) {
      kernel(matrix_at<T>(p.b, i), matrix_at<T>(p.a, i), static_cast<T*>(p.c) + i * p.c_stride);
    }
  };
  candidates.push_back({"libxsmm jit", run, Runtime::none, Role::peer, "", p.operands});
}

// A batch is given by the positions of its matrices. A negative size says that no two of them share a C.
template <class T>
Candidate batch(const RowMajorProduct& p) {
  const auto positions = [&](Index stride) {
    std::vector<int> at(static_cast<std::size_t>(p.count));
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<int>(static_cast<Index>(i) * stride);
    return at;
  };
  const Sizes s(p);
  const auto run = [=, at_a = positions(p.b.stride), at_b = positions(p.a.stride), at_c = positions(p.c_stride)] {
    const T alpha = 1, beta = 0;
    libxsmm_gemm_batch(Generator<T>::precision, Generator<T>::precision, "N", "N", s.m, s.n, s.k, &alpha, p.b.data,
                       &s.lda, p.a.data, &s.ldb, &beta, p.c, &s.ldc, 0, sizeof(int), at_a.data(), at_b.data(),
                       at_c.data(), -static_cast<int>(p.count));
  };
  return {"libxsmm batch", run, Runtime::none, Role::peer, "", p.operands};
}

template <class T>
void add(const Problem& problem, std::vector<Candidate>& candidates) {
  constexpr Index kLargest = Index{256} * 256 * 256;  // beyond, nobody would do without blocking
  const RowMajorProduct p = problem.row_major();
  if (p.a.transposed || p.b.transposed || p.m * p.n * p.k > kLargest) return;
  add_jit<T>(p, candidates);
  if (p.count > 1) candidates.push_back(batch<T>(problem.row_major()));
}

class Libxsmm : public Peer {
 public:
  explicit Libxsmm(const PeerSettings& settings) {
    if (settings.threads > 1) throw Missing("its kernels are for one thread");
    libxsmm_init();
  }

  std::string version() const override { return LIBXSMM_VERSION; }
  std::string instructions() const override { return libxsmm_get_target_arch(); }

  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    const Type type = problem.setting().types.a;
    if (type == Type::f32) add<float>(problem, candidates);
    if (type == Type::f64) add<double>(problem, candidates);
  }
};

}  // namespace

std::unique_ptr<Peer> open_libxsmm(const PeerSettings& settings) { return std::make_unique<Libxsmm>(settings); }

}  // namespace septet::bench
