// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model's side of the memory system: what every fold moves and how long it holds the array, from the
// contract (docs/dataflows.md, section 7) and its tiles.
#pragma once

#include "cycle_folds.hpp"
#include "memory_model.hpp"

namespace septet::emulation::cycle_model {

/// `pattern` is null where A is taken for one without zeros. Fills `folds`, in the contract's order.
memory_model::Product memory_folds(const Setting& setting, const std::vector<Tile>& tiles, const Pattern* pattern,
                                   memory_model::FoldTable& folds);

}  // namespace septet::emulation::cycle_model
