// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What one would write oneself: a loop over the rows of CSR, left to the compiler (this file is compiled for this
// machine, with -O3).
#include "bench/peers/sparse_peer.hpp"

namespace septet::bench {
namespace {

// Row i of C = sum over the row's elements of value * row of B. One column: a dot product with gathered elements.
template <class T, class Sum>
void multiply(const SparseWeights& a, const T* b, Sum* c, Index n, int threads) {
  const T* values = a.values.data<const T>();
  const std::int32_t *row_ptr = a.row_ptr.data(), *col_idx = a.col_idx.data();
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (Index i = 0; i < a.rows; ++i) {
    if (n == 1) {
      Sum sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int32_t p = row_ptr[i]; p < row_ptr[i + 1]; ++p) {
        sum += static_cast<Sum>(values[p]) * static_cast<Sum>(b[col_idx[p]]);
      }
      c[i] = sum;
      continue;
    }
    Sum* __restrict row = c + i * n;
    for (Index j = 0; j < n; ++j) row[j] = 0;
    for (std::int32_t p = row_ptr[i]; p < row_ptr[i + 1]; ++p) {
      const auto value = static_cast<Sum>(values[p]);
      const T* __restrict from = b + col_idx[p] * n;
      for (Index j = 0; j < n; ++j) row[j] += value * static_cast<Sum>(from[j]);
    }
  }
}

template <class T, class Sum>
Candidate candidate(const SparseProblem& p) {
  const auto operands = p.problem.fresh_b_and_c();
  const auto run = [weights = p.weights, operands, n = p.n(), threads = p.threads()] {
    multiply(*weights, operands->b.data<const T>(), operands->c.data<Sum>(), n, threads);
  };
  return {"openmp csr", run, p.threads() > 1 ? Runtime::openmp : Runtime::none, Role::peer, "", operands};
}

class OpenMpCsr : public SparsePeer {
 public:
  std::string version() const override { return __VERSION__; }
  std::string instructions() const override { return "-O3 -march=native"; }

  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates, std::vector<LeftOut>&) override {
    const Types& types = problem.problem.setting().types;
    if (types.a == Type::f32) candidates.push_back(candidate<float, float>(problem));
    if (types.a == Type::f64) candidates.push_back(candidate<double, double>(problem));
    if (types.a == Type::s8 && types.b == Type::s8) {
      candidates.push_back(candidate<std::int8_t, std::int32_t>(problem));
    }
  }
};

}  // namespace

std::unique_ptr<SparsePeer> open_openmp_csr(const PeerSettings& settings) {
  if (settings.limit != InstructionLimit::all) throw Missing("compiled for what this CPU has, cannot use less");
  return std::make_unique<OpenMpCsr>();
}

}  // namespace septet::bench
