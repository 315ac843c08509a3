// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What operators learn: which of their tensors, in which order.
#pragma once

#include "septet/network/operators.hpp"

#include <type_traits>

namespace septet::network {

/// f(parameter) for each std::shared_ptr<const Tensor> of an operator's that is learnt: weight, bias; factor, term;
/// gamma, beta; table. Op: any of Operator's, const or not.
template <class Op, class F>
void each_parameter(Op& op, const F& f) {
  using T = std::remove_const_t<Op>;
  if constexpr (std::is_same_v<T, Convolution> || std::is_same_v<T, FullyConnected>) {
    f(op.linear.weight);
    if (op.linear.bias) f(op.linear.bias);
  } else if constexpr (std::is_same_v<T, BatchNorm>) {
    f(op.factor), f(op.term);
  } else if constexpr (std::is_same_v<T, LayerNorm>) {
    f(op.gamma), f(op.beta);
  } else if constexpr (std::is_same_v<T, EmbeddingBag>) {
    f(op.table);
  }
}

}  // namespace septet::network
