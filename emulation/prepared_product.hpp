// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model for sweeps: a product on an array is counted once, for any number of memory systems behind it.
#pragma once

#include "cycle_cache.hpp"
#include "septet/emulation/report.hpp"
#include "septet/gemm.hpp"

#include <memory>

namespace septet::emulation {

/// m x k weights times a k x n matrix. `weights`: where the zeros of the weights are, whatever type they have there
/// (zero point 0); null: there are none.
struct ProductShape {
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::s8, b_type = Type::s8;
  std::shared_ptr<cycle_model::CycleCache> weights;
};

class PreparedProduct {
 public:
  /// The memory system of `array_options` has no say. Zero points are 0. Errors: those of cycles().
  static Status prepare(const ProductShape& shape, const GemmOptions& options, const ArrayOptions& array_options,
                        std::unique_ptr<PreparedProduct>& product);
  ~PreparedProduct();

  /// What cycles() reports with `memory`, but for the list memory.walks, which stays empty. May be called from many
  /// threads at once. Errors: those of cycles() about the memory system.
  Status report(const MemorySystem& memory, Report& report) const;
  /// Makes what all memory systems have in common, which else the first report() does. Throws std::bad_alloc.
  void prepare_memory() const;

 private:
  struct State;
  explicit PreparedProduct(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace septet::emulation
