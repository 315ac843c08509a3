// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A run for programs: JSON and CSV. docs/bench.md lists the keys, which are a public contract.
#pragma once

#include "cli/output.hpp"
#include "results.hpp"

#include <string>

namespace septet::cli {

/// One flat object of one candidate's result at one point.
Json record_of(const BenchSettings& settings, const Point& point, const Result& result);
/// One flat object.
Json crossover_record(const Group& group, const std::string& candidate, const Crossover& crossover);

/// The machine and the method, flat; then `results` and `crossovers`.
Json json_of(const Run& run);
/// A header of the keys of `results`, then a line for each; RFC 4180, with \n.
std::string csv_of(const Run& run);

}  // namespace septet::cli
