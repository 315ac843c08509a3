// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the byte kernels leave to be added: zero points, and B's turned sign (kernels/quad.hpp has the formula).
#pragma once

#include "dense_operand.hpp"
#include "kernels/quad.hpp"

namespace septet::detail {

class ByteOffsets {
 public:
  /// For one product; null kernels: nothing to do.
  ByteOffsets(const kernels::QuadKernels* quads, const DenseOperand& a, const DenseOperand& b);

  bool turns_b() const { return turns_b_; }
  bool any() const { return oa_ != 0 || ob_ != 0; }
  /// Memory that one thread needs for passes of `steps` over bands of `rows` rows in blocks of `cols` columns.
  Index bytes(Index rows, Index cols, Index steps) const;

  /// Of one pass of one thread over one block: `memory` as said above, `k` elements in `steps` quads.
  struct Pass {
    std::int32_t* by_row = nullptr;
    std::int32_t* by_col = nullptr;
    char* ones = nullptr;
    Index k = 0, steps = 0;
  };
  Pass begin(char* memory, Index rows, Index cols, Index k, Index steps) const;
  /// Takes the sums of `rows` rows of A, from row `first` of the band on, as the kernel will read them.
  void add_rows(const Pass& pass, const PanelView& a, Index first, Index rows) const;
  /// Takes the sums of `cols` columns of B, from column `first` of the block on.
  void add_column(const Pass& pass, const kernels::TileSet& tiles, const PanelView& b, Index first, Index cols) const;
  /// Corrects the sums of a band, of which everything has been taken.
  void add(const Pass& pass, void* c, Index c_row, Index rows, Index cols) const;

 private:
  const kernels::QuadKernels* quads_;
  bool a_signed_ = false, turns_b_ = false;
  std::int32_t oa_ = 0, ob_ = 0;
};

}  // namespace septet::detail
