// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which layers of a session have sparse weights, and in which order their tensors lie: by the clock. What is known of a
// layer are its times in each order that it can work in, and that of turning its input and its output, which it costs
// to have neighbours of another order; pools and what else treats channels alike take the same time in two orders.
// One after the other takes the order that costs least beside its neighbours', until nothing changes (iterated
// conditional modes: Besag, J. R. Statist. Soc. B 48(3), 1986, section 2.5).
#include "session_plan.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <map>

namespace septet::network {
namespace {

// Below this share no format has ever been quicker (docs/performance.md): not worth looking.
constexpr double kLeastZeros = 0.3;
constexpr double kNever = std::numeric_limits<double>::infinity();

constexpr std::size_t at(Order order) { return static_cast<std::size_t>(order); }

// Seconds.
struct Times {
  std::array<double, kOrders> work{kNever, kNever, kNever};  // by order
  double turning_x = kNever, turning_y = kNever;
};

// Images innermost are quicker where a block of them stays near; beyond that nobody is to pay for looking.
bool stays_near(const TensorInfo& info) {
  constexpr Index kBlockBytes = 4 << 20, kBytes = 64 << 20;
  const Index size = size_of(info.type), bytes = info.elements() * size;
  return bytes <= kBytes && ImageBlocks(info).elements * ImageBlocks(info).at_once * size <= kBlockBytes;
}

// Dense weights were up to three times quicker there in f32 and fifteen in bytes, as long as they are few.
bool worth_looking(const ImplicitGemm::Shape& shape, const TensorInfo& x, const TensorInfo& y) {
  constexpr Index kWeights = 1 << 16;
  return shape.linear->weight->info().elements() <= kWeights && stays_near(x) && stays_near(y);
}

// What can be done with a layer's operands.
struct Candidate {
  std::optional<SparseLayer> planes;
  std::unique_ptr<ImagesLayer> images;
  Times times;
  Order order = Order::pixels;
};

template <class F>
void time(double& best, F&& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

// The least of a few runs in turns. Zeros as inputs take as long as anything. dense(x, y), if it is not null, is the
// work on pixels.
void measure(const std::function<void(const Tensor&, Tensor&)>& dense, const TensorInfo& x_info,
             const TensorInfo& y_info, Candidate& candidate) {
  constexpr int kRuns = 4;  // the first warms the caches
  const Tensor x(x_info);
  Tensor y(y_info), x_turned(x_info), y_turned(y_info), x_blocks, y_blocks;
  if (candidate.images) {
    x_blocks = Tensor(ImageBlocks::laid_out(x_info)), y_blocks = Tensor(ImageBlocks::laid_out(y_info));
  }
  const detail::AlignedBuffer scratch(
      static_cast<std::size_t>(candidate.planes ? candidate.planes->scratch_bytes() : 0));
  const auto turn = [](const Tensor& from, Tensor& to) {
    const Index channels = from.info().dim(-1), pixels = from.info().elements() / channels;
    if (pixels > 1) transpose(from.data(), pixels, channels, size_of(from.info().type), to.data());
  };
  Times& best = candidate.times;
  const auto work = [&](Order order) -> double& { return best.work[at(order)]; };
  for (int i = 0; i < kRuns; ++i) {
    if (dense) time(work(Order::pixels), [&] { dense(x, y); });
    if (candidate.planes) {
      time(work(Order::planes), [&] { candidate.planes->run(x, nullptr, Activation::none, y, scratch.data()); });
    }
    if (candidate.images) {
      time(work(Order::images), [&] { candidate.images->run(x_blocks, nullptr, Activation::none, y_blocks); });
    }
    time(best.turning_x, [&] { turn(x, x_turned); });
    time(best.turning_y, [&] { turn(y, y_turned); });
  }
}

class Forms {
 public:
  explicit Forms(const std::vector<Task>& tasks) : tasks_(tasks) {
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      maker_[tasks[t].output] = t;
      for (const Index i : tasks[t].inputs) readers_[i].push_back(t);
      if (tasks[t].residual >= 0) readers_[tasks[t].residual].push_back(t);
    }
  }
  std::map<std::size_t, Candidate>& candidates() { return candidates_; }

  // From several beginnings, since neighbours hold each other: everything as it is quickest by itself, or in one order.
  void settle() {
    double least = kNever;
    std::vector<Order> best;
    const auto attempt = [&](const auto& beginning) {
      for (auto& [t, candidate] : candidates_) candidate.order = beginning(candidate);
      improve();
      const double cost = total();
      if (cost >= least) return;
      least = cost, best.clear();
      for (const auto& [t, candidate] : candidates_) best.push_back(candidate.order);
    };
    attempt(quickest);
    for (const Order order : {Order::pixels, Order::planes, Order::images}) {
      attempt([&](const Candidate& c) { return c.times.work[at(order)] < kNever ? order : quickest(c); });
    }
    std::size_t i = 0;
    for (auto& [t, candidate] : candidates_) candidate.order = best[i++];
  }

 private:
  static Order quickest(const Candidate& candidate) {
    const auto& work = candidate.times.work;
    return static_cast<Order>(std::min_element(work.begin(), work.end()) - work.begin());
  }

  void improve() {
    constexpr int kMost = 8;
    bool changed = true;
    for (int i = 0; changed && i < kMost; ++i) {
      changed = false;
      for (auto& [t, candidate] : candidates_) {
        Order best = candidate.order;
        for (const Order order : {Order::pixels, Order::planes, Order::images}) {
          if (cost(t, candidate, order) < cost(t, candidate, best)) best = order;
        }
        changed |= best != candidate.order;
        candidate.order = best;
      }
    }
  }

  // Work, and the turns of what is read; of what only others read, too.
  double total() const {
    double sum = 0;
    for (const auto& [t, candidate] : candidates_) {
      const Times& times = candidate.times;
      sum += times.work[at(candidate.order)] + x_turns(t, candidate.order) * times.turning_x;
      const auto readers = readers_.find(tasks_[t].output);
      const bool others =
          readers == readers_.end() || std::any_of(readers->second.begin(), readers->second.end(),
                                                   [&](std::size_t reader) { return candidates_.count(reader) == 0; });
      if (others) sum += turns(candidate.order, Order::pixels) * times.turning_y;
    }
    return sum;
  }

  Order order_of(std::size_t t) const {
    const auto found = candidates_.find(t);
    return found != candidates_.end() ? found->second.order : Order::pixels;
  }

  // Between planes and images lie pixels.
  static int turns(Order from, Order to) {
    return from == to ? 0 : from == Order::pixels || to == Order::pixels ? 1 : 2;
  }

  int x_turns(std::size_t t, Order order) const {
    const auto maker = maker_.find(tasks_[t].inputs[0]);
    return turns(maker == maker_.end() ? Order::pixels : order_of(maker->second), order);
  }

  double cost(std::size_t t, const Candidate& candidate, Order order) const {
    const Times& times = candidate.times;
    if (times.work[at(order)] == kNever) return kNever;
    const auto readers = readers_.find(tasks_[t].output);
    int y_turns = readers == readers_.end() ? turns(order, Order::pixels) : 0;
    if (readers != readers_.end()) {
      for (const std::size_t reader : readers->second) y_turns = std::max(y_turns, turns(order, order_of(reader)));
    }
    return times.work[at(order)] + x_turns(t, order) * times.turning_x + y_turns * times.turning_y;
  }

  const std::vector<Task>& tasks_;
  std::map<Index, std::size_t> maker_;
  std::map<Index, std::vector<std::size_t>> readers_;
  std::map<std::size_t, Candidate> candidates_;  // by task
};

// Does the same to every channel, whatever lies beside it, and to every image?
bool treats_channels_alike(const Operator& op) {
  return std::holds_alternative<MaxPool>(op) || std::holds_alternative<AveragePool>(op) ||
         std::holds_alternative<Add>(op) || std::holds_alternative<Activate>(op) || std::holds_alternative<Reshape>(op);
}

// Have tensors of this type another order?
bool can_turn(const TensorInfo& info) {
  return info.type == Type::f32 || info.type == Type::s8 || info.type == Type::u8;
}

using DenseRun = std::function<void(const Tensor&, Tensor&)>;

DenseRun dense_run(const Step& step, const ImplicitGemm::Shape& shape) {
  if (!ImplicitGemm::readable(shape)) {
    return [&step](const Tensor& x, Tensor& y) { execute(step, {&x}, y); };
  }
  const auto dense = std::make_shared<const ImplicitGemm>(shape, false, Border());
  return [dense](const Tensor& x, Tensor& y) { dense->run(x, nullptr, Activation::none, y); };
}

}  // namespace

void SessionPlan::choose_forms(WeightForm form) {
  const bool asked = form == WeightForm::sparse;
  const auto is_sparse = [&](const Task& task) {
    return form != WeightForm::dense && (asked || steps[task.step].zeros >= kLeastZeros);
  };
  Forms forms(tasks);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Step& step = network_.steps[tasks[t].step];
    const TensorInfo &x = tensor(tasks[t].inputs[0]).info, &y = tensor(step.output).info;
    const auto shape = shape_of(tasks[t]);
    const bool sparse = is_sparse(tasks[t]);
    if (!shape || shape->groups > 1 || !(sparse || worth_looking(*shape, x, y))) continue;
    Candidate candidate;
    // Rows of x that are none of its images, as behind a matmul, are no images either.
    if (x.dim(0) == shape->x.dim(0) && stays_near(x) && stays_near(y)) {
      candidate.images = ImagesLayer::make(*shape, y, sparse ? Zeros::skipped : Zeros::kept);
    }
    if (sparse) candidate.planes.emplace(*shape, SparseLayer::quickest(*shape));
    if (!candidate.images && !candidate.planes) continue;
    if (asked && !candidate.images) {
      candidate.times = {{kNever, 0, kNever}, 0, 0};
    } else {
      measure(asked ? nullptr : dense_run(step, *shape), x, y, candidate);
    }
    forms.candidates().emplace(t, std::move(candidate));
  }
  if (forms.candidates().empty()) return;
  for (std::size_t t = 0; t < tasks.size(); ++t) {  // what lies between them
    const Operator& op = network_.steps[tasks[t].step].op;
    const TensorInfo &x = tensor(tasks[t].inputs[0]).info, &y = tensor(tasks[t].output).info;
    if (!treats_channels_alike(op) || !can_turn(x) || !can_turn(y)) continue;
    if (!ImageBlocks(x).worthwhile() || x.dim(0) != y.dim(0)) continue;
    Candidate candidate;
    measure(nullptr, x, y, candidate);
    candidate.times.work = {0, std::holds_alternative<Add>(op) ? 0 : kNever, 0};
    forms.candidates().emplace(t, std::move(candidate));
  }
  forms.settle();
  for (auto& [t, candidate] : forms.candidates()) take(t, candidate.order, candidate.planes, candidate.images);
}

void SessionPlan::take(std::size_t t, Order order, std::optional<SparseLayer>& planes,
                       std::unique_ptr<ImagesLayer>& images) {
  Task& task = tasks[t];
  PreparedStep& step = steps[task.step];
  task.order = order;
  if (order == Order::planes && planes) {
    const PackedMatrix& weights = planes->weights();
    step.format = weights.format(), step.packed_bytes = weights.footprint().values + weights.footprint().metadata;
    scratch_bytes = std::max(scratch_bytes, planes->scratch_bytes());
    task.sparse = std::move(planes);
  } else if (order == Order::images && images) {
    step.format = images->format(), step.packed_bytes = images->packed_bytes();
    task.images = std::move(images);
  }
}

}  // namespace septet::network
