// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "array_is.hpp"
#include "array_os_look.hpp"
#include "array_stationary_look.hpp"
#include "array_ws.hpp"
#include "engine.hpp"
#include "mac.hpp"
#include "observer.hpp"
#include "registers.hpp"

namespace septet::emulation {
namespace {

// The number of the plan's part that a fold belongs to.
Index part_of(const Plan& plan, const Fold& fold) {
  if (plan.is_ws()) return fold.tile;
  const Index n_tile = fold.n0 / plan.array.width;
  return plan.is_is() ? n_tile : fold.tile * detail::ceil_div(plan.n, plan.array.width) + n_tile;
}

// The memory of sums as the window's first fold finds it. Only the parts that the window touches are ever written.
template <class Unit>
class WindowSums {
  using T = typename Unit::Value;

 public:
  explicit WindowSums(const Run& run)
      : run_(run),
        epilogue_(run.epilogue()),
        data_(new T[run.plan.m * run.plan.n]),
        sums_{data_.get(), 0, 0, run.plan.n} {}

  const Sums<T>& sums() const { return sums_; }

  // Every part from the one of `first` to the one of `last`, before anything was added to it …
  void begin(const Fold& first, const Fold& last) {
    for (Index part = part_of(run_.plan, first); part <= part_of(run_.plan, last); ++part) {
      const detail::Block block = run_.plan.part(part);
      epilogue_.begin(block.m0, block.m1, block.n0, block.n1, &sums_(block.m0, block.n0), sums_.ld);
    }
  }
  // … and then with the folds that come before `first`.
  void run_before(const Fold& first, const Unit& unit) {
    const Problem<T> problem = run_.problem(sums_);
    RegisterArray<Unit> array(problem, unit, run_.array_kernels(), run_.narrow());
    detail::FoldSequence folds(run_.plan, part_of(run_.plan, first));
    for (Fold fold; folds.next(fold) && fold.k0 != first.k0;) array.run(fold, sums_);
  }

 private:
  const Run& run_;
  const detail::TileEpilogue epilogue_;
  const std::unique_ptr<T[]> data_;  // not set to zero: memory that is not touched is not taken
  const Sums<T> sums_;
};

// Folds that have not left the array when the window opens, and have begun to enter when it closes.
struct ActiveFolds {
  Index skipped = 0;  // folds before the first of them
  Index begin = 0;    // the cycle in which the first of them begins
  Index count = 0;
  Fold first, last;

  ActiveFolds(Schedule schedule, const ArrayShape& array, const TraceRange& cycles) {
    const Index leaving = array.height + array.width - 2 + schedule.drain_cycles();
    for (ScheduledFold fold; schedule.next(fold);) {
      const Index entering = fold.start - schedule.preload_cycles() - fold.stall;  // its stall is seen, too
      if (entering >= cycles.end) break;
      if (fold.end() + leaving <= cycles.begin) {
        ++skipped;
        continue;
      }
      if (count++ == 0) first = fold.fold, begin = entering;
      last = fold.fold;
    }
  }
};

template <class Array, class Unit, class Problem>
void step_window(const Problem& problem, const Unit& unit, Schedule& schedule, Index begin, Observer& observer) {
  Array array(problem, unit, schedule);
  for (Index cycle = begin; cycle < observer.window().end && !array.done(); ++cycle) {
    array.step(cycle);
    if (observer.watches(cycle)) observer.look(array, cycle);
  }
}

template <class Unit>
void run_window(const Run& run, const Unit& unit, const ActiveFolds& active, Schedule& schedule, Observer& observer) {
  WindowSums<Unit> memory(run);
  memory.begin(active.first, active.last);
  memory.run_before(active.first, unit);
  const auto problem = run.problem(memory.sums());
  if (run.plan.is_ws()) return step_window<ArrayWs<Unit>>(problem, unit, schedule, active.begin, observer);
  if (run.plan.is_is()) return step_window<ArrayIs<Unit>>(problem, unit, schedule, active.begin, observer);
  return step_window<ArrayOs<Unit>>(problem, unit, schedule, active.begin, observer);
}

}  // namespace

void run_trace(const Run& run, const Schedule& schedule) {
  if (run.trace.sink == nullptr) return;
  Observer observer(run.trace, run.plan, run.options, run.array_options, run.a.type, run.b.type, schedule);
  const ActiveFolds active(schedule, run.plan.array, observer.window());
  if (active.count > 0) {
    Schedule from = schedule;
    ScheduledFold skipped;
    for (Index i = 0; i < active.skipped; ++i) from.next(skipped);
    with_sums(run, [&](auto* tag) {
      using T = std::remove_pointer_t<decltype(tag)>;
      with_unit<T>(run.options, [&](const auto& unit) { run_window(run, unit, active, from, observer); });
    });
  }
  observer.end();
}

}  // namespace septet::emulation
