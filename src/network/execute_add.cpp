// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"

#include <algorithm>

namespace septet::network {
namespace {

// Both operands come to a common scale, twice the coarser of theirs, with 20 bits after the point.
constexpr int kFractionalBits = 20;

struct AddScales {
  Multiplier x0, x1, y;

  AddScales(double scale0, double scale1, double scale) {
    const double common = 2 * std::max(scale0, scale1);
    x0 = nearest_multiplier(scale0 / common), x1 = nearest_multiplier(scale1 / common);
    y = nearest_multiplier(common / ((1 << kFractionalBits) * scale));
  }
};

template <class T>
void add_bytes(const Add& op, const Tensor& x0, const Tensor& x1, Tensor& y) {
  const Quantisation &q0 = x0.info().quantisation, &q1 = x1.info().quantisation, &q = y.info().quantisation;
  const AddScales scales(q0.scale, q1.scale, q.scale);
  const T *a = x0.as<T>(), *b = x1.as<T>();
  T* to = y.as<T>();
  for (Index i = 0; i < y.info().elements(); ++i) {
    const std::int32_t sum = multiplied((a[i] - q0.zero_point) * (1 << kFractionalBits), scales.x0) +
                             multiplied((b[i] - q1.zero_point) * (1 << kFractionalBits), scales.x1);
    to[i] = static_cast<T>(quantised(multiplied(sum, scales.y), q.zero_point, {op.low, op.high}));
  }
}

}  // namespace

void execute(const Add& op, const Operands& x, Tensor& y) {
  if (y.info().type == Type::f32) {
    const float *a = x[0]->as<float>(), *b = x[1]->as<float>();
    float* to = y.as<float>();
    for (Index i = 0; i < y.info().elements(); ++i) to[i] = a[i] + b[i];
    return activate(op.activation, to, y.info().elements());
  }
  with_bytes(y.info().type, [&](auto* tag) { add_bytes<std::remove_pointer_t<decltype(tag)>>(op, *x[0], *x[1], y); });
}

}  // namespace septet::network
