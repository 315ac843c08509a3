// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The memory system of docs/memory.md: from numbers per fold to bytes per level and stalls, over the orders in which
// the tile loops may be nested.
#pragma once

#include "memory_folds.hpp"
#include "septet/emulation/report.hpp"
#include "septet/status.hpp"

namespace septet::emulation::memory_model {

/// What the folds are folds of.
struct Product {
  Dataflow dataflow = Dataflow::dOS;  ///< never automatic
  bool preload = false;               ///< sums start from something in memory
  Wide b_used_bytes = 0;              ///< sWS: all rows of B that some fold takes
  Wide b_used_tiles = 0;              ///< sWS: the same in tiles of H rows
  Wide unwritten_bytes = 0;           ///< outputs that no fold writes
};

/// Buffers that this array can work from? `argument` of an error is "array_options.memory.…".
Status check_memory(const ArrayOptions& options, Dataflow dataflow, const ArrayShape& array, int lanes, Type a_type,
                    Type b_type);

/// Fills report.memory from the folds, whose cycles are report.cycles. `memory` is given and has been checked. Error:
/// bad_shape, a count is beyond 64 bits.
Status report_memory(const MemorySystem& memory, const Product& product, const FoldTable& folds, Report& report);

}  // namespace septet::emulation::memory_model
