// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"
#include "kernels/dispatch.hpp"
#include "share.hpp"

#include <algorithm>

namespace septet::network {
namespace {

kernels::Factor factor_of(double real) {
  const Multiplier by = nearest_multiplier(real);
  return {by.multiplier, by.shift};
}

// Both operands come to a common scale, twice the coarser of theirs, with some bits after the point.
void add_bytes(const Add& op, const Tensor& x0, const Tensor& x1, Tensor& y) {
  const Quantisation &q0 = x0.info().quantisation, &q1 = x1.info().quantisation, &to = y.info().quantisation;
  const double common = 2 * std::max(double{q0.scale}, double{q1.scale});
  kernels::AddCall whole;
  whole.from[0] = q0.zero_point, whole.from[1] = q1.zero_point;
  whole.of[0] = factor_of(q0.scale / common), whole.of[1] = factor_of(q1.scale / common);
  whole.by = factor_of(common / ((1 << kernels::kAddFractionalBits) * double{to.scale}));
  whole.to = to.zero_point, whole.low = op.low, whole.high = op.high;
  const kernels::ByteKernels& kernels = kernels::byte_kernels();
  const auto add = y.info().type == Type::u8 ? kernels.add_u8 : kernels.add_s8;
  share_elements(y.info().elements(), 1, [&](Index first, Index count) {
    kernels::AddCall call = whole;
    call.x[0] = x0.as<std::uint8_t>() + first, call.x[1] = x1.as<std::uint8_t>() + first;
    call.out = y.as<std::uint8_t>() + first, call.count = count;
    add(call);
  });
}

}  // namespace

void execute(const Add& op, const Operands& x, Tensor& y) {
  if (y.info().type != Type::f32) return add_bytes(op, *x[0], *x[1], y);
  share_elements(y.info().elements(), operations_of(op.activation), [&](Index first, Index count) {
    kernels::FinishCall<float> call;
    call.sums = x[0]->as<float>() + first, call.residual = {x[1]->as<float>() + first, false};
    call.out = y.as<float>() + first, call.count = count, call.activation = op.activation;
    kernels::epilogue_kernels().finish_f32(call);
  });
}

}  // namespace septet::network
