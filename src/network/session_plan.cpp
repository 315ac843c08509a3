// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "session_plan.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace septet::network {
namespace {

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

double share_of_zeros(const Tensor& weight) {
  const Index count = weight.info().elements();
  Index zeros = 0;
  if (weight.info().type == Type::f32) {
    zeros = std::count(weight.as<float>(), weight.as<float>() + count, 0.0f);
  } else {
    const auto zero = static_cast<std::uint8_t>(weight.info().quantisation.zero_point);
    zeros = std::count(weight.as<std::uint8_t>(), weight.as<std::uint8_t>() + count, zero);
  }
  return count == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(count);
}

// The last task that reads each tensor; `end` for the network's outputs.
std::vector<std::size_t> last_reads(const SessionPlan& plan) {
  std::vector<std::size_t> last(plan.tensors.size(), 0);
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    for (const Index i : plan.tasks[t].inputs) last[static_cast<std::size_t>(i)] = t;
    if (plan.tasks[t].residual >= 0) last[static_cast<std::size_t>(plan.tasks[t].residual)] = t;
  }
  for (const Index i : plan.outputs) last[static_cast<std::size_t>(i)] = plan.tasks.size();
  return last;
}

// Tensors with the same key may lie in the same memory, one after the other. A border is filled once.
std::vector<Index> memory_key(const Placed& tensor) {
  const TensorInfo info = tensor.laid_out();
  std::vector<Index> key{info.elements() * size_of(info.type)};
  if (tensor.border.empty()) return key;
  const Border& b = tensor.border;
  key.insert(key.end(), {b.top, b.bottom, b.left, b.right, info.quantisation.zero_point});
  key.insert(key.end(), info.shape.begin(), info.shape.end());
  return key;
}

Tensor memory_for(const Placed& tensor) {
  Tensor memory(tensor.laid_out());
  const bool fill = !tensor.border.empty() && size_of(tensor.info.type) == 1;
  if (fill) std::memset(memory.data(), tensor.info.quantisation.zero_point, memory.bytes());
  return memory;
}

}  // namespace

TensorInfo Placed::laid_out() const {
  if (order == Order::images) return ImageBlocks::laid_out(info);
  TensorInfo result = info;
  if (!border.empty()) {
    result.shape[1] += border.top + border.bottom, result.shape[2] += border.left + border.right;
  }
  return result;
}

SessionPlan::SessionPlan(const Network& network, const SessionOptions& options)
    : steps(network.steps.size()), outputs(network.outputs), network_(network) {
  for (const TensorInfo& info : network.tensors) tensors.push_back({info, Order::pixels, {}});
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const Step& step = network.steps[s];
    steps[s].product = product_of(network, step).count > 0;
    if (linear_of(step) != nullptr) steps[s].zeros = share_of_zeros(*linear_of(step)->weight);
    Task task;
    task.step = s, task.inputs = step.inputs, task.output = step.output;
    const Linear* linear = linear_of(step);
    const bool activates = linear != nullptr && tensor(step.output).info.type == Type::f32;  // bytes have a range
    if (activates) task.activation = linear->activation;
    tasks.push_back(std::move(task));
  }
  if (options.fuse) fuse();
  choose_forms(options.weights);
  choose_orders();
  choose_borders();
  pack();
  assign_slots();
}

void SessionPlan::fuse() {
  const Uses uses(network_);
  std::vector<bool> done(tasks.size(), false);
  for (std::size_t s = 0; s < tasks.size(); ++s) {
    const Step& step = network_.steps[s];
    const auto* add = std::get_if<Add>(&step.op);
    if (add == nullptr) continue;
    const auto with = fuses_with(network_, uses, step);
    const auto shape = with ? shape_of(tasks[*with]) : std::nullopt;
    if (!shape || !ImplicitGemm::readable(*shape)) continue;  // what execute() does adds nothing
    Task& task = tasks[*with];
    task.residual = step.inputs[0] == task.output ? step.inputs[1] : step.inputs[0];
    task.output = step.output, task.activation = add->activation;
    done[s] = true;
  }
  const auto is_done = [&](const Task& task) { return done[task.step]; };
  tasks.erase(std::remove_if(tasks.begin(), tasks.end(), is_done), tasks.end());
}

// Of what is a convolution, but no depthwise one, or fully connected.
std::optional<ImplicitGemm::Shape> SessionPlan::shape_of(const Task& task) const {
  const Step& step = network_.steps[task.step];
  const Linear* linear = task.turns ? nullptr : linear_of(step);
  if (linear == nullptr) return {};
  ImplicitGemm::Shape shape{linear, {}, 1, network_.tensors[static_cast<std::size_t>(step.inputs[0])]};
  if (const auto* convolution = std::get_if<Convolution>(&step.op)) {
    const bool depthwise = convolution->groups > 1 && convolution->groups == shape.x.dim(-1);
    if (depthwise) return {};
    shape.window = convolution->window, shape.groups = convolution->groups;
  } else {
    const Index k = linear->weight->info().elements() / linear->outputs();
    shape.x.shape = {shape.x.elements() / k, k};
  }
  return shape;
}

