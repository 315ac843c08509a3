// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One function per operator, each in a file of its own (execute_linear.cpp, execute_pool.cpp, …); execute() chooses.
// Operands have been checked: types and shapes fit, y has its shape and type and is not among x.
#pragma once

#include "septet/network/execute.hpp"

#include <vector>

namespace septet::network {

using Operands = std::vector<const Tensor*>;

/// A product of a step, by whoever does them.
inline void multiply(const Execution& execution, const GemmCall& call) {
  if (execution.gemm) return execution.gemm(call);
  gemm(call.a, call.b, call.c, call.options);
}

inline ConstMatrix transposed(const ConstMatrix& m) {
  return {m.data, m.type, m.cols, m.rows, m.col_stride, m.row_stride};
}

// execute_linear.cpp: what multiplies.
void execute(const Convolution& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums);
void execute(const FullyConnected& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums);
// execute_matmul.cpp
void execute(const MatMul& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums);

// execute_embedding.cpp
void execute(const EmbeddingBag& op, const Operands& x, Tensor& y);
// What types and shapes of its lists do not say. Throws Error (bad_structure).
void check_lists(const EmbeddingBag& op, const Tensor& indices, const Tensor& offsets);
// execute_pool.cpp
void execute(const MaxPool& op, const Operands& x, Tensor& y);
void execute(const AveragePool& op, const Operands& x, Tensor& y);
void execute(const Mean& op, const Operands& x, Tensor& y);
// execute_add.cpp
void execute(const Add& op, const Operands& x, Tensor& y);
// execute_norm.cpp
void execute(const BatchNorm& op, const Operands& x, Tensor& y);
void execute(const LayerNorm& op, const Operands& x, Tensor& y);
// execute_softmax.cpp
void execute(const Softmax& op, const Operands& x, Tensor& y);
// execute_quantise.cpp
void execute(const Activate& op, const Operands& x, Tensor& y);
void execute(const Quantise& op, const Operands& x, Tensor& y);
// execute.cpp
void execute(const Reshape& op, const Operands& x, Tensor& y);

}  // namespace septet::network
