// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/session.hpp"

#include "implicit_gemm.hpp"
#include "kernels/dispatch.hpp"
#include "run_inputs.hpp"
#include "src/fp_environment.hpp"
#include "src/threads.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

namespace septet::network {
namespace {

// What is done in one go: a step, and perhaps the addition that follows.
struct Task {
  std::size_t step;
  std::vector<Index> inputs;  // tensors
  Index output;
  Index residual = -1;  // a tensor; none
  Activation activation = Activation::none;
  std::size_t slot = 0;  // where the output lies
  std::optional<ImplicitGemm> gemm;
};

const Linear* linear_of(const Step& step) {
  if (const auto* op = std::get_if<Convolution>(&step.op)) return &op->linear;
  if (const auto* op = std::get_if<FullyConnected>(&step.op)) return &op->linear;
  return nullptr;
}

// How often tensors are read, and by which step they are made; network outputs are read once more.
struct Uses {
  explicit Uses(const Network& network) : reads(network.tensors.size(), 0), maker(network.tensors.size(), -1) {
    for (std::size_t s = 0; s < network.steps.size(); ++s) {
      for (const Index tensor : network.steps[s].inputs) ++reads[static_cast<std::size_t>(tensor)];
      maker[static_cast<std::size_t>(network.steps[s].output)] = static_cast<Index>(s);
    }
    for (const Index tensor : network.outputs) ++reads[static_cast<std::size_t>(tensor)];
  }
  std::vector<Index> reads, maker;
};

// The step that can do an addition of f32 behind its sums: it makes the later of the two operands, for nobody else.
std::optional<std::size_t> fuses_with(const Network& network, const Uses& uses, const Step& add) {
  const auto tensor = [&](std::size_t i) { return static_cast<std::size_t>(add.inputs[i]); };
  const std::size_t later = uses.maker[tensor(0)] > uses.maker[tensor(1)] ? tensor(0) : tensor(1);
  if (add.inputs[0] == add.inputs[1] || uses.maker[later] < 0 || uses.reads[later] != 1) return {};
  const auto step = static_cast<std::size_t>(uses.maker[later]);
  const auto* convolution = std::get_if<Convolution>(&network.steps[step].op);
  const bool fits = convolution != nullptr && convolution->linear.activation == Activation::none &&
                    network.tensors[later].type == Type::f32;
  return fits ? std::optional(step) : std::nullopt;
}

std::vector<Task> tasks_of(const Network& network, bool fuse) {
  const Uses uses(network);
  std::vector<Task> tasks;
  std::vector<std::size_t> place(network.steps.size());
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const Step& step = network.steps[s];
    const auto* add = std::get_if<Add>(&step.op);
    if (const auto with = fuse && add != nullptr ? fuses_with(network, uses, step) : std::nullopt) {
      Task& task = tasks[place[*with]];
      task.residual = step.inputs[0] == task.output ? step.inputs[1] : step.inputs[0];
      task.output = step.output, task.activation = add->activation;
      continue;
    }
    place[s] = tasks.size();
    Task task{s, step.inputs, step.output, -1, Activation::none, 0, {}};
    if (const Linear* linear = linear_of(step)) task.activation = linear->activation;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

bool multiplies_directly(const Network& network, const Step& step) {
  const Linear* linear = linear_of(step);
  if (linear == nullptr) return false;
  const TensorInfo& x = network.tensors[static_cast<std::size_t>(step.inputs[0])];
  const auto* convolution = std::get_if<Convolution>(&step.op);
  const bool depthwise = convolution != nullptr && convolution->groups > 1 && convolution->groups == x.dim(-1);
  return !depthwise;
}

}  // namespace

struct Session::State {
  Network network;
  std::vector<PreparedStep> steps;
  std::vector<Task> tasks;
  std::vector<Tensor> slots, outputs;
  std::vector<std::size_t> slot_of;  // of every tensor that is made

