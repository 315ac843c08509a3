// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Points of an exploration as lines of text, in columns separated by commas; what is read back is what was written.
#pragma once

#include "septet/network/explore.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace septet::io {

/// The header above such lines.
inline constexpr const char* kDesignColumns =
    "design,array_height,array_width,type,a_bits,sparsity,buffer_a_bytes,buffer_b_bytes,buffer_c_bytes,"
    "off_chip_bandwidth_bytes_per_cycle,dataflow,area_mm2,cycles,cycles_vector,energy_pj,off_chip_bytes,utilization,"
    "infeasible";

/// "own", or a number as short as it can be and still be the same.
std::string sparsity_text(double sparsity);

/// Fit for a cell: on one line, without commas and quotes.
std::string cell_text(std::string text);

/// Without the line's end. `infeasible` has to be fit for a cell.
std::string design_line(const network::DesignPoint& point);
/// Nothing: it is none.
std::optional<network::DesignPoint> parse_design_line(std::string_view line);

}  // namespace septet::io
