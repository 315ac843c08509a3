// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Reports of the emulator and the cycle model: as JSON, whose keys are a public contract, and as tables for people.
#pragma once

#include "output.hpp"
#include "septet/emulation/energy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// With it, a report says what it costs.
using Energy = std::optional<emulation::EnergyTable>;

/// One flat object, but for the list of walks that a memory system brings.
Json report_json(const emulation::Report& report, const Energy& energy = {});

/// Every count of one run.
std::string report_table(const emulation::Report& report, const Energy& energy = {});

/// A line per dataflow.
std::string reports_table(const std::vector<emulation::Report>& reports, const Energy& energy = {});

/// "C 64 x 100 = A 64 x 576 * B 576 x 100", and the types.
std::string product_line(Index m, Index n, Index k, Type a_type, Type b_type);

/// "f32", "f64", "bf16", "f16"; integers: A, B, accumulator ("u8s8s32").
std::string dtype_name(Type a_type, Type b_type);

}  // namespace septet::cli
