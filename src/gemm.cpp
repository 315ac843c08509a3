// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet::gemm from top to bottom: validate, plan, run.
#include "dense.hpp"
#include "driver.hpp"
#include "fp_environment.hpp"
#include "kernels/dispatch.hpp"
#include "small.hpp"
#include "validate.hpp"

namespace septet {
namespace {

using namespace detail;

void multiply(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const GemmOptions chosen = resolved(a, options);
  const TileEpilogue epilogue(c, chosen);
  const auto run_plan = [&](const Plan& plan, const StripSource* strips, const PackedStorage* packed) {
    run(plan, strips, packed, b, chosen.b_zero_point, epilogue, accumulator_of(a.type()), chosen.threads);
  };
  const auto plan_with = [&](std::shared_ptr<const LiveLists> live) {
    return make_plan(a.rows(), b.cols, a.cols(), chosen, std::move(live));
  };
  if (chosen.alpha == 0 || a.cols() == 0) return run_plan(plan_with(nullptr), nullptr, nullptr);
  if (a.dense() != nullptr && !is_sparse(chosen.dataflow)) {
    return multiply_dense(*a.dense(), b, c, chosen);
  }
  std::shared_ptr<const PackedStorage> packed;
  if (a.packed() != nullptr) {
    packed = a.packed()->storage();
  } else {
    PackOptions packing = packing_for(chosen);
    // Where the caller left the choice to us, plain CSR holds the order of in-order csOS and needs no combining.
    const bool free_choice = options.dataflow == Dataflow::automatic && packing.format == Format::csb &&
                             packing.combine.policy == CombinePolicy::in_order;
    if (free_choice) packing.format = Format::csr;
    packed = pack_any(a, packing);
  }
  const Plan plan = plan_with(packed->live);
  run_plan(plan, strips_of(*packed, plan).get(), packed.get());
}

}  // namespace

Status try_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;  // alpha and beta are rounded on this thread
  if (a.dense() != nullptr && obviously_valid(*a.dense(), b, c, options) && kernels::target_ok()) {
    SmallProduct(*a.dense(), b, c, options).run(a.dense()->data, b.data, c.data);
    return {};
  }
  return guarded([&]() -> Status {
    if (Status status = kernels::target_status(); !status.ok()) return status;
    if (Status status = validate_gemm(a, b, c, options); !status.ok()) return status;
    multiply(a, b, c, options);
    return {};
  });
}

void gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  throw_if_error(try_gemm(a, b, c, options));
}

}  // namespace septet
