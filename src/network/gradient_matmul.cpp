// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of products of two activations: dx0 = scale * dy * x1', dx1 = scale * x0' * dy, a matrix of each after the
// other. Where one matrix of x1 is the partner of several of x0, their dx1 is one sum that goes on from the first of
// them to the last; the scale multiplies it once.
#include "gradient_operators.hpp"
#include "matmul_operands.hpp"

#include <vector>

namespace septet::network {
namespace {

void multiply(const Execution& execution, GemmCall& call, float scale) {
  if (scale != 1) call.options.epilogue.scale = per_tensor(&scale, call.c.rows, call.c.cols);
  multiply(execution, call);
}

Matrix matrix_of(Tensor& x, Index at, Index rows, Index cols, bool transposed) {
  const ConstMatrix view = matrix_of(std::as_const(x), at, rows, cols, transposed);
  return {x.as<std::byte>() + at * rows * cols * size_of(view.type),
          view.type,
          rows,
          cols,
          view.row_stride,
          view.col_stride};
}

// The sizes of a step's products: y's matrices are m x n.
struct Sizes {
  Index m, n, k, count;
};

void first_gradient(const MatMul& op, const Operands& x, const Tensor& dy, const Sizes& s, Tensor& dx,
                    const Execution& execution) {
  for (Index group = 0; group < s.count; ++group) {
    GemmCall call;
    call.group = group;
    call.a = matrix_of(dy, group, s.m, s.n, false);
    call.b = transposed(
        matrix_of(*x[1], partner_of(group, x[0]->info().shape, x[1]->info().shape), s.k, s.n, op.transposed));
    call.c = matrix_of(dx, group, s.m, s.k, false);
    call.options.a_zero_point = dy.info().quantisation.zero_point;
    call.options.b_zero_point = x[1]->info().quantisation.zero_point;
    multiply(execution, call, op.scale);
  }
}

void second_gradient(const MatMul& op, const Operands& x, const Tensor& dy, const Sizes& s, Tensor& dx,
                     const Execution& execution) {
  std::vector<Index> left(static_cast<std::size_t>(dx.info().elements() / (s.k * s.n)), 0);  // of each partner's sum
  const auto partner = [&](Index group) { return partner_of(group, x[0]->info().shape, x[1]->info().shape); };
  for (Index group = 0; group < s.count; ++group) ++left[static_cast<std::size_t>(partner(group))];
  const std::vector<Index> all = left;
  for (Index group = 0; group < s.count; ++group) {
    const Index at = partner(group);
    Index& more = left[static_cast<std::size_t>(at)];
    GemmCall call;
    call.group = group;
    call.a = transposed(matrix_of(*x[0], group, s.m, s.k, false));
    call.b = matrix_of(dy, group, s.m, s.n, false);
    call.c = matrix_of(dx, at, s.k, s.n, op.transposed);
    call.options.a_zero_point = x[0]->info().quantisation.zero_point;
    call.options.b_zero_point = dy.info().quantisation.zero_point;
    call.options.beta = more == all[static_cast<std::size_t>(at)] ? 0 : 1;
    multiply(execution, call, --more == 0 ? op.scale : 1.0f);
  }
}

}  // namespace

void backward(const MatMul& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution) {
  const TensorInfo& info = y.info();
  const Index m = info.dim(-2), n = info.dim(-1);
  const Sizes sizes{m, n, x[0]->info().dim(-1), info.elements() / (m * n)};
  if (!gradients.inputs[0].empty()) first_gradient(op, x, dy, sizes, gradients.inputs[0], execution);
  if (!gradients.inputs[1].empty()) second_gradient(op, x, dy, sizes, gradients.inputs[1], execution);
}

}  // namespace septet::network
