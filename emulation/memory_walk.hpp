// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search: every order and residency that the buffers allow, each walked to its end.
#pragma once

#include "memory_model.hpp"

namespace septet::emulation::memory_model {

/// One way to walk the folds, and what it costs.
struct Walked {
  const char* loop_order = "";
  Wide resident_a = 0, resident_b = 0, resident_c = 0;  ///< tiles
  Wide stall = 0;
  Bytes bytes;
};

/// At least one; the contract's order comes first where it is among them.
std::vector<Walked> walk_all(const MemorySystem& memory, const Product& product, const FoldTable& folds);

}  // namespace septet::emulation::memory_model
