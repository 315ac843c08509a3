// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "csv.hpp"
#include "septet/network/cost.hpp"

#include <string>

namespace septet::io {

/// The product of columns gemm_m, gemm_n, gemm_k and macs. The weights are the right operand there: C = A * B is
/// C^T = B^T * A^T. Throws Error.
network::Layer product_layer(const CsvRow& row, std::string name, std::string op, Index count);

}  // namespace septet::io
