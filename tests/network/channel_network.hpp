// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks in which channels pass through everything they can pass through. Of f32 every sum is exact: weights are -1,
// 0 and 1, activations at most 6 with no more binary digits behind the point than pools of 2 x 2 give them; so the
// order of sums has no say.
#pragma once

#include "one_step.hpp"

#include <memory>
#include <numeric>
#include <string>
#include <utility>

namespace septet::support {

/// Every call adds a step and returns its output. Weights, bias and requantisation are random.
class NetworkBuilder {
 public:
  using Shape = std::vector<Index>;

  NetworkBuilder(Rng& rng, Type type) : rng_(rng), type_(type) {}

  Index input(Shape shape) {
    network_.inputs.push_back(tensor(std::move(shape)));
    return network_.inputs.back();
  }
  network::Network finish(std::vector<Index> outputs) {
    network_.name = "channels", network_.outputs = std::move(outputs);
    return std::move(network_);
  }
  const Shape& shape(Index x) const { return network_.tensors[static_cast<std::size_t>(x)].shape; }

  Index convolution(Index x, Index outputs, Index side = 1, Index stride = 1, Index groups = 1) {
    network::Window w;
    w.height = w.width = side, w.stride_h = w.stride_w = stride;
    w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = side / 2;
    const Shape in = shape(x);
    network::Convolution op{linear({outputs, side, side, in[3] / groups}, true), w, groups};
    return step(std::move(op), {x}, {in[0], w.out_height(in[1]), w.out_width(in[2]), outputs});
  }
  Index fully_connected(Index x, Index outputs, bool is_last = false) {
    const Shape in = shape(x);
    const Index k = std::accumulate(in.begin() + 1, in.end(), Index{1}, std::multiplies<>());
    return step(network::FullyConnected{linear({outputs, k}, !is_last)}, {x}, {in[0], outputs});
  }
  Index max_pool(Index x) { return halve(network::MaxPool{halving(), low(), high(), Activation::none}, x); }
  Index average_pool(Index x) { return halve(network::AveragePool{halving(), low(), high(), Activation::none}, x); }
  Index mean(Index x) { return step(network::Mean{}, {x}, {shape(x)[0], shape(x)[3]}); }
  Index add(Index x0, Index x1) {
    return step(network::Add{low(), high(), Activation::relu6}, {x0, x1}, Shape(shape(x0)));
  }
  Index activate(Index x) { return step(network::Activate{Activation::relu6}, {x}, Shape(shape(x))); }
  /// f32. Followed by an activation: numbers stay small.
  Index batch_norm(Index x) {
    network::Tensor factor({"", Type::f32, {shape(x).back()}, {}}), term(factor.info());
    for (Index c = 0; c < factor.info().elements(); ++c) {
      factor.as<float>()[c] = rng_.pick({1.f, 2.f}), term.as<float>()[c] = static_cast<float>(rng_.between(-3, 3));
    }
    network::BatchNorm op{std::make_shared<const network::Tensor>(factor),
                          std::make_shared<const network::Tensor>(term)};
    return activate(step(std::move(op), {x}, Shape(shape(x))));
  }
  Index quantise(Index x) { return step(network::Quantise{}, {x}, Shape(shape(x))); }
  Index softmax(Index x) {
    const Index y = step(network::Softmax{}, {x}, Shape(shape(x)));
    if (type_ != Type::f32) info(y).quantisation = {0x1p-8f, network::range_of(type_).low};
    return y;
  }
  Index reshape(Index x, Shape y) { return same_quantisation(step(network::Reshape{}, {x}, std::move(y)), x); }
  Index flatten(Index x) {
    const Shape in = shape(x);
    return reshape(x, {in[0], in[1] * in[2] * in[3]});
  }

 private:
  bool is_float() const { return type_ == Type::f32; }
  int low() const { return is_float() ? -128 : network::range_of(type_).low; }
  int high() const { return is_float() ? 127 : network::range_of(type_).high; }
  network::TensorInfo& info(Index t) { return network_.tensors[static_cast<std::size_t>(t)]; }
  Index tensor(Shape shape) {
    network::TensorInfo info{"t" + std::to_string(network_.tensors.size()), type_, std::move(shape), {}};
    if (!is_float()) info.quantisation = {0.05f, static_cast<int>(rng_.between(low(), high()))};
    network_.tensors.push_back(std::move(info));
    return static_cast<Index>(network_.tensors.size()) - 1;
  }
  Index step(network::Operator op, std::vector<Index> inputs, Shape y) {
    const Index output = tensor(std::move(y));
    network_.steps.push_back(
        {"step" + std::to_string(network_.steps.size()), std::move(op), std::move(inputs), output});
    return output;
  }
  Index same_quantisation(Index y, Index x) {
    info(y).quantisation = info(x).quantisation;
    return y;
  }
  static network::Window halving() {
    network::Window w;
    w.height = w.width = w.stride_h = w.stride_w = 2;
    return w;
  }
  Index halve(network::Operator op, Index x) {
    const Shape in = shape(x);
    return same_quantisation(step(std::move(op), {x}, {in[0], in[1] / 2, in[2] / 2, in[3]}), x);
  }

