// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dense_operand.hpp"
#include "septet/explain.hpp"

namespace septet::detail {

/// C <- A * B for dense operands under a dense dataflow: validated, resolved, alpha and k not 0. All dense dataflows
/// have one order of accumulation, so one driver serves them.
/// With `instead`, nothing runs: it is filled with what would.
void multiply_dense(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& resolved,
                    Explanation* instead = nullptr);

/// What GemmOptions::workspace has to hold for it.
Index dense_workspace_bytes(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& resolved);

/// The same where there is nothing to multiply: alpha or k is 0, C alone decides.
void finish_without_product(const Matrix& c, const GemmOptions& resolved);

}  // namespace septet::detail