  void prepare(Task& task) {
    const Step& step = network.steps[task.step];
    PreparedStep& prepared = steps[task.step];
    prepared.product = product_of(network, step).count > 0;
    if (!multiplies_directly(network, step)) return;
    const auto* convolution = std::get_if<Convolution>(&step.op);
    TensorInfo x = network.tensors[static_cast<std::size_t>(step.inputs[0])];
    if (convolution == nullptr) {
      const Index k = linear_of(step)->weight->info().elements() / linear_of(step)->outputs();
      x.shape = {x.elements() / k, k};
    }
    task.gemm.emplace(*linear_of(step), convolution != nullptr ? convolution->window : Window(),
                      convolution != nullptr ? convolution->groups : 1, x);
    prepared.packed_bytes = task.gemm->packed_bytes();
  }

  // Tensors of the same size that are not alive at the same time share their memory: what was used last is nearest.
  void assign_slots() {
    std::vector<std::size_t> last(network.tensors.size(), 0);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      for (const Index tensor : tasks[t].inputs) last[static_cast<std::size_t>(tensor)] = t;
      if (tasks[t].residual >= 0) last[static_cast<std::size_t>(tasks[t].residual)] = t;
    }
    for (const Index tensor : network.outputs) last[static_cast<std::size_t>(tensor)] = tasks.size();
    std::map<std::size_t, std::vector<std::size_t>> free;    // by bytes
    std::vector<std::pair<std::size_t, std::size_t>> alive;  // tensor, slot
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const auto output = static_cast<std::size_t>(tasks[t].output);
      Tensor tensor(network.tensors[output]);
      std::vector<std::size_t>& same = free[tensor.bytes()];
      if (same.empty()) {
        same.push_back(slots.size());
        slots.push_back(std::move(tensor));
      }
      tasks[t].slot = same.back(), same.pop_back();
      alive.emplace_back(output, tasks[t].slot);
      for (auto it = alive.begin(); it != alive.end();) {
        if (last[it->first] > t) {
          ++it;
          continue;
        }
        free[slots[it->second].bytes()].push_back(it->second);
        it = alive.erase(it);
      }
    }
  }

  void run(Task& task, const std::vector<const Tensor*>& values) {
    Tensor& y = slots[task.slot];
    y.relabel(network.tensors[static_cast<std::size_t>(task.output)]);
    const auto value = [&](Index tensor) { return values[static_cast<std::size_t>(tensor)]; };
    if (task.gemm && task.gemm->readable()) {
      return task.gemm->run(*value(task.inputs[0]), task.residual < 0 ? nullptr : value(task.residual), task.activation,
                            y);
    }
    std::vector<const Tensor*> x;
    for (const Index tensor : task.inputs) x.push_back(value(tensor));
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
  State& state = *state_;
  state.network = std::move(network);
  state.steps.resize(state.network.steps.size());
  state.tasks = tasks_of(state.network, options.fuse);
  for (Task& task : state.tasks) state.prepare(task);
  state.assign_slots();
  for (const Index tensor : state.network.outputs) {
    state.outputs.emplace_back(state.network.tensors[static_cast<std::size_t>(tensor)]);
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
  const kernels::PinnedTarget target;
  const detail::FpEnvironment environment;
  std::vector<const Tensor*> values = input_values(state.network, inputs);
  layers.assign(state.network.steps.size(), {});
  for (Task& task : state.tasks) {
    const auto start = std::chrono::steady_clock::now();
    state.run(task, values);
    values[static_cast<std::size_t>(task.output)] = &state.slots[task.slot];
    layers[task.step].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  for (std::size_t i = 0; i < state.outputs.size(); ++i) {
    const Tensor& value = *values[static_cast<std::size_t>(state.network.outputs[i])];
    std::copy_n(value.as<std::byte>(), value.bytes(), state.outputs[i].as<std::byte>());
  }
  return state.outputs;
}

const Network& Session::network() const { return state_->network; }
const std::vector<PreparedStep>& Session::steps() const { return state_->steps; }

}  // namespace septet::network
