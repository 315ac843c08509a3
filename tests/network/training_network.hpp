// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Small networks of f32 to be trained.
#pragma once

#include "septet/network/network.hpp"
#include "support/storage.hpp"

namespace septet::support {

inline constexpr Index kClasses = 5;

/// How elements are drawn: -1, 0 or 1; or anything in [-1, 1).
enum class Values : std::uint8_t { whole, any };

class Builder {
 public:
  Builder(Rng& rng, Values values, Index batch) : rng_(rng), values_(values) {
    made.inputs = {tensor({batch, 5, 6, 3})};
  }
  Index tensor(std::vector<Index> shape) {
    made.tensors.push_back({"t" + std::to_string(made.tensors.size()), Type::f32, std::move(shape), {}});
    return static_cast<Index>(made.tensors.size()) - 1;
  }
  network::Tensor filled(std::vector<Index> shape, float more = 0) {
    network::Tensor tensor({"t", Type::f32, std::move(shape), {}});
    for (Index i = 0; i < tensor.info().elements(); ++i) {
      const double value = values_ == Values::whole ? static_cast<double>(rng_.between(-1, 1)) : 2 * rng_.unit() - 1;
      tensor.as<float>()[i] = static_cast<float>(value) + more;
    }
    return tensor;
  }
  std::shared_ptr<const network::Tensor> shared(std::vector<Index> shape, float more = 0) {
    return std::make_shared<const network::Tensor>(filled(std::move(shape), more));
  }
  // Biases end in .5, so that whole sums are never at relu's corner.
  network::Linear linear(std::vector<Index> shape, Activation activation = Activation::none) {
    network::Linear linear;
    linear.bias = shared({shape[0]}, 0.5f);
    linear.weight = shared(std::move(shape));
    linear.activation = activation;
    return linear;
  }
  Index step(network::Operator op, std::vector<Index> inputs, std::vector<Index> shape) {
    const Index output = tensor(std::move(shape));
    made.steps.push_back({"step" + std::to_string(made.steps.size()), std::move(op), std::move(inputs), output});
    made.outputs = {output};
    return output;
  }

  network::Network made;

 private:
  Rng& rng_;
  Values values_;
};

/// A strided convolution with relu, a pointwise one beside it, an addition, an average pool, a fully connected layer.
inline network::Network residual_network(std::uint64_t seed, Values values, Index batch) {
  Rng rng(seed);
  Builder b(rng, values, batch);
  network::Convolution strided;
  network::Window& w = strided.window;
  w.height = w.width = 3, w.stride_h = w.stride_w = 2, w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 1;
  strided.linear = b.linear({4, 3, 3, 3}, Activation::relu);
  const Index first = b.step(strided, {0}, {batch, 3, 3, 4});
  const Index second = b.step(network::Convolution{b.linear({4, 1, 1, 4}), {}, 1}, {first}, {batch, 3, 3, 4});
  const Index sum = b.step(network::Add{}, {first, second}, {batch, 3, 3, 4});
  network::AveragePool pool;
  pool.window.height = pool.window.width = 2;
  const Index pooled = b.step(pool, {sum}, {batch, 2, 2, 4});
  b.step(network::FullyConnected{b.linear({kClasses, 16})}, {pooled}, {batch, kClasses});
  return b.made;
}

inline network::Tensor input_of(const network::Network& network, std::uint64_t seed, Values values) {
  Rng rng(seed);
  return Builder(rng, values, 1).filled(network.tensors[0].shape);
}

}  // namespace septet::support
