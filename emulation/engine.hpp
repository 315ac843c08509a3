// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulator's three engines behind one call. Each turns a planned product into the bits of C; `plain` counts what
// its registers do meanwhile, the others take the counts from a walk along the Plan's folds.
#pragma once

#include "kernels/array.hpp"
#include "problem.hpp"
#include "schedule.hpp"
#include "septet/emulation/emulate.hpp"
#include "src/epilogue.hpp"
#include "traffic.hpp"

namespace septet::emulation {

/// A planned product.
struct Run {
  ConstMatrix a;  ///< dense form
  ConstMatrix b;
  Matrix c;
  const GemmOptions& options;  ///< resolved
  const ArrayOptions& array_options;
  const Plan& plan;
  const detail::PackedStorage* packed;  ///< A in the plan's sparse format, or null
  bool gates_zeros;                     ///< see Problem
  const Progress& progress;
  const Trace& trace;

  bool preload() const;
  Type sum_type() const { return accumulator_of(c.type); }
  kernels::Narrow narrow() const { return kernels::narrow_of(sum_type(), options); }
  const kernels::ArrayKernels& array_kernels() const;
  detail::TileEpilogue epilogue() const { return {c, options}; }
  template <class T>
  Problem<T> problem(const Sums<T>& sums) const {
    return {plan,
            Operand<T>(a, options.a_zero_point, options.flush_subnormals),
            Operand<T>(b, options.b_zero_point, options.flush_subnormals),
            preload(),
            gates_zeros,
            sums};
  }
};

/// What can be said about the array's part of the options before a run is planned.
Status validate_array_options(const GemmOptions& resolved, const ArrayOptions& array_options, Type a_type, Type b_type);

/// A in the format that a sparse dataflow streams: its own, if it is packed as that.
std::shared_ptr<const detail::PackedStorage> streamed_form(const Weights& a, const GemmOptions& resolved);

/// Calls f with a null pointer of the sums' type.
template <class F>
decltype(auto) with_sums(const Run& run, F&& f) {
  if (run.sum_type() == Type::f64) return f(static_cast<double*>(nullptr));
  if (run.sum_type() == Type::s32) return f(static_cast<std::int32_t*>(nullptr));
  return f(static_cast<float*>(nullptr));
}

/// Every register of every PE, cycle by cycle: fills C; returns what was counted. `cycles`: until the last store (until
/// the last MAC under Timing::scalesim), without what a bandwidth limit adds behind it.
Counts run_plain(const Run& run, Schedule& schedule, Index& cycles);

/// The same registers in vectors, parts of the plan shared among threads: fills C.
void run_registers(const Run& run);

/// Shows the window of run.trace to its sink, if there is one, on the plain array: steps the folds that are somewhere
/// in the array in those cycles, no others, and leaves C alone. `schedule` is at its beginning. Throws Error.
void run_trace(const Run& run, const Schedule& schedule);

/// The CPU's kernels: fills C.
void run_plan(const Run& run, const Weights& a);

}  // namespace septet::emulation
