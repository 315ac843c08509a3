// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What brings numbers from one quantisation to another, and activations of integers, which do that on the way.
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"

#include <algorithm>

namespace septet::network {
namespace {

// y <- clamp(round((x - zero point) * by) + zero point of y, range)
void requantise(const Tensor& x, const Multiplier& by, const IntegerRange& range, Tensor& y) {
  const int from = x.info().quantisation.zero_point, to = y.info().quantisation.zero_point;
  with_bytes(x.info().type, [&](auto* in_tag) {
    with_bytes(y.info().type, [&](auto* out_tag) {
      using Out = std::remove_pointer_t<decltype(out_tag)>;
      const auto* in = x.as<std::remove_pointer_t<decltype(in_tag)>>();
      Out* out = y.as<Out>();
      for (Index i = 0; i < y.info().elements(); ++i) {
        out[i] = static_cast<Out>(quantised(multiplied(in[i] - from, by), to, range));
      }
    });
  });
}

void quantise(const Tensor& x, Tensor& y) {
  with_bytes(y.info().type, [&](auto* tag) {
    using Out = std::remove_pointer_t<decltype(tag)>;
    const float* in = x.as<float>();
    Out* out = y.as<Out>();
    for (Index i = 0; i < y.info().elements(); ++i) {
      out[i] = static_cast<Out>(nearest_quantised(in[i], y.info().type, y.info().quantisation));
    }
  });
}

void dequantise(const Tensor& x, Tensor& y) {
  const double scale = x.info().quantisation.scale;
  const int zero_point = x.info().quantisation.zero_point;
  with_bytes(x.info().type, [&](auto* tag) {
    const auto* in = x.as<std::remove_pointer_t<decltype(tag)>>();
    float* out = y.as<float>();
    for (Index i = 0; i < y.info().elements(); ++i) {
      out[i] = static_cast<float>(scale * (in[i] - zero_point));
    }
  });
}

}  // namespace

void execute(const Quantise& /*op*/, const Operands& x, Tensor& y) {
  const TensorInfo &from = x[0]->info(), &to = y.info();
  if (from.type == Type::f32) return quantise(*x[0], y);
  if (to.type == Type::f32) return dequantise(*x[0], y);
  const Multiplier by = nearest_multiplier(double{from.quantisation.scale} / double{to.quantisation.scale});
  requantise(*x[0], by, range_of(to.type), y);
}

void execute(const Activate& op, const Operands& x, Tensor& y) {
  const TensorInfo &from = x[0]->info(), &to = y.info();
  if (to.type == Type::f32) {
    std::copy(x[0]->as<float>(), x[0]->as<float>() + to.elements(), y.as<float>());
    return activate(op.activation, y.as<float>(), to.elements());
  }
  // Divided as floats, as it is there.
  const Multiplier by = nearest_multiplier(double{from.quantisation.scale / to.quantisation.scale});
  requantise(*x[0], by, activated_range(op.activation, to.type, to.quantisation), y);
}

}  // namespace septet::network