  network::Linear linear(const Shape& shape, bool is_small) {
    network::Linear result;
    network::Tensor weight({"", type_, shape, {}}), bias({"", is_float() ? Type::f32 : Type::s32, {shape[0]}, {}});
    if (!is_float()) weight.set_quantisation({0.1f, static_cast<int>(rng_.between(low(), high()))});
    for (Index i = 0; i < weight.info().elements(); ++i) {
      if (is_float()) weight.as<float>()[i] = static_cast<float>(rng_.between(-1, 1));
      if (!is_float()) weight.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(rng_.below(256));
    }
    for (Index o = 0; o < shape[0]; ++o) {
      if (is_float()) bias.as<float>()[o] = static_cast<float>(rng_.between(-2, 2));
      if (!is_float()) bias.as<std::int32_t>()[o] = static_cast<std::int32_t>(rng_.between(-5000, 5000));
    }
    result.weight = std::make_shared<const network::Tensor>(std::move(weight));
    if (rng_.chance(0.8)) result.bias = std::make_shared<const network::Tensor>(std::move(bias));
    result.low = low(), result.high = high();
    if (is_float() && is_small) result.activation = Activation::relu6;
    if (!is_float()) requantise(result, shape[0]);
    return result;
  }
  // Each output by its own numbers.
  void requantise(network::Linear& linear, Index outputs) {
    const bool by_scale = rng_.chance(0.2);
    if (by_scale) linear.rounding = Rounding::fp32_nearest_even;
    for (Index o = 0; o < outputs; ++o) {
      if (by_scale) {
        linear.scale.push_back(static_cast<float>(1 + rng_.unit()) * 0x1p-10f);
        continue;
      }
      linear.multiplier.push_back(static_cast<std::int32_t>(rng_.between(1 << 30, (Index{1} << 31) - 1)));
      linear.shift.push_back(static_cast<std::int32_t>(rng_.between(-11, -7)));
    }
  }

  Rng& rng_;
  const Type type_;
  network::Network network_;
};

/// A few such steps, and an end in which an image is flattened, averaged or read as it is.
inline network::Network channel_network(Rng& rng, Type type) {
  NetworkBuilder b(rng, type);
  Index x = b.input({rng.between(1, 2), 8, 8, rng.between(1, 6)});
  const auto channels = [&] { return b.shape(x)[3]; };
  for (Index steps = rng.between(2, 7); steps > 0; --steps) {
    const Index kind = rng.below(10), side = rng.pick<Index>({1, 3});
    if (kind <= 3) x = b.convolution(x, rng.between(1, 20), side, rng.between(1, 2));
    if (kind == 4) x = b.convolution(x, channels() * rng.pick<Index>({1, 1, 1, 2}), side, 1, channels());
    if (kind == 5) x = b.add(x, b.convolution(x, channels(), side));
    if (kind == 6)
      x = b.add(b.convolution(x, channels()), b.convolution(b.convolution(x, rng.between(1, 20)), channels()));
    if (kind == 7 && b.shape(x)[1] > 1) x = rng.chance(0.5) ? b.max_pool(x) : b.average_pool(x);
    if (kind == 8) x = type == Type::f32 ? b.batch_norm(x) : b.quantise(x);
    if (kind == 9)
      x = channels() % 2 == 0 && rng.chance(0.3) ? b.convolution(x, 2 * rng.between(1, 6), 1, 1, 2) : b.activate(x);
  }
  const Index end = rng.below(3);
  x = end == 0 ? b.flatten(x) : end == 1 ? b.mean(x) : x;
  if (rng.chance(0.6)) x = b.fully_connected(x, rng.between(1, 20));
  x = b.fully_connected(x, rng.between(1, 9), true);
  return b.finish({rng.chance(0.3) ? b.softmax(x) : x});
}

}  // namespace septet::support
