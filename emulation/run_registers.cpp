// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"
#include "fold_progress.hpp"
#include "kernels/dispatch.hpp"
#include "registers.hpp"
#include "src/threads.hpp"

namespace septet::emulation {

// Integers that wrap may be added modulo 2^32 on the way (TileEpilogue keeps their low bits).
const kernels::ArrayKernels& Run::array_kernels() const {
  return kernels::array_kernels(kernels::steps_matter(sum_type(), options)
                                    ? kernels::narrow_arithmetic_for(sum_type(), plan.mac, narrow())
                                    : kernels::arithmetic_for(sum_type(), plan.mac));
}

namespace {

// One thread's array, and the memory of sums behind it.
template <class Unit>
class Worker {
  using T = typename Unit::Value;

 public:
  Worker(const Run& run, const Unit& unit, const detail::TileEpilogue& epilogue)
      : plan_(run.plan),
        epilogue_(epilogue),
        problem_(run.problem(Sums<T>())),
        array_(problem_, unit, run.array_kernels(), run.narrow()) {
    Index largest = 0;
    for (const Index part : {Index{0}, plan_.part_count() - 1}) {
      const detail::Block block = plan_.part(part);
      largest = std::max(largest, (block.m1 - block.m0) * (block.n1 - block.n0));
    }
    sums_ = detail::AlignedBuffer(largest * sizeof(T));
  }

  void run_part(Index part, FoldProgress& progress) {
    const auto [m0, m1, n0, n1] = plan_.part(part);
    const Sums<T> sums{reinterpret_cast<T*>(sums_.data()), m0, n0, n1 - n0};
    epilogue_.begin(m0, m1, n0, n1, sums.data, sums.ld);
    detail::FoldSequence folds(plan_, part);
    for (Fold fold; !progress.stopped() && folds.next(fold); progress.step()) array_.run(fold, sums);
    if (progress.stopped()) return;
    epilogue_.end(m0, m1, n0, n1, sums.data, sums.ld);
  }

 private:
  const Plan& plan_;
  const detail::TileEpilogue& epilogue_;
  Problem<T> problem_;
  RegisterArray<Unit> array_;
  detail::AlignedBuffer sums_;
};

template <class Unit>
void run_unit(const Run& run, const Unit& unit) {
  const Index parts = run.plan.part_count();
  if (parts == 0) return;
  const detail::TileEpilogue epilogue = run.epilogue();
  const auto threads = static_cast<int>(std::min<Index>(
      detail::thread_count(run.options, run.plan.m * run.plan.n * std::max<Index>(run.plan.k, 1)), parts));
  std::vector<std::unique_ptr<Worker<Unit>>> workers;
  workers.reserve(threads);
  for (int t = 0; t < threads; ++t) workers.push_back(std::make_unique<Worker<Unit>>(run, unit, epilogue));
  FoldProgress progress(run.progress, run.plan.fold_count());
  detail::SharedItems items(parts);
  detail::run_team(run.options.parallel_for, threads,
                   [&](int worker) { items.for_each([&](Index part) { workers[worker]->run_part(part, progress); }); });
  progress.rethrow();
}

}  // namespace

void run_registers(const Run& run) {
  with_sums(run, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    with_unit<T>(run.options, [&](const auto& unit) { run_unit(run, unit); });
  });
}

}  // namespace septet::emulation
