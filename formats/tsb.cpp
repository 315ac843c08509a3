// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The two-stage bitmap (docs/dataflows.md, section 5): which vectors of a tile are live, which of their elements are
// there, and those.
#include "bits.hpp"
#include "src/arithmetic.hpp"
#include "storage.hpp"
#include "tile_columns.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

void append_values(const CsrArrays& csr, const std::vector<Index>& source, std::vector<std::byte>& bytes) {
  const Index size = size_of(csr.type);
  for (const Index p : source) {
    bytes.insert(bytes.end(), csr.values.begin() + p * size, csr.values.begin() + (p + 1) * size);
  }
}

// Stage 1: one bit for each of `vectors`, set for those on the (ascending) live list.
void append_stage1(const std::int32_t* live, Index count, Index vectors, BitWriter& writer) {
  Index next = 0;
  for (Index v = 0; v < vectors; ++v) {
    const bool is_live = next < count && live[next] == v;
    writer.put(is_live, 1);
    next += is_live;
  }
}

// Stage 2 of one vector: one bit for each of `length` elements, set at the ascending `offsets`.
template <class It>
void append_stage2(It begin, It end, Index length, BitWriter& writer) {
  for (Index e = 0; e < length; ++e) {
    const bool there = begin != end && *begin == e;
    writer.put(there, 1);
    if (there) ++begin;
  }
}

void append_column_tile(const CsrArrays& csr, Index t, PackedStorage& packed, std::vector<Index>& position,
                        TileColumns& tile) {
  const LiveLists& live = *packed.live;
  const Index begin = t * live.tile, height = packed.tile_size(t), count = live.steps(t);
  turn_to_columns(csr, begin, begin + height, live.begin(t), count, position, tile);
  BitWriter writer(packed.bytes);
  append_stage1(live.begin(t), count, packed.cols, writer);
  for (Index c = 0; c < count; ++c) {
    append_stage2(tile.rows.begin() + tile.ptr[c], tile.rows.begin() + tile.ptr[c + 1], height, writer);
  }
  append_values(csr, tile.source, packed.bytes);
}

// The k-tiles' rows are read from CSR row by row; `cursor` remembers how far into each row earlier tiles came.
void append_row_tile(const CsrArrays& csr, Index t, PackedStorage& packed, std::vector<Index>& cursor) {
  const LiveLists& live = *packed.live;
  const Index begin = t * live.tile, width = packed.tile_size(t);
  BitWriter writer(packed.bytes);
  append_stage1(live.begin(t), live.steps(t), packed.rows, writer);
  std::vector<Index> source;
  std::vector<Index> offsets;
  for (Index s = 0; s < live.steps(t); ++s) {
    const Index row = live.begin(t)[s];
    offsets.clear();
    for (Index& p = cursor[row]; p < csr.row_ptr[row + 1] && csr.col_idx[p] < begin + width; ++p) {
      offsets.push_back(csr.col_idx[p] - begin);
      source.push_back(p);
    }
    append_stage2(offsets.begin(), offsets.end(), width, writer);
  }
  append_values(csr, source, packed.bytes);
}

}  // namespace

void append_tsb(const CsrArrays& csr, PackedStorage& packed) {
  std::vector<Index> scratch(csr.row_ptr.begin(), csr.row_ptr.end());
  TileColumns tile;
  for (Index t = 0; t < packed.tile_count(); ++t) {
    packed.tile_offset.push_back(static_cast<Index>(packed.bytes.size()));
    if (packed.by_rows()) {
      append_row_tile(csr, t, packed, scratch);
    } else {
      append_column_tile(csr, t, packed, scratch, tile);
    }
  }
}

TsbTile tsb_tile(const PackedStorage& packed, Index t) {
  const Index vectors = packed.by_rows() ? packed.rows : packed.cols;
  const Index size = packed.tile_size(t);
  const std::byte* bits = packed.bytes.data() + packed.tile_offset[t];
  return {bits, vectors, size, bits + bytes_for_bits(vectors + size * packed.live->steps(t))};
}

}  // namespace septet::detail
