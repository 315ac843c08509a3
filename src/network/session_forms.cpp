// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which layers of a session have sparse weights: by the clock. What is known of a layer are the times of both forms,
// and of turning its input and its output between pixels and planes, which it costs to have neighbours of the other
// form. Forms begin as the quicker one each; then layer after layer takes the form that costs least beside its
// neighbours', until nothing changes (iterated conditional modes: Besag, J. R. Statist. Soc. B 48(3), 1986,
// section 2.5).
#include "session_plan.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

namespace septet::network {
namespace {

// Below this share no format has ever been quicker (docs/performance.md): not worth looking.
constexpr double kLeastZeros = 0.3;

// Seconds, the least of a few runs in turns. Zeros as inputs take as long as anything.
struct Times {
  double dense, sparse, turning_x, turning_y;
};

// dense(x, y) does it.
template <class Dense>
Times measured(const Dense& dense, const SparseLayer& sparse, const TensorInfo& x_info, const TensorInfo& y_info) {
  constexpr int kRuns = 4;  // the first warms the caches
  const Tensor x(x_info);
  Tensor y(y_info), x_turned(x_info), y_turned(y_info);
  const detail::AlignedBuffer scratch(static_cast<std::size_t>(sparse.scratch_bytes()));
  const auto time = [](double& best, auto&& run) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  const auto turn = [](const Tensor& from, Tensor& to) {
    const Index channels = from.info().dim(-1), pixels = from.info().elements() / channels;
    if (pixels > 1) transpose(from.data(), pixels, channels, size_of(from.info().type), to.data());
  };
  constexpr double kNever = std::numeric_limits<double>::infinity();
  Times best{kNever, kNever, kNever, kNever};
  for (int i = 0; i < kRuns; ++i) {
    time(best.dense, [&] { dense(x, y); });
    time(best.sparse, [&] { sparse.run(x, nullptr, Activation::none, y, scratch.data()); });
    time(best.turning_x, [&] { turn(x, x_turned); });
    time(best.turning_y, [&] { turn(y, y_turned); });
  }
  return best;
}

struct Candidate {
  SparseLayer layer;
  bool fixed;  // there is nothing to choose
  bool sparse;
  Times times;
};

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

  void settle() {
    constexpr int kMost = 8;
    bool changed = true;
    for (int i = 0; changed && i < kMost; ++i) {
      changed = false;
      for (auto& [t, candidate] : candidates_) {
        const bool sparse = candidate.fixed || cost(t, candidate, true) < cost(t, candidate, false);
        changed |= sparse != candidate.sparse;
        candidate.sparse = sparse;
      }
    }
  }

 private:
  bool is_sparse(std::size_t t) const {
    const auto found = candidates_.find(t);
    return found != candidates_.end() && found->second.sparse;
  }

  double cost(std::size_t t, const Candidate& candidate, bool sparse) const {
    const Times& times = candidate.times;
    const auto maker = maker_.find(tasks_[t].inputs[0]);
    const bool x_turns = (maker != maker_.end() && is_sparse(maker->second)) != sparse;
    const auto readers = readers_.find(tasks_[t].output);
    const auto differs = [&](std::size_t reader) { return is_sparse(reader) != sparse; };
    const bool y_turns =
        readers == readers_.end() ? sparse : std::any_of(readers->second.begin(), readers->second.end(), differs);
    return (sparse ? times.sparse : times.dense) + (x_turns ? times.turning_x : 0) + (y_turns ? times.turning_y : 0);
  }

  const std::vector<Task>& tasks_;
  std::map<Index, std::size_t> maker_;
  std::map<Index, std::vector<std::size_t>> readers_;
  std::map<std::size_t, Candidate> candidates_;  // by task
};

}  // namespace

void SessionPlan::choose_forms(WeightForm form) {
  if (form == WeightForm::dense) return;
  Forms forms(tasks);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = tasks[t];
    const auto shape = shape_of(task);
    const bool asked = form == WeightForm::sparse;
    if (!shape || shape->groups > 1 || (!asked && steps[task.step].zeros < kLeastZeros)) continue;
    Candidate candidate{SparseLayer(*shape, SparseLayer::quickest(*shape)), true, true, {}};
    if (!asked) {
      const TensorInfo &x = tensor(task.inputs[0]).info, &y = tensor(network_.steps[task.step].output).info;
      if (ImplicitGemm::readable(*shape)) {
        const ImplicitGemm dense(*shape, false, {});
        const auto run = [&](const Tensor& from, Tensor& to) { dense.run(from, nullptr, Activation::none, to); };
        candidate.times = measured(run, candidate.layer, x, y);
      } else {
        const auto run = [&](const Tensor& from, Tensor& to) { execute(network_.steps[task.step], {&from}, to); };
        candidate.times = measured(run, candidate.layer, x, y);
      }
      candidate.fixed = false, candidate.sparse = candidate.times.sparse < candidate.times.dense;
    }
    forms.candidates().emplace(t, std::move(candidate));
  }
  forms.settle();
  for (auto& [t, candidate] : forms.candidates()) {
    if (!candidate.sparse) continue;
    PreparedStep& step = steps[tasks[t].step];
    const PackedMatrix& weights = candidate.layer.weights();
    step.format = weights.format(), step.packed_bytes = weights.footprint().values + weights.footprint().metadata;
    scratch_bytes = std::max(scratch_bytes, candidate.layer.scratch_bytes());
    tasks[t].sparse.emplace(std::move(candidate.layer));
  }
}

}  // namespace septet::network
