// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A library that multiplies a sparse matrix with a dense one, as the benchmark sees it. One file per peer;
// sparse_peers.cpp has the list of them. What a library wants to know about the pattern beforehand, and the form that
// it wants A in, it gets outside the timed region. B and C are row-major.
#pragma once

#include "bench/peers/peer.hpp"

#include <cstdint>

namespace septet::bench {

/// A as compressed sparse rows: 0-based, ascending within a row.
struct SparseWeights {
  explicit SparseWeights(const ConstMatrix& a);

  Type type = Type::f32;
  Index rows = 0, cols = 0;
  std::vector<std::int32_t> row_ptr, col_idx;
  Buffer values;

  Index nnz() const { return static_cast<Index>(col_idx.size()); }
};

/// A candidate that cannot take part in a product, or was not worth its time.
struct LeftOut {
  std::string name, reason;
};

/// C[m x n] = A[m x k] * B[k x n] with a sparse A.
struct SparseProblem {
  const Problem& problem;  ///< the same product; its A is dense, zeros and all
  std::shared_ptr<const SparseWeights> weights;

  Index m() const { return problem.shape().m; }
  Index n() const { return problem.shape().n; }
  Index k() const { return problem.shape().k; }
  Type type() const { return problem.setting().types.a; }
  int threads() const { return problem.setting().threads; }
};

class SparsePeer {
 public:
  virtual ~SparsePeer() = default;
  virtual std::string version() const = 0;
  virtual std::string instructions() const = 0;
  /// Adds every way a user of this library could compute the product, and why one that there would be is missing.
  virtual void propose(const SparseProblem& problem, std::vector<Candidate>& candidates,
                       std::vector<LeftOut>& left_out) = 0;
};

using SparsePeerEntry = EntryOf<SparsePeer>;
const std::vector<SparsePeerEntry>& all_sparse_peers();

std::unique_ptr<SparsePeer> open_openmp_csr(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_eigen_sparse(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_mkl_sparse(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_libxsmm_sparse(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_xnnpack(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_librsb(const PeerSettings& settings);
std::unique_ptr<SparsePeer> open_graphblas(const PeerSettings& settings);

}  // namespace septet::bench
