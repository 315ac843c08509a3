// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network and the same with its channels in another order, side by side: whole, and layer by layer.
#pragma once

#include "one_step.hpp"
#include "septet/network/permute.hpp"
#include "septet/network/session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace septet::support {

using network::Linear;
using network::Network;
using network::Step;
using network::Tensor;
using Orders = std::vector<std::vector<Index>>;

inline const Linear* linear_of(const Operator& op) {
  if (const auto* convolution = std::get_if<network::Convolution>(&op)) return &convolution->linear;
  const auto* connected = std::get_if<network::FullyConnected>(&op);
  return connected == nullptr ? nullptr : &connected->linear;
}
inline Linear* linear_of(Operator& op) { return const_cast<Linear*>(linear_of(std::as_const(op))); }

// ---- orders

inline std::vector<Index> random_order(Rng& rng, std::vector<Index> order) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(rng.below(static_cast<Index>(i)))]);
  }
  return order;
}
inline Orders random_orders(Rng& rng, const Network& network) {
  Orders orders;
  for (const network::ChannelSet& set : channels_of(network)) orders.push_back(random_order(rng, given_order(set)));
  return orders;
}
inline Orders inverse(const Orders& orders) {
  Orders result = orders;
  for (std::size_t s = 0; s < orders.size(); ++s) {
    for (std::size_t i = 0; i < orders[s].size(); ++i) {
      result[s][static_cast<std::size_t>(orders[s][i])] = static_cast<Index>(i);
    }
  }
  return result;
}

// ---- whole networks

inline std::vector<Tensor> random_inputs(Rng& rng, const Network& network) {
  std::vector<Tensor> inputs;
  for (const Index input : network.inputs) {
    Tensor& x = inputs.emplace_back(network.tensors[static_cast<std::size_t>(input)]);
    for (Index i = 0; i < x.info().elements(); ++i) {
      if (x.info().type == Type::f32) {
        x.as<float>()[i] = static_cast<float>(rng.between(-4, 4));
      } else {
        x.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(rng.below(256));
      }
    }
  }
  return inputs;
}
inline std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}
inline bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].bytes() != b[i].bytes() || std::memcmp(a[i].data(), b[i].data(), a[i].bytes()) != 0) return false;
  }
  return true;
}
inline std::vector<Tensor> run_steps(const Network& network, const std::vector<Tensor>& inputs) {
  std::vector<network::LayerRun> layers;
  return network::run(network, pointers(inputs), {}, std::vector<network::LayerCost>(network.steps.size()), layers);
}
// Step by step, and in sessions.
inline void check_same_outputs(const Network& network, const Network& other, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> want = run_steps(network, inputs);
  CHECK(same_bits(run_steps(other, inputs), want));
  network::Session session(other, {network::WeightForm::dense});
  CHECK(same_bits(session.run(pointers(inputs)), want));
}

// ---- layer by layer: what is read in another order is summed up in another order

// Elements of `of` where they lie with channels in this order; empty: as they are.
inline Tensor reordered(const Tensor& of, const std::vector<Index>& order) {
  Tensor result(of.info());
  const auto size = static_cast<Index>(order.size());
  for (Index e = 0; e < of.info().elements(); ++e) {
    const Index from = size == 0 ? e : e - e % size + order[static_cast<std::size_t>(e % size)];
    result.as<float>()[e] = of.as<float>()[from];
  }
  return result;
}
inline Tensor magnitudes(const Tensor& of) {
  Tensor result(of.info());
  for (Index e = 0; e < of.info().elements(); ++e) result.as<float>()[e] = std::abs(of.as<float>()[e]);
  return result;
}
// The step with |weights| and |bias|, and no activation.
inline Step magnitudes(Step step) {
  Linear& linear = *linear_of(step.op);
  linear.weight = std::make_shared<const Tensor>(magnitudes(*linear.weight));
  if (linear.bias != nullptr) linear.bias = std::make_shared<const Tensor>(magnitudes(*linear.bias));
  linear.activation = Activation::none;
  return step;
}
inline std::vector<Index> order_at(const Network& network, const Orders& orders, Index step,
                                   std::vector<Index> network::ChannelSet::*list) {
  const std::vector<network::ChannelSet> sets = channels_of(network);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const std::vector<Index>& steps = sets[s].*list;
    if (std::find(steps.begin(), steps.end(), step) != steps.end()) return orders[s];
  }
  return {};
}

// From the same x, in the new order, comes the same y, in the new order, within the bound. K products and a bias,
// chained in one order or another with one rounding each, are within g = (K + 1) u / (1 - (K + 1) u) times the sum of
// their magnitudes S of the exact sum (Higham, Accuracy and Stability, section 3.1; u = 2^-24), so two of them are
// within 2 g S; relu and relu6 bring them no further apart. S is itself such a sum: within g.
inline void check_layer(const Step& step, const Step& other, const Tensor& x, const Tensor& y,
                        const std::vector<Index>& x_order, const std::vector<Index>& y_order) {
  const Index k = linear_of(step.op)->weight->info().elements() / linear_of(step.op)->outputs();
  const double u = 0x1p-24, n = static_cast<double>(k) + 1, g = n * u / (1 - n * u);
  Tensor got(y.info()), sums(y.info());
  const Tensor moved = reordered(x, x_order), size = magnitudes(x);
  network::execute(other, {&moved}, got);
  network::execute(magnitudes(step), {&size}, sums);
  const Tensor want = reordered(y, y_order), bound = reordered(sums, y_order);
  Index beyond = 0;
  for (Index e = 0; e < y.info().elements(); ++e) {
    const double difference = std::abs(double{got.as<float>()[e]} - double{want.as<float>()[e]});
    beyond += difference <= 2 * g * double{bound.as<float>()[e]} / (1 - g) ? 0 : 1;  // a NaN is beyond, too
  }
  CHECK_MESSAGE(beyond == 0, step.name);
}
inline void check_layers(const Network& network, const Orders& orders, const std::vector<Tensor>& inputs) {
  const Network other = permuted(network, orders);
  std::vector<network::LayerRun> layers;
  const network::Observer observer = [&](const Step& step, const std::vector<const Tensor*>& x, const Tensor& y,
                                         const Tensor* /*sums*/) {
    if (linear_of(step.op) == nullptr) return;
    const Index i = &step - network.steps.data();
    std::vector<Index> to = order_at(network, orders, i, &network::ChannelSet::writers);
    std::vector<Index> from = order_at(network, orders, i, &network::ChannelSet::readers);
    const std::vector<Index> carried = order_at(network, orders, i, &network::ChannelSet::carriers);
    if (!carried.empty()) from = to = carried;
    check_layer(step, other.steps[static_cast<std::size_t>(i)], *x[0], y, from, to);
  };
  network::run(network, pointers(inputs), {}, std::vector<network::LayerCost>(network.steps.size()), layers, observer);
}

/// Any finite numbers for weights.
inline Network with_real_weights(Rng& rng, Network network) {
  for (Step& step : network.steps) {
    Linear* linear = linear_of(step.op);
    if (linear == nullptr) continue;
    Tensor weight(linear->weight->info());
    for (Index i = 0; i < weight.info().elements(); ++i) weight.as<float>()[i] = static_cast<float>(rng.unit() - 0.5);
    linear->weight = std::make_shared<const Tensor>(std::move(weight));
  }
  return network;
}

}  // namespace septet::support
