// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/session.hpp"

#include "implicit_gemm.hpp"
#include "kernels/dispatch.hpp"
#include "run_inputs.hpp"
#include "src/fp_environment.hpp"
#include "src/threads.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
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

}  // namespace

struct Session::State {
  Network network;
  SessionOptions options;
  std::vector<PreparedStep> steps;
  std::string target;  // that this has been prepared for
  std::vector<Task> tasks;
  std::vector<Border> borders;  // around tensors in memory
  std::vector<Tensor> slots, outputs;

  void prepare() {
    target = septet::target();
    steps.assign(network.steps.size(), {});
    for (std::size_t s = 0; s < steps.size(); ++s) steps[s].product = product_of(network, network.steps[s]).count > 0;
    tasks = tasks_of(network, options.fuse);
    choose_borders();
    for (Task& task : tasks) pack(task);
    slots.clear();
    assign_slots();
  }

  const TensorInfo& tensor(Index i) const { return network.tensors[static_cast<std::size_t>(i)]; }
  Border& border(Index i) { return borders[static_cast<std::size_t>(i)]; }

  // Can the step of a task do its product by ImplicitGemm?
  std::optional<ImplicitGemm::Shape> shape_of(const Task& task) const {
    const Step& step = network.steps[task.step];
    const Linear* linear = linear_of(step);
    if (linear == nullptr) return {};
    ImplicitGemm::Shape shape{linear, {}, 1, tensor(step.inputs[0])};
    if (const auto* convolution = std::get_if<Convolution>(&step.op)) {
      if (convolution->groups > 1 && convolution->groups == shape.x.dim(-1)) return {};  // depthwise
      shape.window = convolution->window, shape.groups = convolution->groups;
    } else {
      const Index k = linear->weight->info().elements() / linear->outputs();
      shape.x.shape = {shape.x.elements() / k, k};
    }
    return ImplicitGemm::readable(shape) ? std::optional(shape) : std::nullopt;
  }

  // Where a window reaches beyond its image, whoever makes the image leaves room around it, if he can: no copy. Images
  // whose rows fill less than a tile are quicker made as one row and copied.
  void choose_borders() {
    constexpr Index kLeastWidth = 14;
    borders.assign(network.tensors.size(), {});
    const Uses uses(network);
    std::vector<bool> can(network.tensors.size(), false);
    for (const Task& task : tasks) {
      const auto output = static_cast<std::size_t>(task.output);
      const auto shape = shape_of(task);
      can[output] = shape && task.residual < 0 && uses.reads[output] == 1 && tensor(task.output).shape.size() == 4 &&
                    tensor(task.output).dim(2) >= kLeastWidth;
      if (shape && can[static_cast<std::size_t>(task.inputs[0])]) {
        border(task.inputs[0]) = border_of(shape->x, shape->window);
      }
    }
  }

  void pack(Task& task) {
    const auto shape = shape_of(task);
    if (!shape) return;
    task.gemm.emplace(*shape, !border(task.inputs[0]).empty(), border(task.output));
    steps[task.step].packed_bytes = task.gemm->packed_bytes();
  }

  // As it lies in memory.
  TensorInfo laid_out(Index i) {
    TensorInfo info = tensor(i);
    const Border& b = border(i);
    if (!b.empty()) info.shape[1] += b.top + b.bottom, info.shape[2] += b.left + b.right;
    return info;
  }

  // Tensors that fit and are not alive at the same time share their memory: what was used last is nearest. A border is
  // filled once, so that only tensors with the same one share.
  void assign_slots() {
    std::vector<std::size_t> last(network.tensors.size(), 0);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      for (const Index i : tasks[t].inputs) last[static_cast<std::size_t>(i)] = t;
      if (tasks[t].residual >= 0) last[static_cast<std::size_t>(tasks[t].residual)] = t;
    }
    for (const Index i : network.outputs) last[static_cast<std::size_t>(i)] = tasks.size();
    using Key = std::vector<Index>;
    const auto key = [&](Index i) {
      const Border& b = border(i);
      Key key{Tensor(laid_out(i)).info().elements() * size_of(tensor(i).type)};
      if (b.empty()) return key;
      key.insert(key.end(), {b.top, b.bottom, b.left, b.right, tensor(i).quantisation.zero_point});
      key.insert(key.end(), tensor(i).shape.begin(), tensor(i).shape.end());
      return key;
    };
    std::map<Key, std::vector<std::size_t>> free;
    std::map<Index, std::size_t> alive;  // tensor, slot
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      Task& task = tasks[t];
      const auto residual = alive.find(task.residual);
      if (residual != alive.end() && last[static_cast<std::size_t>(task.residual)] == t && task.gemm &&
          task.gemm->adds_in_place(task.activation)) {
        task.slot = residual->second;
        alive.erase(residual);
      } else {
        std::vector<std::size_t>& same = free[key(task.output)];
        if (same.empty()) {
          same.push_back(slots.size());
          slots.emplace_back(laid_out(task.output));
          const bool fill = !border(task.output).empty() && size_of(tensor(task.output).type) == 1;
          if (fill) {
            std::memset(slots.back().data(), tensor(task.output).quantisation.zero_point, slots.back().bytes());
          }
        }
        task.slot = same.back(), same.pop_back();
      }
      alive[task.output] = task.slot;
      for (auto it = alive.begin(); it != alive.end();) {
        if (last[static_cast<std::size_t>(it->first)] > t) {
          ++it;
          continue;
        }
        free[key(it->first)].push_back(it->second);
        it = alive.erase(it);
      }
    }
  }

  void run(Task& task, const std::vector<const Tensor*>& values) {
    Tensor& y = slots[task.slot];
    y.relabel(laid_out(task.output));
    const auto value = [&](Index tensor) { return values[static_cast<std::size_t>(tensor)]; };
    if (task.gemm) {
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
  state.network = std::move(network), state.options = options;
  throw_if_error(kernels::target_status());
  state.prepare();
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
  if (state.target != septet::target()) state.prepare();
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
