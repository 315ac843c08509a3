// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dense_operand.hpp"
#include "environment.hpp"
#include "septet/explain.hpp"
#include "validate.hpp"
#include "validate_batch.hpp"

namespace septet::detail {

/// One product that has been validated, whatever its operands are. Throws std::bad_alloc, before C is touched. With
/// `instead`, nothing runs: it is filled with what would.
void multiply(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
              Explanation* instead = nullptr);
void multiply(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options,
              Explanation* instead = nullptr);
/// Dense operands, resolved options; alpha and k may be 0.
void multiply(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& chosen,
              Explanation* instead = nullptr);

/// A's format multiplies zeros like any weight, and this A holds some.
bool stores_zeros(const PackedStorage& a);

// ---- for the BLAS door: products whose arguments were looked at elsewhere. They fit, and what overlaps is the
// caller's own affair; alpha and k may be 0. Not ok: the environment, or no memory.

Status multiply_checked(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
/// False, and nothing done, unless run_small() takes it: its conditions are to be looked at.
bool multiply_if_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
Status multiply_checked(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& options,
                        Explanation* instead = nullptr);
Status multiply_checked(const Batch& batch, const GemmOptions& options);
/// What multiply_if_small() or multiply_checked() would do. Throws what they turn into a Status.
Explanation explain_checked(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                            bool may_be_small);
Explanation explain_checked(const Batch& batch, const GemmOptions& options);

// ---- what a query of a workspace shares: operands without data are as good as any, and what would be refused needs 0

template <class View>
View with_data(View view) {
  static char some = 0;  // never touched
  if (view.data == nullptr) view.data = &some;
  return view;
}

/// f(bytes) returns a Status.
template <class F>
Index bytes_unless_refused(F&& f) {
  Index bytes = 0;
  const CallScope scope;
  const Status status = guarded([&]() -> Status {
    if (Status refused = environment_status(); !refused.ok()) return refused;
    return f(bytes);
  });
  return status.ok() ? bytes : 0;
}

}  // namespace septet::detail
