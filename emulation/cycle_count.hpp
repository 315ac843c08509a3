// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model's count of a product: everything of its report but the memory system.
#pragma once

#include "cycle_request.hpp"
#include "memory_model.hpp"

#include <memory>
#include <vector>

namespace septet::emulation::cycle_model {

/// A product but for its memory system, and what that has to know.
struct Counted {
  Setting setting;
  std::shared_ptr<const std::vector<Tile>> tiles;
  std::shared_ptr<const Pattern> pattern;  ///< null: no zeros that the dataflow skips
  Report report;
};

/// Checks the request and counts. Throws std::bad_alloc, std::length_error.
Status count(const Request& request, const GemmOptions& options, const ArrayOptions& array_options, Counted& counted);

/// The memory system's side of it: `folds` is filled (docs/memory.md).
memory_model::Product folds_of(const Counted& counted, memory_model::FoldTable& folds);

}  // namespace septet::emulation::cycle_model
