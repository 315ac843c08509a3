// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/sparse_peer.hpp"

namespace septet::bench {
namespace {

template <class T>
void compress(const ConstMatrix& a, SparseWeights& weights) {
  std::vector<T> values;
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < a.cols; ++j) {
      const T value = static_cast<const T*>(a.data)[i * a.row_stride + j * a.col_stride];
      if (value == T{}) continue;
      weights.col_idx.push_back(static_cast<std::int32_t>(j));
      values.push_back(value);
    }
    weights.row_ptr.push_back(static_cast<std::int32_t>(values.size()));
  }
  weights.values = Buffer(static_cast<Index>(values.size() * sizeof(T)));
  std::copy(values.begin(), values.end(), weights.values.data<T>());
}

#if !SEPTET_BENCH_HAS_LIBXSMM || !SEPTET_BENCH_HAS_EIGEN || !SEPTET_BENCH_HAS_XNNPACK || !SEPTET_BENCH_HAS_LIBRSB || \
    !SEPTET_BENCH_HAS_GRAPHBLAS
std::unique_ptr<SparsePeer> not_built() { throw Missing("was not there when this program was built"); }
#endif

}  // namespace

SparseWeights::SparseWeights(const ConstMatrix& a) : type(a.type), rows(a.rows), cols(a.cols), row_ptr(1) {
  if (type == Type::f32) {
    compress<float>(a, *this);
  } else if (type == Type::f64) {
    compress<double>(a, *this);
  } else if (type == Type::s8) {
    compress<std::int8_t>(a, *this);
  } else {
    throw std::logic_error("sparse weights are f32, f64 or s8");
  }
}

#if !SEPTET_BENCH_HAS_LIBXSMM
std::unique_ptr<SparsePeer> open_libxsmm_sparse(const PeerSettings&) { return not_built(); }
#endif
#if !SEPTET_BENCH_HAS_EIGEN
std::unique_ptr<SparsePeer> open_eigen_sparse(const PeerSettings&) { return not_built(); }
#endif
#if !SEPTET_BENCH_HAS_XNNPACK
std::unique_ptr<SparsePeer> open_xnnpack(const PeerSettings&) { return not_built(); }
#endif
#if !SEPTET_BENCH_HAS_LIBRSB
std::unique_ptr<SparsePeer> open_librsb(const PeerSettings&) { return not_built(); }
#endif
#if !SEPTET_BENCH_HAS_GRAPHBLAS
std::unique_ptr<SparsePeer> open_graphblas(const PeerSettings&) { return not_built(); }
#endif

const std::vector<SparsePeerEntry>& all_sparse_peers() {
  static const std::vector<SparsePeerEntry> peers = {
      {"openmp", open_openmp_csr},      {"eigen", open_eigen_sparse}, {"mkl", open_mkl_sparse},
      {"libxsmm", open_libxsmm_sparse}, {"xnnpack", open_xnnpack},    {"librsb", open_librsb},
      {"graphblas", open_graphblas},
  };
  return peers;
}

}  // namespace septet::bench
