// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/session.hpp"

namespace septet::network {

struct Session::State {
  Network network;
  std::vector<PreparedStep> steps;
  std::vector<Tensor> outputs;
};

const char* name(WeightForm form) {
  switch (form) {
    case WeightForm::automatic:
      return "auto";
    case WeightForm::dense:
      return "dense";
    case WeightForm::sparse:
      return "sparse";
  }
  return "?";
}

Session::Session(Network network, const SessionOptions& /*options*/) : state_(std::make_unique<State>()) {
  for (const Step& step : network.steps) state_->steps.push_back({product_of(network, step).count > 0, {}, 0, 0});
  state_->network = std::move(network);
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const std::vector<Tensor>& Session::run(const std::vector<const Tensor*>& inputs) {
  std::vector<LayerRun> layers;
  return run(inputs, layers);
}

const std::vector<Tensor>& Session::run(const std::vector<const Tensor*>& inputs, std::vector<LayerRun>& layers) {
  const std::vector<LayerCost> costs(state_->network.steps.size());
  state_->outputs = septet::network::run(state_->network, inputs, {}, costs, layers);
  return state_->outputs;
}

const Network& Session::network() const { return state_->network; }
const std::vector<PreparedStep>& Session::steps() const { return state_->steps; }

}  // namespace septet::network
