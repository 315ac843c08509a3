// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random networks around convolutions, for what runs a network as a whole: any window, few or many channels, zeros in
// the weights, additions behind sums, tensors that are read late, twice, or by nobody.
#pragma once

#include "one_step.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

namespace septet::support {

class LayeredNetwork {
 public:
  explicit LayeredNetwork(Rng& rng) : rng_(rng), floats_(rng.chance(0.5)) {}

  /// Of many small images.
  LayeredNetwork& many() {
    many_ = true;
    return *this;
  }

  network::Network operator()() {
    network_.name = "layered";
    for (Index inputs = rng_.chance(0.2) ? 2 : 1; inputs > 0; --inputs) {
      images_.push_back(tensor(type(), image_shape()));
      network_.inputs.push_back(images_.back());
    }
    for (Index steps = rng_.chance(0.3) ? 1 : rng_.between(2, 6); steps > 0; --steps) any_step(some_image());
    if (rng_.chance(0.3)) ending(images_.back());
    const auto last = static_cast<Index>(network_.tensors.size()) - 1;
    network_.outputs = {last};
    for (const Index image : images_) {
      if (image != last && rng_.chance(0.15) && !is_input(image)) network_.outputs.push_back(image);
    }
    return std::move(network_);
  }

  /// Images of one shape, one behind the other, each with its padding somewhere else.
  network::Network chain() {
    network_.name = "chain";
    Index x = tensor(type(), {rng_.between(1, 2), rng_.between(2, 6), rng_.between(14, 17), rng_.pick<Index>({4, 8})});
    network_.inputs = {x};
    for (Index steps = rng_.between(3, 8); steps > 0; --steps) {
      network::Window w;
      w.height = w.width = 3;
      w.pad_top = rng_.between(0, 2), w.pad_bottom = 2 - w.pad_top;
      w.pad_left = rng_.between(0, 2), w.pad_right = 2 - w.pad_left;
      x = convolve(x, w, 1, shape(x)[3]);
    }
    network_.outputs = {x};
    return std::move(network_);
  }

  /// Weights that no second-level cache keeps a quarter of, sums in several visits; f32: an addition behind them.
  network::Network large() {
    network_.name = "large";
    Index x = tensor(type(), {1, rng_.between(12, 15), rng_.between(12, 15), rng_.between(240, 300)});
    network_.inputs = {x};
    network::Window w;
    w.height = w.width = 3;
    w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 1;
    for (int steps = 0; steps < 2; ++steps) {
      const Index before = x;
      x = convolve(x, w, 1, shape(x)[3]);
      if (floats_) x = add(x, before);
    }
    ending(x);
    network_.outputs = {static_cast<Index>(network_.tensors.size()) - 1, x};
    return std::move(network_);
  }

 private:
  using Shape = std::vector<Index>;
  static constexpr double kMostMacs = 1e5;  // of a layer

  network::TensorInfo& info(Index t) { return network_.tensors[static_cast<std::size_t>(t)]; }
  Shape shape(Index t) { return info(t).shape; }
  bool is_input(Index t) const { return t < static_cast<Index>(network_.inputs.size()); }
  Index some_image() { return rng_.chance(0.7) ? images_.back() : rng_.pick(images_); }
  Type type() { return floats_ ? Type::f32 : rng_.pick({Type::s8, Type::s8, Type::u8}); }

  Shape image_shape() {
    if (many_) {
      const Shape first = network_.inputs.empty() ? Shape{rng_.between(8, 140)} : shape(network_.inputs[0]);
      return {first[0], rng_.between(1, 5), rng_.between(1, 5), channels()};
    }
    const Index most = rng_.pick<Index>({3, 6, 9, 20});
    Shape s{rng_.pick<Index>({1, 1, 2, 3}), rng_.between(1, most), rng_.between(1, most), channels()};
    if (rng_.chance(0.05)) s[1] = rng_.between(1, 2), s[2] = rng_.between(40, 300), s[3] = rng_.between(1, 9);
    if (rng_.chance(0.1)) s[1] = 1, s[2] = 1;
    return s;
  }
  Index channels() {
    if (many_) return rng_.pick<Index>({1, 2, 3, 4, 5, 8, 16, 17, 21});
    return rng_.pick<Index>({1, 2, 3, 4, 5, 8, 12, 16, 17, 32, 33, 64, 70, rng_.between(1, 70)});
  }

  Index tensor(Type type, Shape shape) {
    network::TensorInfo made{"t" + std::to_string(network_.tensors.size()), type, std::move(shape), {}};
    if (type != Type::f32) made.quantisation = {0.05f, zero_point(type)};
    network_.tensors.push_back(std::move(made));
    return static_cast<Index>(network_.tensors.size()) - 1;
  }
  int zero_point(Type type) {
    const network::IntegerRange range = network::range_of(type);
    return static_cast<int>(rng_.chance(0.3) ? rng_.pick({range.low, range.high})
                                             : rng_.between(range.low, range.high));
  }
  Index step(network::Operator op, std::vector<Index> inputs, Index output) {
    network_.steps.push_back(
        {"step" + std::to_string(network_.steps.size()), std::move(op), std::move(inputs), output});
    if (shape(output).size() == 4) images_.push_back(output);
    return output;
  }

