// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What brings numbers from one quantisation to another, and activations: those of integers do that on the way.
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"
#include "share.hpp"

namespace septet::network {
namespace {

// y <- clamp(round((x - zero point) * by) + zero point of y, range)
void requantise(const Tensor& x, const Multiplier& by, const IntegerRange& range, Tensor& y) {
  kernels::RescaleCall whole;
  whole.from = x.info().quantisation.zero_point, whole.to = y.info().quantisation.zero_point;
  whole.by = {by.multiplier, by.shift}, whole.low = range.low, whole.high = range.high;
  const kernels::ByteKernels& kernels = kernels::byte_kernels();
  const auto rescale = x.info().type == Type::u8 ? kernels.rescale_u8 : kernels.rescale_s8;
  share_elements(y.info().elements(), 1, [&](Index first, Index count) {
    kernels::RescaleCall call = whole;
    call.x = x.as<std::uint8_t>() + first, call.out = y.as<std::uint8_t>() + first, call.count = count;
    rescale(call);
  });
}

void quantise(const Tensor& x, Tensor& y) {
  const Quantisation& to = y.info().quantisation;
  const IntegerRange range = range_of(y.info().type);
  share_elements(y.info().elements(), 1, [&](Index first, Index count) {
    kernels::QuantiseCall call;
    call.x = x.as<float>() + first, call.out = y.as<std::uint8_t>() + first, call.count = count;
    call.scale = to.scale, call.to = to.zero_point, call.low = range.low, call.high = range.high;
    kernels::byte_kernels().quantise(call);
  });
}

// A product of an f32 and a whole number of 9 bits, rounded once: docs/network.md's f64, rounded to f32.
void dequantise(const Tensor& x, Tensor& y) {
  const kernels::ByteKernels& kernels = kernels::byte_kernels();
  const auto dequantise = x.info().type == Type::u8 ? kernels.dequantise_u8 : kernels.dequantise_s8;
  share_elements(y.info().elements(), 1, [&](Index first, Index count) {
    kernels::DequantiseCall call;
    call.x = x.as<std::uint8_t>() + first, call.out = y.as<float>() + first, call.count = count;
    call.scale = x.info().quantisation.scale, call.from = x.info().quantisation.zero_point;
    dequantise(call);
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
    share_elements(to.elements(), operations_of(op.activation), [&](Index first, Index count) {
      activate(op.activation, x[0]->as<float>() + first, y.as<float>() + first, count);
    });
    return;
  }
  // Divided as floats, as it is there.
  const Multiplier by = nearest_multiplier(double{from.quantisation.scale / to.quantisation.scale});
  requantise(*x[0], by, activated_range(op.activation, to.type, to.quantisation), y);
}

}  // namespace septet::network
