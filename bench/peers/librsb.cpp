// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// librsb: recursive sparse blocks (Martone, Parallel Computing 40, 2014).
#include "bench/peers/sparse_peer.hpp"

#include <rsb.h>

namespace septet::bench {
namespace {

template <class T>
rsb_type_t type_code() {
  return sizeof(T) == sizeof(float) ? RSB_NUMERICAL_TYPE_FLOAT : RSB_NUMERICAL_TYPE_DOUBLE;
}

template <class T>
void add(const SparseProblem& p, std::vector<Candidate>& candidates, std::vector<LeftOut>& left_out) {
  const SparseWeights& a = *p.weights;
  rsb_err_t error = RSB_ERR_NO_ERROR;
  rsb_mtx_t* made = rsb_mtx_alloc_from_csr_const(
      a.values.data(), a.row_ptr.data(), a.col_idx.data(), static_cast<rsb_nnz_idx_t>(a.nnz()), type_code<T>(),
      static_cast<rsb_coo_idx_t>(a.rows), static_cast<rsb_coo_idx_t>(a.cols), RSB_DEFAULT_ROW_BLOCKING,
      RSB_DEFAULT_COL_BLOCKING, RSB_FLAG_NOFLAGS, &error);
  if (made == nullptr) return left_out.push_back({"librsb", "refused the matrix, error " + std::to_string(error)});
  const std::shared_ptr<rsb_mtx_t> matrix(made, rsb_mtx_free);
  const auto operands = p.problem.fresh_b_and_c();
  const auto run = [=, n = static_cast<rsb_coo_idx_t>(p.n())] {
    const T alpha = 1, beta = 0;
    const T* b = operands->b.data<const T>();
    T* c = operands->c.data<T>();
    if (n == 1) {
      rsb_spmv(RSB_TRANSPOSITION_N, &alpha, matrix.get(), b, 1, &beta, c, 1);
    } else {
      rsb_spmm(RSB_TRANSPOSITION_N, &alpha, matrix.get(), n, RSB_FLAG_WANT_ROW_MAJOR_ORDER, b, n, &beta, c, n);
    }
  };
  candidates.push_back({"librsb", run, Runtime::openmp, Role::peer, "", operands});
}

class Librsb : public SparsePeer {
 public:
  explicit Librsb(const PeerSettings& settings) {
    if (rsb_lib_init(RSB_NULL_INIT_OPTIONS) != RSB_ERR_NO_ERROR) throw Missing("rsb_lib_init failed");
    const rsb_int_t threads = settings.threads;
    rsb_lib_set_opt(RSB_IO_WANT_EXECUTING_THREADS, &threads);
  }

  // "librsb version 1.3.0.2 - 202212201855"
  std::string version() const override {
    const std::string text = RSB_HEADER_VERSION_STRING, before = "version ";
    const std::size_t begin = text.find(before) + before.size();
    return text.substr(begin, text.find(' ', begin) - begin);
  }
  std::string instructions() const override { return "as it was compiled"; }
  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates,
               std::vector<LeftOut>& left_out) override {
    if (problem.type() == Type::f32) add<float>(problem, candidates, left_out);
    if (problem.type() == Type::f64) add<double>(problem, candidates, left_out);
  }
};

}  // namespace

std::unique_ptr<SparsePeer> open_librsb(const PeerSettings& settings) { return std::make_unique<Librsb>(settings); }

}  // namespace septet::bench
