// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Combined sparse blocks (docs/dataflows.md, section 5): per m-tile the number of steps, the columns of each step, one
// presence bit per row and step, and the weights with their lanes.
#include "bits.hpp"
#include "src/arithmetic.hpp"
#include "storage.hpp"
#include "tile_columns.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

constexpr int kStepCountBits = 32;

struct FieldWidths {
  int count, column, lane, value;
};

FieldWidths widths_of(const PackedStorage& packed) {
  const int lanes = packed.options.combine.lanes;
  return {bits_for(lanes + 1), bits_for(packed.cols), bits_for(lanes), static_cast<int>(8 * size_of(packed.type))};
}

// Who uses each row of one step: the weight's lane and its place among the CSR's values.
struct Slot {
  int lane = -1;
  Index source = 0;
};

void append_weights(const CsrArrays& csr, const std::vector<Slot>& slots, const FieldWidths& widths,
                    BitWriter& writer) {
  const Index size = size_of(csr.type);
  for (const Slot& slot : slots) {
    if (slot.lane < 0) continue;
    writer.put(static_cast<std::uint64_t>(slot.lane), widths.lane);
    std::uint64_t value = 0;
    std::memcpy(&value, csr.values.data() + slot.source * size, size);
    writer.put(value, widths.value);
  }
}

void append_tile(const CsrArrays& csr, Index t, PackedStorage& packed, std::vector<Index>& position,
                 TileColumns& tile) {
  const LiveLists& live = *packed.live;
  const FieldWidths widths = widths_of(packed);
  const Index height = packed.tile_size(t), steps = live.steps(t);
  const Index* step_ptr = live.step_ptr.data() + live.tile_ptr[t];
  const std::int32_t* columns = live.index.data() + step_ptr[0];
  turn_to_columns(csr, t * live.tile, t * live.tile + height, columns, step_ptr[steps] - step_ptr[0], position, tile);

  BitWriter writer(packed.bytes);
  writer.put(static_cast<std::uint64_t>(steps), kStepCountBits);
  for (Index s = 0; s < steps; ++s) {
    writer.put(static_cast<std::uint64_t>(step_ptr[s + 1] - step_ptr[s]), widths.count);
    for (Index p = step_ptr[s]; p < step_ptr[s + 1]; ++p) writer.put(live.index[p], widths.column);
  }
  writer.align();
  std::vector<Slot> slots(height);
  const auto fill_slots = [&](Index s) {
    std::fill(slots.begin(), slots.end(), Slot());
    for (Index p = step_ptr[s]; p < step_ptr[s + 1]; ++p) {
      const Index c = p - step_ptr[0];
      for (Index e = tile.ptr[c]; e < tile.ptr[c + 1]; ++e) {
        slots[tile.rows[e]] = {static_cast<int>(p - step_ptr[s]), tile.source[e]};
      }
    }
  };
  for (Index s = 0; s < steps; ++s) {
    fill_slots(s);
    for (const Slot& slot : slots) writer.put(slot.lane >= 0, 1);
  }
  writer.align();
  for (Index s = 0; s < steps; ++s) {
    fill_slots(s);
    append_weights(csr, slots, widths, writer);
  }
}

// At the presence bits of tile t. Which columns a step holds is known from the live lists; their fields are passed
// over.
BitReader presence_of(const PackedStorage& packed, Index t, const FieldWidths& widths) {
  const Index steps = packed.live->steps(t);
  const Index* step_ptr = packed.live->step_ptr.data() + packed.live->tile_ptr[t];
  BitReader presence(packed.bytes.data() + packed.tile_offset[t],
                     kStepCountBits + steps * widths.count + (step_ptr[steps] - step_ptr[0]) * widths.column);
  presence.align();
  return presence;
}

}  // namespace

void append_csb(const CsrArrays& csr, PackedStorage& packed) {
  std::vector<Index> position;
  TileColumns tile;
  for (Index t = 0; t < packed.tile_count(); ++t) {
    packed.tile_offset.push_back(static_cast<Index>(packed.bytes.size()));
    append_tile(csr, t, packed, position, tile);
  }
}

void csb_weights(const PackedStorage& packed, Index t, std::vector<Element>& weights) {
  const FieldWidths widths = widths_of(packed);
  const LiveLists& live = *packed.live;
  const Index height = packed.tile_size(t), steps = live.steps(t);
  const Index* step_ptr = live.step_ptr.data() + live.tile_ptr[t];
  const std::byte* bytes = packed.bytes.data() + packed.tile_offset[t];
  BitReader presence = presence_of(packed, t, widths);
  BitReader weight(bytes, presence.bit() + steps * height);
  weight.align();
  weights.clear();
  for (Index s = 0; s < steps; ++s) {
    for (Index row = 0; row < height; ++row) {
      if (presence.get(1) == 0) continue;
      const auto lane = static_cast<Index>(weight.get(widths.lane));
      const std::int32_t k = live.index[step_ptr[s] + lane];
      weights.push_back({static_cast<std::int32_t>(row), k, weight.get(widths.value)});
    }
  }
}

const std::byte* put_csb_values(PackedStorage& packed, Index t, const std::byte* values) {
  const FieldWidths widths = widths_of(packed);
  std::byte* bytes = packed.bytes.data() + packed.tile_offset[t];
  const Index begin = presence_of(packed, t, widths).bit();
  const Index end = begin + packed.live->steps(t) * packed.tile_size(t), weights = count_ones(bytes, begin, end);
  const Index size = size_of(packed.type), first = bytes_for_bits(end) * 8;
  for (Index w = 0; w < weights; ++w, values += size) {
    std::uint64_t value = 0;
    std::memcpy(&value, values, size);
    replace_field(bytes, first + w * (widths.lane + widths.value) + widths.lane, value, widths.value);
  }
  return values;
}

}  // namespace septet::detail
