// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// emulate() from top to bottom: validate, plan, run an engine, report.
#include "septet/emulation/emulate.hpp"

#include "engine.hpp"
#include "memory_model.hpp"
#include "memory_plan.hpp"
#include "observer.hpp"
#include "reporting.hpp"
#include "src/arithmetic.hpp"
#include "src/dense.hpp"
#include "src/element.hpp"
#include "src/environment.hpp"
#include "src/finite.hpp"
#include "src/fp_environment.hpp"
#include "src/validate.hpp"

namespace septet::emulation {

bool Run::preload() const { return detail::has_preload(options); }

namespace {

using detail::PackedStorage;

// What the folds move and do, and when the last one is through.
struct Walk {
  Counts counts;
  Index cycles = 0;
};

// Along the Plan's folds, without values.
Walk walk(const Traffic& traffic, Schedule& schedule) {
  Walk result;
  for (ScheduledFold fold; schedule.next(fold);) result.counts += traffic.words(fold);
  result.cycles = schedule.end();
  return result;
}

// Every register, which must come to the same; a bandwidth limit may keep the array beyond its last event.
Walk step(const Run& run, Schedule& schedule) {
  Walk result;
  result.counts = run_plain(run, schedule, result.cycles);
  if (run.array_options.bandwidth != 0) result.cycles = std::max(result.cycles, schedule.end());
  return result;
}

void report_folds(const Run& run, const Walk& walk, const Schedule& schedule, Report& report) {
  report.macs_issued = walk.counts.macs_issued;
  report.reads_a_words = walk.counts.reads_a;
  report.reads_b_words = walk.counts.reads_b;
  report.reads_c_words = walk.counts.reads_c;
  report.writes_c_words = report.writes_without_fold + walk.counts.writes_c;
  report.zeros_injected = walk.counts.zeros_injected;

  report.cycles = walk.cycles;
  const bool overlapped = run.array_options.timing == Timing::overlapped;
  const Index phases = overlapped ? std::min<Index>(report.folds, 1) : report.folds;
  report.cycles_stall =
      report.cycles - (run.array_options.bandwidth == 0 ? report.cycles : schedule.end_without_limit());
  report.cycles_preload = phases * schedule.preload_cycles();
  report.cycles_drain = run.array_options.timing == Timing::scalesim ? 0 : phases * schedule.drain_cycles();
  report.cycles_stream = report.cycles - report.cycles_stall - report.cycles_preload - report.cycles_drain;
}

// Runs the folds, if there are any, and fills the counts and the timing of the report. Values come last: whatever can
// fail has not touched C, which the sums may start from.
void run_folds(const Run& run, const Weights& a, Report& report) {
  const Traffic traffic(run.plan, run.a, run.options.a_zero_point, run.packed, run.b.type,
                        run.array_options.a_word_bits, run.preload());
  const Schedule schedule(run.plan, run.array_options, run.preload(),
                          [&](const ScheduledFold& fold) { return traffic.bytes(fold); });
  Schedule walked = schedule;
  const Walk expected = walk(traffic, walked);
  report_folds(run, expected, walked, report);
  report_memory(run.plan, run.array_options, run.preload(), traffic, report);
  run_trace(run, schedule);
  if (run.array_options.engine == Engine::plain) {
    Schedule stepped = schedule;
    const Walk counted = step(run, stepped);
    report_folds(run, counted, stepped, report);
  } else if (run.array_options.engine == Engine::plan) {
    run_plan(run, a);
  } else {
    run_registers(run);
  }
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

Index count_non_zeros(const ConstMatrix& a, int zero_point) {
  return detail::with_type(a.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    Index count = 0;
    for (Index i = 0; i < a.rows; ++i) {
      const T* row = static_cast<const T*>(a.data) + i * a.row_stride;
      for (Index k = 0; k < a.cols; ++k) count += !detail::is_zero(row[k * a.col_stride], zero_point);
    }
    return count;
  });
}

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
  report.accumulator = options.accumulator, report.fold_accumulator = options.fold_accumulator;
  report.flush_subnormals = options.flush_subnormals;
  report.m = plan.m, report.n = plan.n, report.k = plan.k;
  report.a_type = a_type, report.b_type = b_type;
  report.a_word_bits = array_options.a_word_bits;
  report.macs_dense = plan.m * plan.n * plan.k;
  return report;
}

// A run without cycles.
void trace_nothing(const Trace& trace, const Plan& plan, const GemmOptions& options, const ArrayOptions& array_options,
                   Type a_type, Type b_type) {
  const Schedule schedule(plan, array_options, false, [](const ScheduledFold&) { return Index{0}; });
  Observer(trace, plan, options, array_options, a_type, b_type, schedule).end();
}

// The product itself. Where alpha is 0, A and B are not looked at.
Report run_product(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                   const ArrayOptions& array_options, const Progress& progress, const Trace& trace) {
  const bool reads_operands = options.alpha != 0;
  std::vector<std::byte> buffer;
  std::shared_ptr<const PackedStorage> packed;
  if (reads_operands && is_sparse(options.dataflow)) packed = streamed_form(a, options);
  const Plan plan =
      detail::make_plan(a.rows(), b.cols, reads_operands ? a.cols() : 0, options, packed ? packed->live : nullptr);
  Report report = describe(plan, options, array_options, a.type(), b.type);
  report.k = a.cols(), report.macs_dense = report.m * report.n * report.k;
  report.folds = plan.fold_count();
  report.writes_c_words = report.writes_without_fold = outputs_without_fold(plan);
  if (!reads_operands) report_memory(plan, array_options, report);

  if (reads_operands) {
    const ConstMatrix dense = detail::dense_form(a, options.a_zero_point, buffer);
    report.nnz = packed ? packed->nnz : count_non_zeros(dense, options.a_zero_point);
    report.macs_useful = report.nnz * report.n;
    const auto footprint = packed ? packed->footprint() : Footprint{report.m * report.k * size_of(a.type()), 0};
    const Index bits = footprint.values / size_of(a.type()) * word_bits(a.type(), array_options.a_word_bits);
    report.a_bytes_values = detail::bytes_for_bits(bits), report.a_bytes_metadata = footprint.metadata;
    const bool gates_zeros = options.strict_nonfinite && packed != nullptr && !detail::all_finite(b);
    const Run run{dense, b, c, options, array_options, plan, packed.get(), gates_zeros, progress, trace};
    run_folds(run, packed ? Weights(PackedMatrix(packed)) : a, report);
    report.elements_skipped = dense_reads_a(plan) - report.reads_a_words - report.zeros_injected;
  } else {
    trace_nothing(trace, plan, options, array_options, a.type(), b.type);
    detail::finish_without_product(c, options);
  }
  const double capacity = static_cast<double>(report.array_height) * static_cast<double>(report.array_width) *
                          static_cast<double>(report.cycles);
  report.utilization = report.cycles == 0 ? 0 : static_cast<double>(report.macs_useful) / capacity;
  return report;
}

}  // namespace

