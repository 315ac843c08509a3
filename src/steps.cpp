// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "steps.hpp"

#include "driver.hpp"
#include "explain.hpp"
#include "finite.hpp"
#include "kernels/narrow.hpp"
#include "multiply.hpp"

namespace septet::detail {
namespace {

// A in the form that its dataflow streams: what the array reads, injected zeros and all.
std::shared_ptr<const PackedStorage> streamed(const Weights& a, const ConstMatrix& b, const GemmOptions& chosen,
                                              Explanation* instead) {
  const PackedMatrix* packed = a.packed();
  const bool streams = packed != nullptr && (packed->format() == Format::tsb || packed->format() == Format::csb);
  std::shared_ptr<const PackedStorage> result = streams ? packed->storage() : pack_any(a, packing_for(chosen));
  if (instead != nullptr) {
    instead->add("format",
                 joined(name(result->options.format), ", ", result->nnz, " of ", a.rows() * a.cols(), " not zero"),
                 streams ? "packed beforehand" : "packed for this call");
  }
  // Zeros that the format stores would meet Inf or NaN: the elements alone, in the same order.
  if (chosen.strict_nonfinite && stores_zeros(*result) && (instead != nullptr || !all_finite(b))) {
    if (instead != nullptr) {
      instead->add("strict_nonfinite", "b is looked through", "elements alone are multiplied where it has Inf or NaN");
      return result;
    }
    PackOptions elements = result->options;
    elements.format = Format::csb, elements.dataflow = Dataflow::csOS, elements.combine = {};
    return pack_csr(csr_from(*result), elements);
  }
  return result;
}

}  // namespace

bool goes_by_steps(Type type, const GemmOptions& options) {
  return kernels::steps_matter(accumulator_of(type), options);
}

void multiply_by_steps(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& chosen,
                       Explanation* instead) {
  const TileEpilogue epilogue(c, chosen);
  const auto run_plan = [&](const Plan& plan, const StripSource& strips, const PackedStorage* packed) {
    run(plan, &strips, packed, b, chosen.b_zero_point, epilogue, accumulator_of(a.type()), chosen, instead);
  };
  if (is_sparse(chosen.dataflow)) {
    const std::shared_ptr<const PackedStorage> packed = streamed(a, b, chosen, instead);
    GemmOptions order = chosen;
    order.dataflow = packed->options.format == Format::csb ? Dataflow::csOS : chosen.dataflow;
    const Plan plan = make_plan(a.rows(), b.cols, a.cols(), order, packed->live);
    return run_plan(plan, *strips_of(*packed, plan), packed.get());
  }
  std::vector<std::byte> buffer;
  const ConstMatrix dense = dense_form(a, chosen.a_zero_point, buffer);
  run_plan(make_plan(a.rows(), b.cols, a.cols(), chosen, nullptr), *strips_of(dense, chosen.a_zero_point), nullptr);
}

}  // namespace septet::detail
