// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "kernels/dispatch.hpp"

#include <algorithm>
#include <array>

namespace septet::network {
namespace {

// Both operands come to a common scale, twice the coarser of theirs, with 20 bits after the point.
constexpr int kFractionalBits = 20;
constexpr Index kChunk = 1024;  // sums that stay in the first-level cache until they are requantised

// What each byte is on the common scale: by its bits.
std::array<std::int32_t, 256> common_values(const TensorInfo& x, double common) {
  const Multiplier by = nearest_multiplier(x.quantisation.scale / common);
  std::array<std::int32_t, 256> values{};
  for (std::size_t bits = 0; bits < values.size(); ++bits) {
    const int stored = x.type == Type::u8 ? static_cast<int>(bits) : static_cast<std::int8_t>(bits);
    values[bits] = multiplied((stored - x.quantisation.zero_point) * (1 << kFractionalBits), by);
  }
  return values;
}

void add_bytes(const Add& op, const Tensor& x0, const Tensor& x1, Tensor& y) {
  const Quantisation& to = y.info().quantisation;
  const double common = 2 * std::max(double{x0.info().quantisation.scale}, double{x1.info().quantisation.scale});
  const auto values0 = common_values(x0.info(), common), values1 = common_values(x1.info(), common);
  const Multiplier by = nearest_multiplier(common / ((1 << kFractionalBits) * double{to.scale}));
  const std::int32_t shift = by.shift;
  std::array<std::int32_t, kChunk> sums;

  kernels::RequantiseCall call;
  call.sums = sums.data(), call.type = y.info().type;
  call.multiplier = {&by.multiplier, true}, call.shift = {&shift, true};
  call.zero_point = to.zero_point, call.low = op.low, call.high = op.high;
  const std::uint8_t *a = x0.as<std::uint8_t>(), *b = x1.as<std::uint8_t>();
  const Index count = y.info().elements();
  for (Index i = 0; i < count; i += kChunk) {
    call.count = std::min(kChunk, count - i);
    call.out = y.as<std::uint8_t>() + i;
    for (Index j = 0; j < call.count; ++j) sums[static_cast<std::size_t>(j)] = values0[a[i + j]] + values1[b[i + j]];
    kernels::epilogue_kernels().requantise(call);
  }
}

}  // namespace

void execute(const Add& op, const Operands& x, Tensor& y) {
  if (y.info().type != Type::f32) return add_bytes(op, *x[0], *x[1], y);
  kernels::FinishCall<float> call;
  call.sums = x[0]->as<float>(), call.residual = {x[1]->as<float>(), false}, call.out = y.as<float>();
  call.count = y.info().elements(), call.activation = op.activation;
  kernels::epilogue_kernels().finish_f32(call);
}

}  // namespace septet::network
