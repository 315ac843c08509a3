// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products of two activations, a matrix of each after the other.
#include "execute_operators.hpp"
#include "matmul_operands.hpp"
#include "septet/network/quantisation.hpp"

namespace septet::network {
namespace {

// Row by row of C, in s32: from the sums to y.
class Requantisation {
 public:
  Requantisation(const MatMul& op, const TensorInfo& x0, const TensorInfo& x1, const TensorInfo& y)
      : op_(op), zero_point_(y.quantisation.zero_point) {
    const float s0 = x0.quantisation.scale, s1 = x1.quantisation.scale, to = y.quantisation.scale;
    const Multiplier nearest = nearest_multiplier(factor_of_sums(s0, s1, to, true));
    multiplier_ = nearest.multiplier, shift_ = nearest.shift;
    scale_ = float_factor_of_sums(s0, s1, to);
  }

  Requantise of(Index m, Index n) const {
    Requantise r;
    if (op_.rounding == Rounding::fp32_nearest_even) {
      r.scale = per_tensor(&scale_, m, n);
    } else {
      r.multiplier = per_tensor(&multiplier_, m, n), r.shift = per_tensor(&shift_, m, n);
    }
    r.rounding = op_.rounding, r.zero_point = zero_point_, r.low = op_.low, r.high = op_.high;
    return r;
  }

 private:
  const MatMul& op_;
  int zero_point_;
  std::int32_t multiplier_, shift_;
  float scale_;
};

}  // namespace

void execute(const MatMul& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums) {
  const TensorInfo &x0 = x[0]->info(), &x1 = x[1]->info(), &info = y.info();
  const Index m = info.dim(-2), n = info.dim(-1), k = x0.dim(-1), count = info.elements() / (m * n);
  const bool integer = is_integer(info.type);
  const Requantisation requantisation(op, x0, x1, info);
  GemmCall call;
  call.options.a_zero_point = x0.quantisation.zero_point, call.options.b_zero_point = x1.quantisation.zero_point;
  if (op.scale != 1) call.options.epilogue.scale = per_tensor(&op.scale, m, n);
  if (integer) call.options.epilogue.requantise = requantisation.of(m, n);
  if (integer && sums != nullptr) *sums = Tensor({info.name, Type::s32, info.shape, {}});
  const auto keep = [&](const MatrixView<std::int32_t>& tile, Index m0, Index n0) {
    std::int32_t* to = sums->as<std::int32_t>() + call.group * m * n;
    for (Index i = 0; i < tile.rows; ++i) {
      for (Index j = 0; j < tile.cols; ++j) to[(m0 + i) * n + n0 + j] = tile(i, j);
    }
  };
  if (integer && sums != nullptr) call.options.epilogue.function = tile_function<std::int32_t>(keep);
  for (call.group = 0; call.group < count; ++call.group) {
    call.a = matrix_of(*x[0], call.group, m, k, false);
    call.b = matrix_of(*x[1], partner_of(call.group, x0.shape, x1.shape), k, n, op.transposed);
    call.c = Matrix(y.as<std::byte>() + call.group * m * n * size_of(info.type), info.type, m, n, n, 1);
    multiply(execution, call);
  }
  if (!integer && sums != nullptr) *sums = y;
}

}  // namespace septet::network
