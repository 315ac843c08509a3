// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/session.hpp"

#include "kernels/dispatch.hpp"
#include "run_inputs.hpp"
#include "session_plan.hpp"
#include "src/fp_environment.hpp"
#include "src/threads.hpp"

#include <chrono>
#include <cstring>
#include <optional>

namespace septet::network {

namespace {

// Between pixels and another order.
void turn(const Placed& from, const Tensor& x, const Placed& to, Tensor& y) {
  const Index size = size_of(to.info.type);
  if (to.order == Order::images) return to_blocks(ImageBlocks(to.info), x.data(), size, y.data());
  if (from.order == Order::images) return from_blocks(ImageBlocks(from.info), x.data(), size, y.data());
  const Index pixels = to.pixels(), channels = to.channels();
  const Index rows = to.order == Order::planes ? pixels : channels;
  transpose(x.data(), rows, pixels * channels / rows, size, y.data());
}

}  // namespace

struct Session::State {
  Network network;
  SessionOptions options;
  std::string target;  // that the plan is for
  std::optional<SessionPlan> plan;
  detail::AlignedBuffer scratch;
  std::vector<Tensor> outputs;

  // All or nothing.
  void prepare() {
    SessionPlan fresh(network, options);
    auto memory = detail::AlignedBuffer::in_large_pages(static_cast<std::size_t>(fresh.scratch_bytes));
    std::string name = septet::target();
    plan.emplace(std::move(fresh));
    scratch = std::move(memory), target = std::move(name);
  }

  void run(const Task& task, const std::vector<const Tensor*>& values) {
    const Placed& placed = plan->tensors[static_cast<std::size_t>(task.output)];
    Tensor& y = plan->slots[task.slot];
    y.relabel(placed.laid_out());
    const auto value = [&](Index i) { return i < 0 ? nullptr : values[static_cast<std::size_t>(i)]; };
    const Tensor& first = *value(task.inputs[0]);
    if (task.turns) return turn(plan->tensors[static_cast<std::size_t>(task.inputs[0])], first, placed, y);
    if (task.dense) return task.dense->run(first, value(task.residual), task.activation, y);
    if (task.sparse) return task.sparse->run(first, value(task.residual), task.activation, y, scratch.data());
    if (task.images) return task.images->run(first, value(task.residual), task.activation, y);
    std::vector<const Tensor*> x;
    for (const Index i : task.inputs) x.push_back(value(i));
    execute(network.steps[task.step], x, y);
  }
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

Session::Session(Network network, const SessionOptions& options) : state_(std::make_unique<State>()) {
  throw_if_error(kernels::target_status());
  throw_if_error(detail::threads_status());
  const kernels::PinnedTarget pinned;
  state_->network = std::move(network), state_->options = options;
  state_->prepare();
  for (const Index tensor : state_->network.outputs) {
    state_->outputs.emplace_back(state_->network.tensors[static_cast<std::size_t>(tensor)]);
  }
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const std::vector<Tensor>& Session::run(const std::vector<const Tensor*>& inputs) {
  std::vector<LayerRun> layers;
  return run(inputs, layers);
}

const std::vector<Tensor>& Session::run(const std::vector<const Tensor*>& inputs, std::vector<LayerRun>& layers) {
  State& state = *state_;
  throw_if_error(kernels::target_status());
  throw_if_error(detail::threads_status());
  const kernels::PinnedTarget pinned;
  const detail::FpEnvironment environment;
  if (state.target != septet::target()) state.prepare();
  std::vector<const Tensor*> values = input_values(state.network, inputs);
  values.resize(state.plan->tensors.size(), nullptr);
  layers.assign(state.network.steps.size(), {});
  for (const Task& task : state.plan->tasks) {
    const auto start = std::chrono::steady_clock::now();
    state.run(task, values);
    values[static_cast<std::size_t>(task.output)] = &state.plan->slots[task.slot];
    layers[task.step].seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  for (std::size_t i = 0; i < state.outputs.size(); ++i) {
    const Tensor& value = *values[static_cast<std::size_t>(state.plan->outputs[i])];
    std::memcpy(state.outputs[i].data(), value.data(), value.bytes());
  }
  return state.outputs;
}

const Network& Session::network() const { return state_->network; }
const std::vector<PreparedStep>& Session::steps() const { return state_->plan->steps; }

}  // namespace septet::network
