// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// emulate() from top to bottom: validate, plan, step the array to its end, report.
#include "septet/emulation/emulate.hpp"

#include "array_is.hpp"
#include "array_os.hpp"
#include "array_ws.hpp"
#include "memory_model.hpp"
#include "memory_plan.hpp"
#include "src/arithmetic.hpp"
#include "src/epilogue.hpp"
#include "src/finite.hpp"
#include "src/fp_environment.hpp"
#include "src/validate.hpp"
#include "traffic.hpp"

namespace septet::emulation {
namespace {

using detail::PackedStorage;

// Everything about a call that does not depend on the accumulator's type.
struct Call {
  const ConstMatrix a;  // dense form
  const ConstMatrix& b;
  const GemmOptions& options;  // resolved
  const ArrayOptions& array_options;
  const Plan& plan;
  const PackedStorage* packed;
  const Progress& progress;
};

struct Outcome {
  Counts counts;
  Index cycles = 0;
};

template <class Array>
Outcome step_to_the_end(Array& array, const Call& call) {
  Outcome outcome;
  const bool until_computed = call.array_options.timing == Timing::scalesim;
  const Index total = call.progress ? call.plan.fold_count() : 0;
  Index finished = 0;
  for (Index cycle = 0; !array.done(); ++cycle) {
    array.step(cycle);
    const Index now = until_computed ? array.folds_computed() : array.folds_stored();
    if (now == finished) continue;
    finished = now;
    outcome.cycles = cycle + 1;
    if (call.progress) call.progress(finished, total);
  }
  outcome.counts = array.counts();
  return outcome;
}

template <class T, Mac kMac>
Outcome run_array(const Problem<T>& problem, Schedule& schedule, const Call& call) {
  if (call.plan.is_ws()) {
    ArrayWs<T, kMac> array(problem, schedule);
    return step_to_the_end(array, call);
  }
  if (call.plan.is_is()) {
    ArrayIs<T, kMac> array(problem, schedule);
    return step_to_the_end(array, call);
  }
  ArrayOs<T, kMac> array(problem, schedule);
  return step_to_the_end(array, call);
}

bool gates_zeros(const Call& call) {
  return call.options.strict_nonfinite && call.packed != nullptr && !detail::all_finite(call.b);
}

// Runs the folds, if there are any, and fills the timing part of the report.
template <class T>
void run_typed(const Call& call, void* sums, Report& report) {
  const Problem<T> problem{call.plan,
                           Operand<T>(call.a, call.options.a_zero_point),
                           Operand<T>(call.b, call.options.b_zero_point),
                           detail::has_preload(call.options),
                           gates_zeros(call),
                           static_cast<T*>(sums)};
  const Traffic traffic(call.plan, call.packed, report.a_type, report.b_type, problem.preload,
                        [&](Index m, Index k) { return problem.a(m, k) != T{0}; });
  Schedule schedule(call.plan, call.array_options, problem.preload,
                    [&](const ScheduledFold& fold) { return traffic.bytes(fold); });
  const Outcome outcome = call.plan.mac == Mac::fused ? run_array<T, Mac::fused>(problem, schedule, call)
                                                      : run_array<T, Mac::unfused>(problem, schedule, call);
  report.macs_issued = outcome.counts.macs_issued;
  report.reads_a_words = outcome.counts.reads_a;
  report.reads_b_words = outcome.counts.reads_b;
  report.reads_c_words = outcome.counts.reads_c;
  report.writes_c_words += outcome.counts.writes_c;
  report.zeros_injected = outcome.counts.zeros_injected;

  // A bandwidth limit may keep the array beyond its last event.
  report.cycles = call.array_options.bandwidth == 0 ? outcome.cycles : std::max(outcome.cycles, schedule.end());
  const bool overlapped = call.array_options.timing == Timing::overlapped;
  const Index phases = overlapped ? std::min<Index>(report.folds, 1) : report.folds;
  report.cycles_stall =
      report.cycles - (call.array_options.bandwidth == 0 ? report.cycles : schedule.end_without_limit());
  report.cycles_preload = phases * schedule.preload_cycles();
  report.cycles_drain = call.array_options.timing == Timing::scalesim ? 0 : phases * schedule.drain_cycles();
  report.cycles_stream = report.cycles - report.cycles_stall - report.cycles_preload - report.cycles_drain;
  report_memory(call.plan, call.array_options, problem.preload, traffic, report);
}

// Outputs above which nothing is live: no fold writes them.
Index outputs_without_fold(const Plan& plan) {
  if (plan.k == 0) return plan.m * plan.n;
  if (!plan.live) return 0;
  const LiveLists& live = *plan.live;
  Index rows = 0;
  if (plan.is_is()) {
    std::vector<char> written(plan.m);
    for (const std::int32_t m : live.index) written[m] = 1;
    rows = std::count(written.begin(), written.end(), 0);
  } else {
    for (Index t = 0; t < live.tiles(); ++t) {
      if (live.steps(t) == 0) rows += std::min(live.tile, plan.m - t * live.tile);
    }
  }
  return rows * plan.n;
}

Index count_non_zeros(const ConstMatrix& a, int zero_point) { return detail::csr_from(a, zero_point).nnz(); }

// What the dense dataflow on the same array fetches of A.
Index dense_reads_a(const Plan& plan) {
  return plan.m * plan.k * (plan.is_ws() ? 1 : detail::ceil_div(plan.n, plan.array.width)) * (plan.n > 0);
}

Report describe(const Plan& plan, const GemmOptions& options, const ArrayOptions& array_options, Type a_type,
                Type b_type) {
  Report report;
  report.dataflow = plan.dataflow;
  report.array_height = plan.array.height, report.array_width = plan.array.width;
  report.timing = array_options.timing;
  report.accumulate = options.accumulate, report.mac = options.mac;
  report.m = plan.m, report.n = plan.n, report.k = plan.k;
  report.a_type = a_type, report.b_type = b_type;
  report.macs_dense = plan.m * plan.n * plan.k;
  return report;
}

// The product itself. `idle`: nothing to multiply (alpha = 0, k = 0), and then A and B are not looked at.
Report run_product(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                   const ArrayOptions& array_options, const Progress& progress) {
  const bool reads_operands = options.alpha != 0;
  std::vector<std::byte> buffer;
  std::shared_ptr<const PackedStorage> packed;
  if (reads_operands && is_sparse(options.dataflow)) {
    const bool streams =
        a.packed() != nullptr && (a.packed()->format() == Format::tsb || a.packed()->format() == Format::csb);
    packed = streams ? a.packed()->storage() : detail::pack_any(a, detail::packing_for(options));
  }
  const Plan plan =
      detail::make_plan(a.rows(), b.cols, reads_operands ? a.cols() : 0, options, packed ? packed->live : nullptr);
  Report report = describe(plan, options, array_options, a.type(), b.type);
  report.k = a.cols(), report.macs_dense = report.m * report.n * report.k;
  report.folds = plan.fold_count();
  report.writes_c_words = report.writes_without_fold = outputs_without_fold(plan);
  if (!reads_operands) report_memory(plan, array_options, report);

  const ConstMatrix dense = reads_operands ? detail::dense_form(a, options.a_zero_point, buffer) : ConstMatrix();
  const Type sum_type = accumulator_of(a.type());
  std::vector<std::byte> sums(plan.m * plan.n * size_of(sum_type));
  const detail::TileEpilogue epilogue(c, options);
  epilogue.begin(0, plan.m, 0, plan.n, sums.data(), plan.n);
  if (reads_operands) {
    report.nnz = packed ? packed->nnz : count_non_zeros(dense, options.a_zero_point);
    report.macs_useful = report.nnz * report.n;
    const auto footprint = packed ? packed->footprint() : Footprint{report.m * report.k * size_of(a.type()), 0};
    report.a_bytes_values = footprint.values, report.a_bytes_metadata = footprint.metadata;
    const Call call{dense, b, options, array_options, plan, packed.get(), progress};
    if (sum_type == Type::f32) run_typed<float>(call, sums.data(), report);
    if (sum_type == Type::f64) run_typed<double>(call, sums.data(), report);
    if (sum_type == Type::s32) run_typed<std::int32_t>(call, sums.data(), report);
    report.elements_skipped = dense_reads_a(plan) - report.reads_a_words - report.zeros_injected;
  }
  epilogue.end(0, plan.m, 0, plan.n, sums.data(), plan.n);
  const double capacity = static_cast<double>(report.array_height) * static_cast<double>(report.array_width) *
                          static_cast<double>(report.cycles);
  report.utilization = report.cycles == 0 ? 0 : static_cast<double>(report.macs_useful) / capacity;
  return report;
}

Status validate_array_options(const GemmOptions& resolved, const ArrayOptions& array_options, Type a_type,
                              Type b_type) {
  if (resolved.fold_depth != 0 && resolved.fold_depth != resolved.array.height) {
    return {Cause::bad_option, "options.fold_depth", "an array's folds are as deep as the array is high"};
  }
  if (array_options.bandwidth < 0) return {Cause::bad_option, "array_options.bandwidth", "is negative"};
  return memory_model::check_memory(array_options.memory, resolved.dataflow, resolved.array, resolved.combine.lanes,
                                    a_type, b_type);
}

}  // namespace

Status try_emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                   const ArrayOptions& array_options, Report& report, const Progress& progress) {
  const detail::FpEnvironment environment;
  return detail::guarded([&]() -> Status {
    if (Status status = detail::validate_gemm(a, b, c, options); !status.ok()) return status;
    const GemmOptions chosen = detail::resolved(a, options);
    if (Status status = validate_array_options(chosen, array_options, a.type(), b.type); !status.ok()) return status;
    report = run_product(a, b, c, chosen, array_options, progress);
    return {};
  });
}

Report emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
               const ArrayOptions& array_options, const Progress& progress) {
  Report report;
  throw_if_error(try_emulate(a, b, c, options, array_options, report, progress));
  return report;
}

}  // namespace septet::emulation
