// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Eigen, compiled for this machine (and this file alone is).
#include "bench/peers/cblas.hpp"

#include <Eigen/Core>

namespace septet::bench {
namespace {

template <class T, int kLayout>
using Stored = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, kLayout>>;
template <class T>
using Product = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

template <class T, int kLayoutA, int kLayoutB>
Candidate multiply(const RowMajorProduct& p) {
  const auto run = [=] {
    for (Index i = 0; i < p.count; ++i) {
      const Stored<T, kLayoutA> a(matrix_at<T>(p.a, i), p.m, p.k);
      const Stored<T, kLayoutB> b(matrix_at<T>(p.b, i), p.k, p.n);
      Product<T>(static_cast<T*>(p.c) + i * p.c_stride, p.m, p.n).noalias() = a * b;
    }
  };
  return {"eigen", run, Runtime::openmp, Role::peer, "", p.operands};
}

template <class T>
Candidate multiply_stored(const RowMajorProduct& p) {
  constexpr int kRows = Eigen::RowMajor, kColumns = Eigen::ColMajor;
  if (p.a.transposed) return p.b.transposed ? multiply<T, kColumns, kColumns>(p) : multiply<T, kColumns, kRows>(p);
  return p.b.transposed ? multiply<T, kRows, kColumns>(p) : multiply<T, kRows, kRows>(p);
}

class EigenPeer : public Peer {
 public:
  explicit EigenPeer(const PeerSettings& settings) {
    if (settings.limit != InstructionLimit::all) throw Missing("compiled for what this CPU has, cannot use less");
    Eigen::setNbThreads(settings.threads);
  }

  std::string version() const override {
    return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
           std::to_string(EIGEN_MINOR_VERSION);
  }
  std::string instructions() const override { return Eigen::SimdInstructionSetsInUse(); }
  // Its integer products do not widen: floats only.
  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    const Type type = problem.setting().types.a;
    if (type == Type::f32) candidates.push_back(multiply_stored<float>(problem.row_major()));
    if (type == Type::f64) candidates.push_back(multiply_stored<double>(problem.row_major()));
  }
};

}  // namespace

std::unique_ptr<Peer> open_eigen(const PeerSettings& settings) { return std::make_unique<EigenPeer>(settings); }

}  // namespace septet::bench
