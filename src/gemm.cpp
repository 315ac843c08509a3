// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet::gemm from top to bottom: validate, plan, run.
#include "dense.hpp"
#include "driver.hpp"
#include "fp_environment.hpp"
#include "kernels/dispatch.hpp"
#include "multiply.hpp"
#include "small.hpp"
#include "validate.hpp"
#include "validate_batch.hpp"

namespace septet {
namespace detail {

// A dense product, or the ends of one that has no middle.
void multiply(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& chosen) {
  if (chosen.alpha != 0 && a.k != 0) return multiply_dense(a, b, c, chosen);
  finish_without_product(c, chosen);
}

void multiply(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const GemmOptions chosen = resolved(a, options);
  if (a.sparse() != nullptr && !is_sparse(chosen.dataflow) && chosen.alpha != 0 && a.cols() != 0) {
    const auto dense = pack_any(a, packing_for(chosen));
    // What is unpacked here takes memory anyway: the caller's workspace is for those who need no more (gemm.hpp).
    GemmOptions own_memory = chosen;
    own_memory.workspace = nullptr, own_memory.workspace_bytes = 0;
    return multiply(DenseOperand::packed(*dense), DenseOperand::columns_of(b, chosen.b_zero_point), c, own_memory);
  }
  if (!is_sparse(chosen.dataflow) || chosen.alpha == 0 || a.cols() == 0) {
    const bool panels = a.packed() != nullptr && a.packed()->format() == Format::dense;
    const DenseOperand left = panels ? DenseOperand::packed(*a.packed()->storage())
                              : a.dense() != nullptr
                                  ? DenseOperand::rows_of(*a.dense(), chosen.a_zero_point)
                                  : DenseOperand::rows_of({nullptr, a.type(), a.rows(), a.cols(), 0, 0}, 0);
    return multiply(left, DenseOperand::columns_of(b, chosen.b_zero_point), c, chosen);
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
  const Plan plan = make_plan(a.rows(), b.cols, a.cols(), chosen, packed->live);
  run(plan, strips_of(*packed, plan).get(), packed.get(), b, chosen.b_zero_point, TileEpilogue(c, chosen),
      accumulator_of(a.type()), chosen);
}

namespace {

// Options that are obviously valid stand for themselves: there is nothing to resolve.
Status plain(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  multiply_dense(DenseOperand::rows_of(a, 0), DenseOperand::columns_of(b, 0), c, options);
  return {};
}

}  // namespace

Status multiply_checked(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;
  return guarded([&]() -> Status {
    if (!environment_ok()) return environment_status();
    multiply(DenseOperand::rows_of(a, options.a_zero_point), DenseOperand::columns_of(b, options.b_zero_point), c,
             resolved(a, options));
    return {};
  });
}

bool multiply_if_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;
  return environment_ok() && run_small(a, b, c, options);
}

Status multiply_checked(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;
  return guarded([&]() -> Status {
    if (!environment_ok()) return environment_status();
    multiply(a, b, c, options);
    return {};
  });
}

}  // namespace detail

using namespace detail;

Status try_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;  // alpha and beta are rounded on this thread
  if (a.dense() != nullptr && obviously_valid(*a.dense(), b, c, options) && environment_ok()) {
    if (run_small(*a.dense(), b, c, options)) return {};
    return guarded([&] { return plain(*a.dense(), b, c, options); });
  }
  return guarded([&]() -> Status {
    if (Status status = environment_status(); !status.ok()) return status;
    if (Status status = validate_gemm(a, b, c, options); !status.ok()) return status;
    const ConstMatrix dense_a = a.dense() != nullptr ? *a.dense() : ConstMatrix();
    if (Status status = validate_workspace({dense_a, 1, 0}, {b, 1, 0}, {c, 1, 0}, options); !status.ok()) return status;
    multiply(a, b, c, options);
    return {};
  });
}

void gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  throw_if_error(try_gemm(a, b, c, options));
}

Status try_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;
  return guarded([&]() -> Status {
    if (Status status = environment_status(); !status.ok()) return status;
    if (Status status = validate_gemm(a, b, c, options); !status.ok()) return status;
    if (Status status = validate_workspace({a, 1, 0}, {}, {c, 1, 0}, options); !status.ok()) return status;
    const GemmOptions chosen = resolved(a, options);
    multiply(DenseOperand::rows_of(a, chosen.a_zero_point), DenseOperand::packed(*b.storage()), c, chosen);
    return {};
  });
}

void gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  throw_if_error(try_gemm(a, b, c, options));
}

Index gemm_workspace_bytes(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  if (a.dense() != nullptr) return gemm_batch_workspace_bytes(1, *a.dense(), b, c, options);
  if (a.packed() == nullptr || a.packed()->empty() || a.packed()->format() != Format::dense) return 0;
  const ConstMatrix some_b = with_data(b);
  const Matrix some_c = with_data(c);
  return bytes_unless_refused([&](Index& bytes) -> Status {
    if (Status status = validate_operands(a, some_b, some_c, options); !status.ok()) return status;
    const GemmOptions chosen = resolved(a, options);
    if (is_sparse(chosen.dataflow)) return {};
    bytes = dense_workspace_bytes(DenseOperand::packed(*a.packed()->storage()),
                                  DenseOperand::columns_of(some_b, chosen.b_zero_point), some_c, chosen);
    return {};
  });
}

Index gemm_workspace_bytes(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  const ConstMatrix some_a = with_data(a);
  const Matrix some_c = with_data(c);
  return bytes_unless_refused([&](Index& bytes) -> Status {
    if (Status status = validate_operands(some_a, b, some_c, options); !status.ok()) return status;
    const GemmOptions chosen = resolved(some_a, options);
    bytes = dense_workspace_bytes(DenseOperand::rows_of(some_a, chosen.a_zero_point),
                                  DenseOperand::packed(*b.storage()), some_c, chosen);
    return {};
  });
}

}  // namespace septet