  // ---- weights

  // Whether an element is left: each by itself, or eight rows of a column together.
  std::vector<bool> pattern(Index rows, Index cols) {
    const double zeros = rng_.pick({0., 0., 0.5, 0.8, 0.95, 1.});
    const bool vectors = rng_.chance(0.4);
    std::vector<bool> left(static_cast<std::size_t>(rows * cols));
    for (Index i = 0; i < rows; ++i) {
      for (Index k = 0; k < cols; ++k) {
        const auto at = static_cast<std::size_t>(i * cols + k);
        left[at] = vectors && i % 8 > 0 ? left[at - static_cast<std::size_t>(cols)] : !rng_.chance(zeros);
      }
    }
    return left;
  }
  network::Tensor weights(Type of_x, const Shape& shape) {
    const Type type = of_x == Type::f32 ? of_x : rng_.pick({Type::s8, Type::s8, Type::s8, Type::u8});
    network::Tensor weight({"", type, shape, {type == Type::f32 ? 0.f : 0.1f, 0}});
    if (type == Type::u8 || (type == Type::s8 && rng_.chance(0.1))) {
      weight.set_quantisation({0.1f, zero_point(type)});
    }
    const Index count = weight.info().elements();
    const std::vector<bool> left = pattern(shape[0], count / shape[0]);
    const int zero = weight.info().quantisation.zero_point;
    for (Index i = 0; i < count; ++i) {
      const bool is_left = left[static_cast<std::size_t>(i)];
      if (type == Type::f32) {
        weight.as<float>()[i] = is_left ? random_float<float>(rng_, -8, -1) : random_zero<float>(rng_, 0);
      } else {  // the low 8 bits are those of either type
        weight.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(is_left ? rng_.below(256) : zero);
      }
    }
    return weight;
  }
  // What becomes of the sums of `y`, whose products are `k` long.
  network::Linear linear(Type of_x, const Shape& shape, const network::TensorInfo& y) {
    network::Linear result;
    result.weight = std::make_shared<const network::Tensor>(weights(of_x, shape));
    if (rng_.chance(0.8)) result.bias = bias(of_x, shape[0]);
    if (of_x == Type::f32) {
      result.activation = rng_.pick({Activation::none, Activation::none, Activation::relu, Activation::relu6,
                                     rng_.pick({Activation::sigmoid, Activation::gelu, Activation::tanh})});
      return result;
    }
    result.rounding =
        rng_.pick({Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_away, Rounding::truncate,
                   Rounding::floor, Rounding::fp32_nearest_even, Rounding::single_half_even});
    for (Index o = 0; o < shape[0]; ++o) {
      const auto multiplier = static_cast<std::int32_t>(rng_.between(1 << 30, (Index{1} << 31) - 1));
      const auto shift = static_cast<std::int32_t>(rng_.between(-13, -6));
      if (result.rounding == Rounding::fp32_nearest_even) {
        result.scale.push_back(static_cast<float>(std::ldexp(multiplier, shift - 31)));
      } else {
        result.multiplier.push_back(multiplier), result.shift.push_back(shift);
      }
    }
    const network::IntegerRange range = network::range_of(y.type);
    result.low = range.low, result.high = range.high;
    if (rng_.chance(0.3))
      result.low += static_cast<int>(rng_.below(100)), result.high -= static_cast<int>(rng_.below(99));
    return result;
  }
  std::shared_ptr<const network::Tensor> bias(Type of_x, Index outputs) {
    network::Tensor bias({"", of_x == Type::f32 ? Type::f32 : Type::s32, {outputs}, {}});
    for (Index o = 0; o < outputs; ++o) {
      if (of_x == Type::f32) {
        bias.as<float>()[o] = random_float<float>(rng_, -6, 3);
      } else {
        bias.as<std::int32_t>()[o] = static_cast<std::int32_t>(
            rng_.chance(0.02)
                ? rng_.pick({std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()})
                : static_cast<std::int32_t>(rng_.between(-5000, 5000)));
      }
    }
    return std::make_shared<const network::Tensor>(std::move(bias));
  }

  // ---- convolutions