std::shared_ptr<const PackedStorage> streamed_form(const Weights& a, const GemmOptions& resolved) {
  const bool streams =
      a.packed() != nullptr && (a.packed()->format() == Format::tsb || a.packed()->format() == Format::csb);
  return streams ? a.packed()->storage() : detail::pack_any(a, detail::packing_for(resolved));
}

Status validate_array_options(const GemmOptions& resolved, const ArrayOptions& array_options, Type a_type,
                              Type b_type) {
  if (resolved.fold_depth != 0 && resolved.fold_depth != resolved.array.height) {
    return {Cause::bad_option, "options.fold_depth",
            std::to_string(resolved.fold_depth) +
                ": an array's folds are as deep as the array is high: " + std::to_string(resolved.array.height)};
  }
  if (array_options.engine > Engine::plain) return {Cause::bad_option, "array_options.engine", "is no engine"};
  if (array_options.timing > Timing::scalesim) return {Cause::bad_option, "array_options.timing", "is no timing"};
  if (array_options.bandwidth < 0) return {Cause::bad_option, "array_options.bandwidth", "is negative"};
  if (Status status = check_word_bits(a_type, array_options.a_word_bits); !status.ok()) return status;
  return memory_model::check_memory(array_options, resolved.dataflow, resolved.array, resolved.combine.lanes, a_type,
                                    b_type);
}

Status try_emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                   const ArrayOptions& array_options, Report& report, const Progress& progress, const Trace& trace) {
  const detail::CallScope scope;
  return detail::guarded([&]() -> Status {
    if (Status status = detail::environment_status(); !status.ok()) return status;
    if (Status status = detail::validate_gemm(a, b, c, options); !status.ok()) return status;
    const GemmOptions chosen = detail::resolved(a, options);
    if (Status status = validate_array_options(chosen, array_options, a.type(), b.type); !status.ok()) return status;
    if (Status status = validate_trace(trace, chosen.array); !status.ok()) return status;
    report = run_product(a, b, c, chosen, array_options, progress, trace);
    return {};
  });
}

Report emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
               const ArrayOptions& array_options, const Progress& progress, const Trace& trace) {
  Report report;
  throw_if_error(try_emulate(a, b, c, options, array_options, report, progress, trace));
  return report;
}

}  // namespace septet::emulation
