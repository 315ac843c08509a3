// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "array_is.hpp"
#include "array_os.hpp"
#include "array_ws.hpp"
#include "engine.hpp"

namespace septet::emulation {
namespace {

template <class Array>
Counts step_to_the_end(Array& array, const Run& run, Index& cycles) {
  const bool until_computed = run.array_options.timing == Timing::scalesim;
  const Index total = run.progress ? run.plan.fold_count() : 0;
  Index finished = 0;
  cycles = 0;
  for (Index cycle = 0; !array.done(); ++cycle) {
    array.step(cycle);
    const Index now = until_computed ? array.folds_computed() : array.folds_stored();
    if (now == finished) continue;
    finished = now;
    cycles = cycle + 1;
    if (run.progress) run.progress(finished, total);
  }
  return array.counts();
}

template <class T, class Unit>
Counts run_array(const Problem<T>& problem, const Unit& unit, Schedule& schedule, const Run& run, Index& cycles) {
  if (run.plan.is_ws()) {
    ArrayWs<Unit> array(problem, unit, schedule);
    return step_to_the_end(array, run, cycles);
  }
  if (run.plan.is_is()) {
    ArrayIs<Unit> array(problem, unit, schedule);
    return step_to_the_end(array, run, cycles);
  }
  ArrayOs<Unit> array(problem, unit, schedule);
  return step_to_the_end(array, run, cycles);
}

}  // namespace

Counts run_plain(const Run& run, Schedule& schedule, Index& cycles) {
  return with_sums(run, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Index m = run.plan.m, n = run.plan.n;
    std::vector<T> sums(m * n);
    const detail::TileEpilogue epilogue = run.epilogue();
    epilogue.begin(0, m, 0, n, sums.data(), n);
    const Problem<T> problem = run.problem(Sums<T>{sums.data(), 0, 0, n});
    const Counts counts =
        with_unit<T>(run.options, [&](const auto& unit) { return run_array(problem, unit, schedule, run, cycles); });
    epilogue.end(0, m, 0, n, sums.data(), n);
    return counts;
  });
}

}  // namespace septet::emulation