// Every task reads and writes in its own order; additions in that of both operands. A tensor of one pixel is pixels and
// planes.
void SessionPlan::choose_orders() {
  std::vector<Task> ordered;
  std::map<std::pair<Index, Order>, Index> turned;  // tensors, and themselves in another order
  const auto turn = [&](Index i, Placed copy) {
    Task task;
    task.turns = true, task.step = ordered.empty() ? 0 : ordered.back().step;
    task.inputs = {i}, task.output = static_cast<Index>(tensors.size());
    tensors.push_back(std::move(copy));
    ordered.push_back(std::move(task));
    return ordered.back().output;
  };
  const auto is_there = [&](Index i, Order order) {
    const Order own = tensor(i).order;
    return own == order || (own != Order::images && order != Order::images && tensor(i).pixels() == 1);
  };
  const auto turned_once = [&](Index i, Order order) {
    if (is_there(i, order)) return i;
    const auto [known, is_new] = turned.try_emplace({i, order}, -1);
    if (is_new) known->second = turn(i, {tensor(i).info, order, {}});
    return known->second;
  };
  const auto in_order = [&](Index i, Order order) {
    if (i < 0 || is_there(i, order)) return i;
    return turned_once(turned_once(i, Order::pixels), order);
  };
  // What a fully connected layer reads is flattened, pixel by pixel, before it is turned.
  const auto planes_of = [&](Index i, Index channels) {
    if (tensor(i).channels() == channels) return in_order(i, Order::planes);
    i = in_order(i, Order::pixels);
    TensorInfo flat = tensor(i).info;
    flat.shape = {flat.elements() / channels, channels};
    return flat.shape[0] == 1 ? i : turn(i, {flat, Order::planes, {}});
  };
  for (Task& task : tasks) {
    const auto is_plane = [&](Index i) { return tensor(i).order == Order::planes; };
    const bool adds = std::holds_alternative<Add>(network_.steps[task.step].op);
    const bool by_planes = adds && std::all_of(task.inputs.begin(), task.inputs.end(), is_plane);
    if (by_planes) task.order = Order::planes;
    for (Index& i : task.inputs) {
      i = task.sparse ? planes_of(i, shape_of(task)->x.dim(-1)) : in_order(i, task.order);
    }
    task.residual = in_order(task.residual, task.order);
    tensor(task.output).order = task.order;
    ordered.push_back(std::move(task));
  }
  for (Index& i : outputs) i = in_order(i, Order::pixels);
  tasks = std::move(ordered);
}

// Where a window reaches beyond its image, whoever makes the image leaves room around it, if he can: no copy. Images of
// f32 whose rows fill less than a tile are quicker made as one row and copied.
void SessionPlan::choose_borders() {
  constexpr Index kLeastWidth = 14;
  std::vector<Index> reads(tensors.size(), 0);
  for (const Task& task : tasks) {
    for (const Index i : task.inputs) ++reads[static_cast<std::size_t>(i)];
    if (task.residual >= 0) ++reads[static_cast<std::size_t>(task.residual)];
  }
  for (const Index i : outputs) ++reads[static_cast<std::size_t>(i)];
  std::vector<bool> can(tensors.size(), false);
  for (const Task& task : tasks) {
    const auto shape = shape_of(task);
    if (!shape || task.order != Order::pixels || !ImplicitGemm::readable(*shape)) continue;
    const auto output = static_cast<std::size_t>(task.output);
    const TensorInfo& y = tensors[output].info;
    can[output] = task.residual < 0 && reads[output] == 1 && y.shape.size() == 4 &&
                  (y.type != Type::f32 || y.dim(2) >= kLeastWidth);
    const bool has_room = can[static_cast<std::size_t>(task.inputs[0])] && ImplicitGemm::takes_border(*shape);
    if (has_room) tensor(task.inputs[0]).border = border_of(shape->x, shape->window);
  }
}

void SessionPlan::pack() {
  for (Task& task : tasks) {
    const auto shape = shape_of(task);
    if (!shape || task.order != Order::pixels || !ImplicitGemm::readable(*shape)) continue;
    task.dense.emplace(*shape, !tensor(task.inputs[0]).border.empty(), tensor(task.output).border);
    steps[task.step].packed_bytes = task.dense->packed_bytes();
  }
}

void SessionPlan::assign_slots() {
  const std::vector<std::size_t> last = last_reads(*this);
  const auto read_after = [&](Index i, std::size_t t) { return last[static_cast<std::size_t>(i)] > t; };
  std::map<std::vector<Index>, std::vector<std::size_t>> free;  // the one used last at the end
  std::map<Index, std::size_t> alive;                           // tensor, slot
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Task& task = tasks[t];
    const auto residual = alive.find(task.residual);
    const bool can_add = (task.dense && task.dense->adds_in_place(task.activation)) ||
                         (task.sparse && task.sparse->adds_in_place()) || (task.images && task.images->adds_in_place());
    const bool is_input = task.residual == task.inputs[0];  // which the sums of other channels still need
    const bool in_place = residual != alive.end() && !read_after(task.residual, t) && !is_input && can_add;
    if (in_place) {
      task.slot = residual->second;
      alive.erase(residual);
    } else {
      std::vector<std::size_t>& same = free[memory_key(tensor(task.output))];
      if (same.empty()) {
        same.push_back(slots.size());
        slots.push_back(memory_for(tensor(task.output)));
      }
      task.slot = same.back(), same.pop_back();
    }
    alive[task.output] = task.slot;
    for (auto it = alive.begin(); it != alive.end();) {
      if (read_after(it->first, t)) {
        ++it;
        continue;
      }
      free[memory_key(tensor(it->first))].push_back(it->second);
      it = alive.erase(it);
    }
  }
}

}  // namespace septet::network
