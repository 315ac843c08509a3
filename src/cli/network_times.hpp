// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How long a network takes on this CPU, from weights packed once.
#pragma once

#include "septet/network/session.hpp"

#include <vector>

namespace septet::cli {

/// Runs with one form of weights.
class TimedSession {
 public:
  TimedSession(const network::Network& network, network::WeightForm weights) : session_(network, {weights}) {}

  /// Throws Error.
  void run(const std::vector<const network::Tensor*>& inputs) { outputs_ = session_.run(inputs, runs_.emplace_back()); }
  /// Of the last run.
  const std::vector<network::Tensor>& outputs() const { return outputs_; }
  /// Every step with the median of its times.
  std::vector<network::LayerRun> medians() const;
  const std::vector<network::PreparedStep>& steps() const { return session_.steps(); }

 private:
  network::Session session_;
  std::vector<std::vector<network::LayerRun>> runs_;
  std::vector<network::Tensor> outputs_;
};

}  // namespace septet::cli
