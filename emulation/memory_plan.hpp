// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulator's side of the memory system: what every fold of the Plan moves, and how long the controller gives it.
#pragma once

#include "traffic.hpp"

namespace septet::emulation {

/// Fills report.memory, if a memory system is asked for (docs/memory.md). Everything else of the report is there.
/// Throws Error: a count is beyond 64 bits.
void report_memory(const detail::Plan& plan, const ArrayOptions& options, bool preload, const Traffic& traffic,
                   Report& report);

/// The same for a product that reads neither A nor B.
void report_memory(const detail::Plan& plan, const ArrayOptions& options, Report& report);

}  // namespace septet::emulation
