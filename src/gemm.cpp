// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet::gemm from top to bottom: validate, plan, run.
#include "septet/gemm.hpp"
#include "dense.hpp"
#include "explain.hpp"
#include "kernels/dispatch.hpp"
#include "multiply.hpp"
#include "small.hpp"
#include "steps.hpp"
#include "validate.hpp"
#include "validate_batch.hpp"

namespace septet {
namespace detail {
namespace {

// Options that are obviously valid stand for themselves: there is nothing to resolve.
Status plain(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  multiply_dense(DenseOperand::rows_of(a, 0), DenseOperand::columns_of(b, 0), c, options);
  return {};
}

Status validate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  if (Status status = environment_status(); !status.ok()) return status;
  if (Status status = validate_gemm(a, b, c, options); !status.ok()) return status;
  const ConstMatrix dense_a = a.dense() != nullptr ? *a.dense() : ConstMatrix();
  return validate_workspace({dense_a, 1, 0}, {b, 1, 0}, {c, 1, 0}, options);
}

Status validate(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  if (Status status = environment_status(); !status.ok()) return status;
  if (Status status = validate_gemm(a, b, c, options); !status.ok()) return status;
  return validate_workspace({a, 1, 0}, {}, {c, 1, 0}, options);
}

Status run_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;  // alpha and beta are rounded on this thread
  if (a.dense() != nullptr && obviously_valid(*a.dense(), b, c, options) && environment_ok()) {
    if (run_small(*a.dense(), b, c, options)) return {};  // asks for its kernels once
    const kernels::PinnedTarget target;
    return guarded([&] { return plain(*a.dense(), b, c, options); });
  }
  const kernels::PinnedTarget target;
  return guarded([&]() -> Status {
    if (Status status = validate(a, b, c, options); !status.ok()) return status;
    multiply(a, b, c, options, nullptr);
    return {};
  });
}

Status run_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  return guarded([&]() -> Status {
    if (Status status = validate(a, b, c, options); !status.ok()) return status;
    multiply(a, b, c, options);
    return {};
  });
}

}  // namespace

}  // namespace detail

using namespace detail;

Status try_explain(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                   Explanation& explanation) {
  const CallScope scope;
  return guarded([&]() -> Status {
    if (Status status = validate(a, b, c, options); !status.ok()) return status;
    const bool usual = a.dense() != nullptr && obviously_valid(*a.dense(), b, c, options);
    Explanation result;
    if (usual) {
      result = explain_checked(*a.dense(), b, c, options, true);
    } else {
      explain_product(a, b, c, options, resolved(a, options), result);
      multiply(a, b, c, options, &result);
    }
    explanation = std::move(result);
    return {};
  });
}

Status try_explain(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options,
                   Explanation& explanation) {
  const CallScope scope;
  return guarded([&]() -> Status {
    if (Status status = validate(a, b, c, options); !status.ok()) return status;
    Explanation result;
    const ConstMatrix right(nullptr, b.type(), b.rows(), b.cols(), 0, 0);
    explain_product(a, right, c, options, resolved(a, options), result);
    multiply(a, b, c, options, &result);
    explanation = std::move(result);
    return {};
  });
}

Explanation explain(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  Explanation explanation;
  throw_if_error(try_explain(a, b, c, options, explanation));
  return explanation;
}

Explanation explain(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  Explanation explanation;
  throw_if_error(try_explain(a, b, c, options, explanation));
  return explanation;
}

namespace {

// For SEPTET_VERBOSE: what is refused explains nothing.
template <class A, class B>
Explanation facts(const A& a, const B& b, const Matrix& c, const GemmOptions& options) {
  Explanation explanation;
  (void)try_explain(a, b, c, options, explanation);
  return explanation;
}

}  // namespace

Status try_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  return told(
      "gemm", [&] { return run_gemm(a, b, c, options); }, [&] { return facts(a, b, c, options); });
}

void gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  throw_if_error(try_gemm(a, b, c, options));
}

Status try_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  const CallScope scope;
  return told(
      "gemm", [&] { return run_gemm(a, b, c, options); }, [&] { return facts(a, b, c, options); });
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
    if (is_sparse(chosen.dataflow) || goes_by_steps(a.type(), chosen)) return {};
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
    if (goes_by_steps(some_a.type, chosen)) return {};
    bytes = dense_workspace_bytes(DenseOperand::rows_of(some_a, chosen.a_zero_point),
                                  DenseOperand::packed(*b.storage()), some_c, chosen);
    return {};
  });
}

}  // namespace septet
