// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Steps on rows of floats, with the epilogue's kernels: the same bits on every instruction set, and as after a product.
#pragma once

#include "kernels/dispatch.hpp"

namespace septet::network {

/// out[j] <- activation(x[j]); out may be x.
inline void activate(Activation activation, const float* x, float* out, Index count) {
  kernels::FinishCall<float> call;
  call.sums = x, call.out = out, call.count = count, call.activation = activation;
  kernels::epilogue_kernels().finish_f32(call);
}

/// What an element costs, in multiply-accumulates of a product.
inline Index operations_of(Activation activation) { return activation <= Activation::relu6 ? 1 : 30; }

/// out[j] <- x[j] * factor[j] + term[j], both rounded.
inline void scale_and_add(const float* x, kernels::RowOperand<float> factor, kernels::RowOperand<float> term,
                          float* out, Index count) {
  kernels::FinishCall<float> call;
  call.sums = x, call.out = out, call.count = count, call.scale = factor, call.bias = term;
  kernels::epilogue_kernels().finish_f32(call);
}

/// sums[j] <- fma(factor, x[j], sums[j])
inline void add_multiple(float factor, const float* x, float* sums, Index count) {
  kernels::FinishCall<float> call;
  call.sums = x, call.out = sums, call.count = count, call.old = {sums, false};
  call.scaled = true, call.alpha = factor, call.beta = 1;
  kernels::epilogue_kernels().finish_f32(call);
}

}  // namespace septet::network