  // `same`: outputs are as many as inputs.
  void random_side(bool same, Index& elements, Index& stride, Index& dilation, Index& before, Index& behind) {
    elements = rng_.pick<Index>({1, 1, 2, 3, 3, 4, 5, 7}), dilation = rng_.chance(0.2) ? rng_.between(2, 3) : 1;
    stride = same || rng_.chance(0.5) ? 1 : rng_.between(2, 3);
    const Index reach = dilation * (elements - 1) + 1;
    before = same ? rng_.between(0, reach - 1) : rng_.chance(0.5) ? rng_.between(0, 3) : 0;
    behind = same ? reach - 1 - before : rng_.chance(0.5) ? rng_.between(0, 3) : 0;
  }
  // Over an image of this shape; never empty.
  network::Window convolution_window(const Shape& x, bool same) {
    network::Window w;
    if (rng_.chance(0.3)) return w;
    const bool square = rng_.chance(0.5);
    do {
      random_side(same, w.height, w.stride_h, w.dilation_h, w.pad_top, w.pad_bottom);
      if (square) {
        w.width = w.height, w.stride_w = w.stride_h, w.dilation_w = w.dilation_h;
        w.pad_left = w.pad_top, w.pad_right = w.pad_bottom;
      } else {
        random_side(same, w.width, w.stride_w, w.dilation_w, w.pad_left, w.pad_right);
      }
    } while (x[1] + w.pad_top + w.pad_bottom <= w.dilation_h * (w.height - 1) ||
             x[2] + w.pad_left + w.pad_right <= w.dilation_w * (w.width - 1));
    return w;
  }
  Index convolve(Index x, const network::Window& w, Index groups, Index outputs) {
    const Shape in = shape(x);
    const Type of_x = info(x).type;
    const Index y =
        tensor(of_x == Type::f32 ? Type::f32 : type(), {in[0], w.out_height(in[1]), w.out_width(in[2]), outputs});
    network::Linear end = linear(of_x, {outputs, w.height, w.width, in[3] / groups}, info(y));
    return step(network::Convolution{std::move(end), w, groups}, {x}, y);
  }
  Index groups_of(Index channels) {
    if (rng_.chance(0.75)) return 1;
    const Index groups = rng_.pick<Index>({2, 4, channels});
    return channels % groups == 0 ? groups : 1;
  }
  Index convolution(Index x) {
    const Shape in = shape(x);
    const network::Window w = convolution_window(in, rng_.chance(0.5));
    const Index groups = groups_of(in[3]);
    const double each =
        static_cast<double>(in[0] * w.out_height(in[1]) * w.out_width(in[2]) * w.height * w.width * in[3]);
    const auto most = static_cast<Index>(kMostMacs / each);  // of a group
    return convolve(x, w, groups, groups * std::clamp<Index>(channels() / groups, 1, std::max<Index>(1, most)));
  }
  // An image of x's shape and, of bytes, its type.
  Index alike(Index x) {
    const network::Window w = convolution_window(shape(x), true);
    const Index depthwise = shape(x)[3], y = convolve(x, w, rng_.chance(0.8) ? 1 : depthwise, depthwise);
    if (info(x).type == info(y).type) return y;
    const Index made = tensor(info(x).type, shape(x));
    return step(network::Quantise{}, {y}, made);
  }

  // ---- what else there is

  Index add(Index x0, Index x1) {
    network::Add op;
    if (floats_) {
      op.activation = rng_.pick({Activation::none, Activation::relu, Activation::relu, Activation::relu6});
    } else {
      const network::IntegerRange range = network::range_of(info(x0).type);
      op.low = range.low, op.high = range.high;
    }
    const Index y = tensor(info(x0).type, shape(x0));
    return step(op, {x0, x1}, y);
  }
  // A residual from before, from a branch made later, or the same tensor twice.
  Index block(Index x) {
    Index x0 = x, x1 = alike(x);
    if (rng_.chance(0.3)) x0 = alike(x);
    if (rng_.chance(0.3)) x1 = alike(x1);
    if (rng_.chance(0.1)) x0 = x1;
    if (rng_.chance(0.5)) std::swap(x0, x1);
    return add(x0, x1);
  }
  Index pool(Index x) {
    Shape out;
    const network::Window w = random_window(rng_, shape(x), out);
    const Index y = tensor(info(x).type, out);
    info(y).quantisation = info(x).quantisation;
    const network::IntegerRange range = network::range_of(info(x).type);
    if (rng_.chance(0.5)) return step(network::MaxPool{w, range.low, range.high, Activation::none}, {x}, y);
    return step(network::AveragePool{w, range.low, range.high, Activation::none}, {x}, y);
  }
  Index any_step(Index x) {
    const Index kind = rng_.below(20);
    if (kind < 5) return block(x);
    if (kind == 5) return pool(x);
    if (kind == 6) return step(network::Activate{Activation::relu}, {x}, tensor(info(x).type, shape(x)));
    return convolution(x);
  }
  // A mean, perhaps, and a fully connected layer.
  void ending(Index x) {
    const Shape in = shape(x);
    Index k = in[1] * in[2] * in[3], rows = in[0];
    if (rng_.chance(0.25)) {  // of each pixel by itself
      rows = in[0] * in[1] * in[2], k = in[3];
    } else if (rng_.chance(0.5)) {
      x = step(network::Mean{}, {x}, tensor(info(x).type, {in[0], in[3]})), k = in[3];
    }
    const Index most = std::max<Index>(1, static_cast<Index>(kMostMacs) / (k * rows));
    const Index outputs = std::min(channels(), most);
    const Index y = tensor(floats_ ? Type::f32 : type(), {rows, outputs});
    network::Linear end = linear(info(x).type, {outputs, k}, info(y));
    step(network::FullyConnected{std::move(end)}, {x}, y);
  }

  Rng& rng_;
  const bool floats_;
  bool many_ = false;
  network::Network network_;
  std::vector<Index> images_;
};

}  // namespace septet::support
