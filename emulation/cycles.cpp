// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model: checks (cycle_request), then A's pattern (cycle_pattern), its tiles (cycle_tiles, cycle_combine),
// both kept (cycle_cache), their folds (cycle_folds), the report (cycle_count), and here its front door. Everything is
// derived from the dataflow contract (docs/dataflows.md); nothing of the Plan, the packing or the emulator is used, so
// that agreeing with them means something.
#include "septet/emulation/cycles.hpp"

#include "cycle_count.hpp"

#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace septet::emulation {
namespace {

using namespace cycle_model;  // NOLINT(google-build-using-namespace): this file is its front door

Status evaluate(const Request& r, const GemmOptions& options, const ArrayOptions& array_options, Report& report) try {
  Counted counted;
  if (Status status = count(r, options, array_options, counted); !status) return status;
  if (array_options.memory.given()) {
    memory_model::FoldTable folds;
    const memory_model::Product product = folds_of(counted, folds);
    Status status = memory_model::report_memory(array_options.memory, product, folds, counted.report);
    if (!status) return status;
  }
  report = std::move(counted.report);
  return {};
} catch (const std::bad_alloc&) {
  return {Cause::out_of_memory, "a", "no memory for A's pattern"};
} catch (const std::length_error&) {
  return {Cause::out_of_memory, "a", "no memory for A's pattern"};
}

Status evaluate_weights(CycleCache& cache, Index n, Type b_type, const GemmOptions& options,
                        const ArrayOptions& array_options, Report& report) {
  const Weights& a = cache.weights();
  if (a.packed() != nullptr && a.packed()->empty()) return {Cause::bad_pointer, "a", "the packed matrix is empty"};
  GemmOptions fitting = options;
  if (a.packed() != nullptr && a.packed()->format() != Format::dense && options.dataflow == Dataflow::automatic) {
    fitting.array = a.packed()->options().array;  // a sparse packing brings the array it was made for
    fitting.combine = a.packed()->options().combine;
  }
  Request r = request_of(&a, a.type(), b_type, fitting);
  r.cache = &cache;
  r.m = a.rows();
  r.n = n;
  r.k = a.cols();
  return evaluate(r, fitting, array_options, report);
}

}  // namespace

CycleModel::CycleModel(const Weights& a) : cache_(std::make_shared<CycleCache>(a)) {}

Status CycleModel::try_cycles(Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options,
                              Report& report) const {
  return evaluate_weights(*cache_, n, b_type, options, array_options, report);
}

Report CycleModel::cycles(Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options) const {
  Report report;
  throw_if_error(try_cycles(n, b_type, options, array_options, report));
  return report;
}

Status try_cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options,
                  Report& report) {
  CycleCache cache(a);
  return evaluate_weights(cache, n, b_type, options, array_options, report);
}

Report cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options) {
  Report report;
  throw_if_error(try_cycles(a, n, b_type, options, array_options, report));
  return report;
}

Status try_cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
                  const ArrayOptions& array_options, Report& report) {
  Request r = request_of(nullptr, a_type, b_type, options);
  r.m = m;
  r.n = n;
  r.k = k;
  return evaluate(r, options, array_options, report);
}

Report cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
              const ArrayOptions& array_options) {
  Report report;
  throw_if_error(try_cycles(m, n, k, a_type, b_type, options, array_options, report));
  return report;
}

}  // namespace septet::emulation
