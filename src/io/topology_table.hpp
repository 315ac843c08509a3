// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Topologies of SCALE-Sim (scalesim/topology_utils.py, load_arrays_conv() and load_arrays_gemm()).
#pragma once

#include "csv.hpp"
#include "septet/network/cost.hpp"

namespace septet::io {

/// Layer name, rows and columns of the input, of the filter, channels, filters, stride (or one for rows and one for
/// columns), told by place: upstream's names vary.
bool is_convolution_topology(const CsvFile& file);
network::Layer read_convolution_topology(const CsvRow& row);

/// Layer, M, N, K.
bool is_gemm_topology(const CsvFile& file);
network::Layer read_gemm_topology(const CsvRow& row);

}  // namespace septet::io
