// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network that learns: forward, backward, update.
//
//   septet::network::Training training(network, {});
//   for (int micro = 0; micro < 4; ++micro) loss += training.accumulate({&images[micro]}, labels[micro], batch);
//   training.update();
//   septet::network::Network learnt = training.trained();
#pragma once

#include "septet/network/gradients.hpp"

#include <memory>
#include <vector>

namespace septet::network {

/// Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD computes it, per parameter p:
///   g <- g + weight_decay * p;  v <- momentum * v + g, at first v <- g;  p <- p - learning_rate * v,
/// or nesterov: p <- p - learning_rate * (g + momentum * v). Without momentum: p <- p - learning_rate * g.
struct Sgd {
  float learning_rate = 0.01f;
  float momentum = 0;
  float weight_decay = 0;
  bool nesterov = false;
};

}  // namespace septet::network
