// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Everything that the numbers of an exploration depend on, in words: two runs with the same settings find the same.
#pragma once

#include "io/json_file.hpp"
#include "septet/network/explore.hpp"

#include <vector>

namespace septet::cli {

/// Version of the program, layers (by their hash), options, tables, sweep.
io::Json explore_settings(const std::vector<network::Layer>& layers, const network::CostOptions& base,
                          const emulation::AreaTable& area, io::Json sweep);

}  // namespace septet::cli
