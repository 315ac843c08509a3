// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "execute_operators.hpp"
#include "float_steps.hpp"
#include "share.hpp"

#include <cmath>

namespace septet::network {

void execute(const BatchNorm& op, const Operands& x, Tensor& y) {
  const Index channels = y.info().dim(-1);
  const kernels::RowOperand<float> factor{op.factor->as<float>(), false}, term{op.term->as<float>(), false};
  share_rows(y.info().elements(), channels, 1,
             [&](Index i) { scale_and_add(x[0]->as<float>() + i, factor, term, y.as<float>() + i, channels); });
}

void execute(const LayerNorm& op, const Operands& x, Tensor& y) {
  const Index width = y.info().dim(-1);
  const auto count = static_cast<float>(width);
  const kernels::RowOperand<float> gamma{op.gamma->as<float>(), false}, beta{op.beta->as<float>(), false};
  constexpr Index kOperations = 60;  // two sums, one addition after the other
  share_rows(y.info().elements(), width, kOperations, [&](Index i) {
    const float* row = x[0]->as<float>() + i;
    float* out = y.as<float>() + i;
    float sum = 0, squares = 0;
    for (Index j = 0; j < width; ++j) sum += row[j];
    const float mean = sum / count;
    for (Index j = 0; j < width; ++j) {
      out[j] = row[j] - mean;
      squares += out[j] * out[j];
    }
    const float deviation = std::sqrt(squares / count + op.epsilon);
    for (Index j = 0; j < width; ++j) out[j] = out[j] / deviation;
    scale_and_add(out, gamma, beta, out, width);
  });
}

}  // namespace septet::network
