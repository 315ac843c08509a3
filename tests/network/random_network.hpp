// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Small random networks of bytes: convolutions, grouped and depthwise ones, pools, additions, a fully connected layer.
#pragma once

#include "one_step.hpp"

#include <cmath>
#include <memory>

namespace septet::support {

class RandomNetwork {
 public:
  explicit RandomNetwork(Rng& rng) : rng_(rng), type_(rng.pick({Type::s8, Type::u8})) {}

  network::Network operator()() {
    network_.name = "random";
    Index x = tensor({rng_.between(1, 2), rng_.between(4, 8), rng_.between(4, 8), rng_.between(1, 5)});
    network_.inputs = {x};
    for (Index steps = rng_.between(1, 5); steps > 0; --steps) x = any_step(x);
    network_.outputs = {fully_connected(x)};
    return std::move(network_);
  }

 private:
  Index tensor(std::vector<Index> shape) {
    network::TensorInfo info{"t" + std::to_string(network_.tensors.size()), type_, std::move(shape), {0.05f, 0}};
    info.quantisation.zero_point = zero_point();
    network_.tensors.push_back(std::move(info));
    return static_cast<Index>(network_.tensors.size()) - 1;
  }
  int zero_point() {
    const network::IntegerRange range = network::range_of(type_);
    return static_cast<int>(rng_.between(range.low, range.high));
  }
  std::vector<Index> shape(Index x) const { return network_.tensors[static_cast<std::size_t>(x)].shape; }

  Index step(network::Operator op, std::vector<Index> inputs, std::vector<Index> y) {
    const Index output = tensor(std::move(y));
    network_.steps.push_back(
        {"step" + std::to_string(network_.steps.size()), std::move(op), std::move(inputs), output});
    return output;
  }

  // Weights of which most are zero, so that dataflows differ; sums of K products come down to a byte.
  network::Linear linear(std::vector<Index> shape) {
    network::Tensor weight({"", type_, shape, {0.1f, type_ == Type::u8 ? zero_point() : 0}});
    const int zero = weight.info().quantisation.zero_point;
    const double zeros = rng_.unit();
    for (Index i = 0; i < weight.info().elements(); ++i) {
      const int value = rng_.chance(zeros) ? zero : static_cast<int>(rng_.between(-128, 127));
      weight.as<std::int8_t>()[i] = static_cast<std::int8_t>(value);  // the low 8 bits of either type
    }
    network::Linear result;
    network::Tensor bias({"", Type::s32, {shape[0]}, {}});
    const bool by_scale = rng_.chance(0.2);
    if (by_scale) result.rounding = Rounding::fp32_nearest_even;
    for (Index o = 0; o < shape[0]; ++o) {
      bias.as<std::int32_t>()[o] = static_cast<std::int32_t>(rng_.between(-5000, 5000));
      if (by_scale) {
        result.scale.push_back(
            static_cast<float>(std::ldexp(1 + rng_.unit(), static_cast<int>(rng_.between(-12, -7)))));
        continue;
      }
      result.multiplier.push_back(static_cast<std::int32_t>(rng_.between(1 << 30, (Index{1} << 31) - 1)));
      result.shift.push_back(static_cast<std::int32_t>(rng_.between(-11, -6)));
    }
    result.weight = std::make_shared<const network::Tensor>(std::move(weight));
    if (rng_.chance(0.8)) result.bias = std::make_shared<const network::Tensor>(std::move(bias));
    const network::IntegerRange range = network::range_of(type_);
    result.low = range.low, result.high = range.high;
    return result;
  }

  network::Window window(bool smaller) {
    network::Window w;
    w.height = rng_.pick<Index>({1, 3}), w.width = rng_.pick<Index>({1, 3});
    w.pad_top = w.pad_bottom = w.height / 2, w.pad_left = w.pad_right = w.width / 2;
    if (smaller) w.stride_h = rng_.between(1, 2), w.stride_w = rng_.between(1, 2);
    return w;
  }
  Index slide(const network::Operator& op, const network::Window& w, Index x, Index channels) {
    const std::vector<Index> in = shape(x);
    return step(op, {x}, {in[0], w.out_height(in[1]), w.out_width(in[2]), channels});
  }

  Index convolution(Index x) {
    const Index inputs = shape(x)[3], groups = inputs % 2 == 0 && rng_.chance(0.3) ? 2 : 1;
    const Index outputs = groups * rng_.between(1, 12);
    const network::Window w = window(true);
    return slide(network::Convolution{linear({outputs, w.height, w.width, inputs / groups}), w, groups}, w, x, outputs);
  }
  Index depthwise(Index x) {
    const Index inputs = shape(x)[3], outputs = inputs * rng_.between(1, 2);
    const network::Window w = window(true);
    return slide(network::Convolution{linear({outputs, w.height, w.width, 1}), w, inputs}, w, x, outputs);
  }
  Index pool(Index x) {
    const network::IntegerRange range = network::range_of(type_);
    const network::Window w = window(true);
    const Index y = slide(network::MaxPool{w, range.low, range.high, Activation::none}, w, x, shape(x)[3]);
    // A maximum has its input's quantisation.
    const auto info = [&](Index t) -> network::TensorInfo& { return network_.tensors[static_cast<std::size_t>(t)]; };
    info(y).quantisation = info(x).quantisation;
    return y;
  }
  Index add(Index x) {
    const std::vector<Index> in = shape(x);
    const network::Window w;
    const Index branch = slide(network::Convolution{linear({in[3], 1, 1, in[3]}), w, 1}, w, x, in[3]);
    const network::IntegerRange range = network::range_of(type_);
    return step(network::Add{range.low, range.high, Activation::none}, {x, branch}, in);
  }
  Index any_step(Index x) {
    switch (rng_.below(5)) {
      case 0:
        return depthwise(x);
      case 1:
        return pool(x);
      case 2:
        return add(x);
      default:
        return convolution(x);
    }
  }
  Index fully_connected(Index x) {
    const std::vector<Index> in = shape(x);
    const Index outputs = rng_.between(1, 9);
    return step(network::FullyConnected{linear({outputs, in[1] * in[2] * in[3]})}, {x}, {in[0], outputs});
  }

  Rng& rng_;
  const Type type_;
  network::Network network_;
};

inline network::Network random_network(Rng& rng) { return RandomNetwork(rng)(); }

}  // namespace septet::support
