// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network of one operator, and random operands for it.
#pragma once

#include "septet/network/execute.hpp"
#include "septet/network/quantisation.hpp"
#include "support/storage.hpp"

namespace septet::support {

using network::Operator;
using network::TensorInfo;

inline network::Network one_step(const Operator& op, const std::vector<TensorInfo>& x, const TensorInfo& y) {
  network::Network network;
  network::Step step{"step", op, {}, static_cast<Index>(x.size())};
  for (const TensorInfo& info : x) {
    step.inputs.push_back(static_cast<Index>(network.tensors.size()));
    network.tensors.push_back(info);
  }
  network.tensors.push_back(y);
  network.inputs = step.inputs, network.outputs = {step.output}, network.steps = {step};
  return network;
}

inline network::Tensor run(const Operator& op, const std::vector<const network::Tensor*>& x, const TensorInfo& y) {
  network::Tensor result(y);
  std::fill_n(result.as<std::uint8_t>(), result.bytes(), std::uint8_t{0x5a});
  network::execute({"step", op, {}, 0}, x, result);
  return result;
}

inline Status validate_one(const Operator& op, const std::vector<const network::Tensor*>& x, const TensorInfo& y) {
  std::vector<TensorInfo> infos;
  for (const network::Tensor* tensor : x) infos.push_back(tensor->info());
  return network::validate(one_step(op, infos, y));
}

/// A scale in 2^[-20, 10] and any zero point, ends often; none of floats.
inline network::Quantisation random_quantisation(Rng& rng, Type type) {
  if (type != Type::s8 && type != Type::u8) return {};
  const network::IntegerRange range = network::range_of(type);
  const auto zero_point =
      static_cast<int>(rng.chance(0.5) ? rng.pick({range.low, range.high, 0}) : rng.between(range.low, range.high));
  const double scale = rng.chance(0.2) ? 0.0625 : std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-20, 9)));
  return {static_cast<float>(scale), zero_point};
}

/// Of mixed values, or of the least and the greatest ones alone.
inline network::Tensor random_tensor(Rng& rng, const TensorInfo& info) {
  network::Tensor tensor(info);
  const ValueKind kind = rng.chance(0.3) ? ValueKind::extremes : ValueKind::mixed;
  const auto fill = [&](auto* data) {
    using T = std::remove_pointer_t<decltype(data)>;
    for (Index i = 0; i < info.elements(); ++i) data[i] = random_value<T>(rng, kind);
  };
  if (info.type == Type::f32) fill(tensor.as<float>());
  if (info.type == Type::f16) fill(tensor.as<f16>());
  if (info.type == Type::s8) fill(tensor.as<std::int8_t>());
  if (info.type == Type::u8) fill(tensor.as<std::uint8_t>());
  return tensor;
}

/// A window over an image of this shape, none of whose positions lies in padding alone; y's shape.
inline network::Window random_window(Rng& rng, const std::vector<Index>& x, std::vector<Index>& y) {
  const auto side = [&](Index in, Index& elements, Index& stride, Index& dilation, Index& before, Index& behind) {
    elements = rng.between(1, 4), stride = rng.between(1, 4), dilation = rng.chance(0.3) ? rng.between(1, 3) : 1;
    const Index reach = dilation * (elements - 1) + 1;
    before = rng.chance(0.5) ? rng.between(0, reach - 1) : 0, behind = rng.chance(0.5) ? rng.between(0, reach - 1) : 0;
    return reach <= in + before + behind;
  };
  network::Window w;
  do {
    while (!side(x[1], w.height, w.stride_h, w.dilation_h, w.pad_top, w.pad_bottom)) {
    }
    while (!side(x[2], w.width, w.stride_w, w.dilation_w, w.pad_left, w.pad_right)) {
    }
    y = {x[0], w.out_height(x[1]), w.out_width(x[2]), x[3]};
  } while (!network::validate(one_step(network::MaxPool{w}, {{"x", Type::f32, x, {}}}, {"y", Type::f32, y, {}})).ok());
  return w;
}

inline std::vector<Index> random_image_shape(Rng& rng) {
  return {rng.between(1, 3), rng.between(1, 9), rng.between(1, 9), rng.between(1, 20)};
}

}  // namespace septet::support
