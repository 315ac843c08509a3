// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// SuiteSparse:GraphBLAS (Davis, ACM TOMS 45, 2019): C += A * B on a full C, for which it has a method of its own. The
// sums go on from call to call; the first one starts at zero.
#include "bench/peers/sparse_peer.hpp"

extern "C" {
#include <GraphBLAS.h>
}

#include <cstdlib>
#include <cstring>

namespace septet::bench {
namespace {

// What its functions for one type are named after.
template <class T>
struct Names;
template <>
struct Names<float> {
  static GrB_Type type() { return GrB_FP32; }
  static GrB_BinaryOp plus() { return GrB_PLUS_FP32; }
  static GrB_Semiring plus_times() { return GrB_PLUS_TIMES_SEMIRING_FP32; }
};
template <>
struct Names<double> {
  static GrB_Type type() { return GrB_FP64; }
  static GrB_BinaryOp plus() { return GrB_PLUS_FP64; }
  static GrB_Semiring plus_times() { return GrB_PLUS_TIMES_SEMIRING_FP64; }
};

// Memory that GraphBLAS takes over and frees.
void* given(const void* data, std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return std::memcpy(memory, data, bytes);
}

class OwnedMatrix {
 public:
  OwnedMatrix() = default;
  ~OwnedMatrix() { GrB_Matrix_free(&handle_); }
  OwnedMatrix(const OwnedMatrix&) = delete;
  OwnedMatrix& operator=(const OwnedMatrix&) = delete;

  template <class T>
  bool take_full(Index rows, Index cols, const Buffer& from) {
    const auto bytes = static_cast<std::size_t>(rows * cols) * sizeof(T);
    void* values = given(from.data(), bytes);
    return GxB_Matrix_import_FullR(&handle_, Names<T>::type(), static_cast<GrB_Index>(rows),
                                   static_cast<GrB_Index>(cols), &values, bytes, false, nullptr) == GrB_SUCCESS;
  }

  template <class T>
  bool take_csr(const SparseWeights& a) {
    const std::vector<GrB_Index> offsets(a.row_ptr.begin(), a.row_ptr.end()),
        indices(a.col_idx.begin(), a.col_idx.end());
    const std::size_t offset_bytes = offsets.size() * sizeof(GrB_Index),
                      index_bytes = std::max<std::size_t>(indices.size(), 1) * sizeof(GrB_Index);
    auto* row_ptr = static_cast<GrB_Index*>(given(offsets.data(), offset_bytes));
    auto* col_idx = static_cast<GrB_Index*>(std::calloc(index_bytes, 1));
    std::copy(indices.begin(), indices.end(), col_idx);
    const auto value_bytes = std::max<std::size_t>(static_cast<std::size_t>(a.values.bytes()), sizeof(T));
    void* values = given(a.values.data(), value_bytes);
    return GxB_Matrix_import_CSR(&handle_, Names<T>::type(), static_cast<GrB_Index>(a.rows),
                                 static_cast<GrB_Index>(a.cols), &row_ptr, &col_idx, &values, offset_bytes, index_bytes,
                                 value_bytes, false, false, nullptr) == GrB_SUCCESS;
  }

  // Its memory comes out and goes back in.
  void copy_full_to(const Buffer& to) {
    void* values = nullptr;
    GrB_Index bytes = 0;
    bool uniform = false;
    if (GxB_Matrix_unpack_FullR(handle_, &values, &bytes, &uniform, nullptr) != GrB_SUCCESS) return;
    if (!uniform) std::memcpy(to.data(), values, static_cast<std::size_t>(to.bytes()));
    GxB_Matrix_pack_FullR(handle_, &values, bytes, uniform, nullptr);
  }

  GrB_Matrix handle() const { return handle_; }

 private:
  GrB_Matrix handle_ = nullptr;
};

struct Product {
  OwnedMatrix a, b, c;
};

template <class T>
void add(const SparseProblem& p, std::vector<Candidate>& candidates, std::vector<LeftOut>& left_out) {
  const auto operands = p.problem.fresh_b_and_c();
  const auto product = std::make_shared<Product>();
  if (!product->a.take_csr<T>(*p.weights) || !product->b.take_full<T>(p.k(), p.n(), operands->b) ||
      !product->c.take_full<T>(p.m(), p.n(), operands->c)) {
    return left_out.push_back({"graphblas", "refused a matrix"});
  }
  const auto run = [=] {
    GrB_mxm(product->c.handle(), nullptr, Names<T>::plus(), Names<T>::plus_times(), product->a.handle(),
            product->b.handle(), nullptr);
    GrB_Matrix_wait(product->c.handle(), GrB_MATERIALIZE);
  };
  const auto fetch = [=] { product->c.copy_full_to(operands->c); };
  candidates.push_back({"graphblas", run, Runtime::openmp, Role::peer, "", operands, fetch});
}

class GraphBlas : public SparsePeer {
 public:
  explicit GraphBlas(const PeerSettings& settings) {
    if (GrB_init(GrB_NONBLOCKING) != GrB_SUCCESS) throw Missing("GrB_init failed");
    GxB_Global_Option_set(GxB_FORMAT, GxB_BY_ROW);
    GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, settings.threads);
  }

  std::string version() const override {
    return std::to_string(GxB_IMPLEMENTATION_MAJOR) + "." + std::to_string(GxB_IMPLEMENTATION_MINOR) + "." +
           std::to_string(GxB_IMPLEMENTATION_SUB);
  }
  std::string instructions() const override { return "its choice"; }
  void propose(const SparseProblem& problem, std::vector<Candidate>& candidates,
               std::vector<LeftOut>& left_out) override {
    if (problem.type() == Type::f32) add<float>(problem, candidates, left_out);
    if (problem.type() == Type::f64) add<double>(problem, candidates, left_out);
  }
};

}  // namespace

std::unique_ptr<SparsePeer> open_graphblas(const PeerSettings& settings) {
  return std::make_unique<GraphBlas>(settings);
}

}  // namespace septet::bench
