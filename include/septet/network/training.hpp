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

#include <functional>
#include <memory>
#include <vector>

namespace septet::network {

/// Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD computes it, per parameter p:
///   g <- g + weight_decay * p;  v <- momentum * v + g, at first v <- g;  p <- p - learning_rate * v,
/// or nesterov: p <- p - learning_rate * (g + momentum * v). Without momentum: p <- p - learning_rate * g.
/// All are finite, 0 or more; nesterov needs momentum.
struct Sgd {
  float learning_rate = 0.01f;
  float momentum = 0;
  float weight_decay = 0;
  bool nesterov = false;
};

struct TrainingOptions {
  Sgd sgd;
  /// BatchNorm normalises by the mean and the variance of what accumulate() is given (Ioffe and Szegedy 2015), its
  /// factor being gamma, its term beta. false: it is frozen, y = x * factor + term, and learns those two.
  bool batch_statistics = true;
  double epsilon = 1e-5;       ///< of such a BatchNorm; 0 or more
  double running_share = 0.1;  ///< 0 to 1: running mean and variance <- (1 - share) * they + share * the batch's
  Execution execution;         ///< who multiplies, forward and backward
};

/// Writes the gradients of outputs, f32 of their shapes and 0 until then; returns the loss.
using Loss = std::function<double(const std::vector<const Tensor*>& outputs, std::vector<Tensor>& gradients)>;

/// f32. Owns its parameters; one that steps share is one. Not to be used from two threads at once; what it computes
/// takes as many threads as gemm() would.
///
/// Gradients of activations that several steps read are added from the last step to the first, and within a step from
/// its first input on; so are those of parameters that steps share. What does not lead to a parameter is left out.
class Training {
 public:
  /// Copies the parameters. Throws Error: as validate(); bad_type, bad_option "steps[3] (conv1)": no f32, no gradient;
  /// bad_option "learning_rate", "momentum", "weight_decay", "epsilon", "running_share".
  SEPTET_API explicit Training(Network network, TrainingOptions options = {});
  SEPTET_API ~Training();
  SEPTET_API Training(Training&&) noexcept;
  SEPTET_API Training& operator=(Training&&) noexcept;

  /// Forward, loss and backward; adds to the gradients of all parameters. Several calls before an update() are
  /// micro-batches: where no BatchNorm has its statistics and no parameter is shared, the gradients have the bits that
  /// one call with all of them has. `inputs` as run()'s. Returns the loss. Throws Error (bad_shape "gradients",
  /// "gradients[1]": the loss has left another number of them, or another shape or type), std::bad_alloc, what the loss
  /// throws; then gradients are anything until clear().
  SEPTET_API double accumulate(const std::vector<const Tensor*>& inputs, const Loss& loss);
  /// Softmax cross-entropy of the network's one output, logits [n][classes], and labels, [n] of s32: the sum over these
  /// n divided by `batch`, the number of examples before the next update().
  SEPTET_API double accumulate(const std::vector<const Tensor*>& inputs, const Tensor& labels, Index batch);

  /// A step of gradient descent for every parameter; then clear(). Throws Error where an exception in accumulate() has
  /// left a parameter without a gradient (bad_shape "gradient"); then no parameter has changed.
  SEPTET_API void update();
  /// All gradients 0.
  SEPTET_API void clear();

  /// With the parameters as they are now, and change.
  SEPTET_API const Network& network() const;
  /// Of a step's parameter (parameters_of()), as accumulated.
  SEPTET_API const Tensor& gradient(std::size_t step, std::size_t parameter) const;
  /// A tensor that a step makes, as the last accumulate() has left it.
  SEPTET_API const Tensor& value(Index tensor) const;
  /// For inference: a copy whose BatchNorms have their running mean and variance, at first 0 and 1, folded into factor
  /// and term.
  SEPTET_API Network trained() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace septet::network
