// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products whose every step matters: sums that saturate, that are rounded to f16, or flushed (docs/dataflows.md,
// section 9). The order is the plan's, as ever; the strips are those of kernels/narrow.hpp, which are slower.
#pragma once

#include "septet/explain.hpp"
#include "validate.hpp"

namespace septet::detail {

/// Whether multiply_by_steps() is to take a product of this A's type; options of a validated call.
bool goes_by_steps(Type type, const GemmOptions& options);

/// C <- epilogue(A * B), whatever A is; `chosen`: resolved options, alpha and k not 0. With `instead`, nothing runs: it
/// is filled with what would. Throws std::bad_alloc, before C is touched.
void multiply_by_steps(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& chosen,
                       Explanation* instead);

}  // namespace septet::detail
