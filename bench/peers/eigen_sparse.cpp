// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Eigen's sparse matrix, row-major, over our arrays; compiled for this machine.
#include "bench/peers/sparse_peer.hpp"

#include <Eigen/SparseCore>

namespace septet::bench {
namespace {

template <class T>
using Stored = Eigen::Map<const Eigen::SparseMatrix<T, Eigen::RowMajor, std::int32_t>>;
template <class T>
using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Column = Eigen::Matrix<T, Eigen::Dynamic, 1>;

template <class T>
Stored<T> stored(const SparseWeights& a) {
  return {a.rows, a.cols, a.nnz(), a.row_ptr.data(), a.col_idx.data(), a.values.data<const T>()};
}

template <class T>
Candidate candidate(const SparseProblem& p) {
  const auto operands = p.problem.fresh_b_and_c();
  const T* b = operands->b.data<const T>();
  T* c = operands->c.data<T>();
  const Index m = p.m(), n = p.n(), k = p.k();
  std::function<void()> run;
  if (n == 1) {
    run = [=, weights = p.weights] {
      Eigen::Map<Column<T>>(c, m).noalias() = stored<T>(*weights) * Eigen::Map<const Column<T>>(b, k);
    };
  } else {
    run = [=, weights = p.weights] {
      Eigen::Map<Rows<T>>(c, m, n).noalias() = stored<T>(*weights) * Eigen::Map<const Rows<T>>(b, k, n);
    };
  }
  return {"eigen sparse", run, Runtime::openmp, Role::peer, "", operands};
}

class EigenSparse : public SparsePeer {
 public:
  explicit EigenSparse(const PeerSettings& settings) {
    if (settings.limit != InstructionLimit::all) throw Missing("compiled for what this CPU has, cannot use less");
    Eigen::setNbThreads(settings.threads);
  }

  std::string version() const override {
    return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
           std::to_string(EIGEN_MINOR_VERSION);
  }
  std::string instructions() const override { return Eigen::SimdInstructionSetsInUse(); }
  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates, std::vector<LeftOut>&) override {
    if (problem.type() == Type::f32) candidates.push_back(candidate<float>(problem));
    if (problem.type() == Type::f64) candidates.push_back(candidate<double>(problem));
  }
};

}  // namespace

std::unique_ptr<SparsePeer> open_eigen_sparse(const PeerSettings& settings) {
  return std::make_unique<EigenSparse>(settings);
}

}  // namespace septet::bench
