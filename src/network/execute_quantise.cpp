// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What brings numbers from one quantisation to another, and activations of integers, which do that on the way.
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"

#include <algorithm>
#include <array>

namespace septet::network {
namespace {

// y <- f(x) of every byte of x, through a table of all bytes.
template <class Out, class F>
void map_bytes(const Tensor& x, Tensor& y, F&& f) {
  std::array<Out, 256> results{};
  for (std::size_t bits = 0; bits < results.size(); ++bits) {
    results[bits] =
        static_cast<Out>(f(x.info().type == Type::u8 ? static_cast<int>(bits) : static_cast<std::int8_t>(bits)));
  }
  const std::uint8_t* in = x.as<std::uint8_t>();
  Out* out = y.as<Out>();
  const Index count = y.info().elements();
  for (Index i = 0; i < count; ++i) out[i] = results[in[i]];
}

// y <- clamp(round((x - zero point) * by) + zero point of y, range)
void requantise(const Tensor& x, const Multiplier& by, const IntegerRange& range, Tensor& y) {
  const int from = x.info().quantisation.zero_point, to = y.info().quantisation.zero_point;
  map_bytes<std::uint8_t>(x, y, [&](int stored) { return quantised(multiplied(stored - from, by), to, range); });
}

void quantise(const Tensor& x, Tensor& y) {
  const TensorInfo to = y.info();
  const Index count = to.elements();
  const float* in = x.as<float>();
  std::uint8_t* out = y.as<std::uint8_t>();
  for (Index i = 0; i < count; ++i)
    out[i] = static_cast<std::uint8_t>(nearest_quantised(in[i], to.type, to.quantisation));
}

void dequantise(const Tensor& x, Tensor& y) {
  const double scale = x.info().quantisation.scale;
  const int zero_point = x.info().quantisation.zero_point;
  map_bytes<float>(x, y, [&](int stored) { return scale * (stored - zero_point); });
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
