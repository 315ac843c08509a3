// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Blocks: one pass over a block row finds the block columns that it uses, a second one fills them.
#include "slots.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

// The block columns of rows [begin, end), ascending.
void collect_blocks(const CsrArrays& csr, Index begin, Index end, Index width, std::vector<std::int32_t>& blocks) {
  blocks.clear();
  for (Index i = begin; i < end; ++i) {
    std::int32_t last = -1;
    for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
      const auto block = static_cast<std::int32_t>(csr.col_idx[p] / width);
      if (block != last) blocks.push_back(block);
      last = block;
    }
  }
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
}

}  // namespace

void pack_bsr(const CsrArrays& csr, PackedStorage& packed) {
  const Index height = packed.options.block.rows, width = packed.options.block.cols;
  const BsrSlots slots(packed.options.block, packed.type);
  BsrArrays bsr;
  std::vector<std::int32_t> blocks;
  for (Index begin = 0; begin < csr.rows; begin += height) {
    collect_blocks(csr, begin, std::min(begin + height, csr.rows), width, blocks);
    bsr.block_idx.insert(bsr.block_idx.end(), blocks.begin(), blocks.end());
    bsr.block_ptr.push_back(static_cast<Index>(bsr.block_idx.size()));
  }
  fill_zeros(packed, static_cast<Index>(bsr.block_idx.size()), height * width);
  const SlotWriter writer(csr, packed.values);
  for (Index i = 0; i < csr.rows; ++i) {
    Index block = bsr.block_ptr[i / height];
    for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
      const Index k = csr.col_idx[p];
      while (bsr.block_idx[block] != k / width) ++block;
      writer.copy(p, block * slots.area() + slots.slot(i % height, k % width));
    }
  }
  packed.arrays = std::move(bsr);
}

void bsr_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& bsr = std::get<BsrArrays>(packed.arrays);
  const Index height = packed.options.block.rows, width = packed.options.block.cols;
  const BsrSlots slots(packed.options.block, packed.type);
  for (Index row = 0; row < ceil_div(packed.rows, height); ++row) {
    for (Index block = bsr.block_ptr[row]; block < bsr.block_ptr[row + 1]; ++block) {
      for (Index slot = 0; slot < slots.area(); ++slot) {
        const Index quad = slot / slots.group, k_in_group = slot % slots.group;
        const Index i = row * height + quad % height;
        const Index k = bsr.block_idx[block] * width + quad / height * slots.group + k_in_group;
        if (i < packed.rows && k < packed.cols) {
          places.add(i, k);
        } else {
          places.add_padding();
        }
      }
    }
  }
}

}  // namespace septet::detail
