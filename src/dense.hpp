// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dense_operand.hpp"
#include "septet/gemm.hpp"

namespace septet::detail {

/// C <- A * B for dense operands under a dense dataflow: validated, resolved, alpha and k not 0. All dense dataflows
/// have one order of accumulation, so one driver serves them.
void multiply_dense(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& resolved);

}  // namespace septet::detail
