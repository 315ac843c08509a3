// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The bytes of the two bitmap formats as they came from a file: read field by field, never beyond their end.
#include "bits.hpp"
#include "serialize.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <sstream>

namespace septet::detail {
namespace {

// Fields of a byte vector, with its end in view.
class TileReader {
 public:
  explicit TileReader(const PackedStorage& packed)
      : packed_(packed), bits_(static_cast<Index>(packed.bytes.size()) * 8), reader_(packed.bytes.data()) {}

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    std::ostringstream out;
    out << name(packed_.options.format) << ", tile " << tile_ << ", byte " << reader_.bit() / 8 << ": ";
    (out << ... << parts);
    throw_bad_file(out.str());
  }
  void begin(Index tile) { tile_ = tile; }
  Index byte() const { return reader_.bit() / 8; }
  bool at_end() const { return reader_.bit() == bits_; }

  void require(Index bits) const {
    if (bits > bits_ - reader_.bit()) broken("the bytes end here");
  }
  std::uint64_t get(int bits) {
    require(bits);
    return reader_.get(bits);
  }
  // Zeros up to the next byte.
  void align() {
    const int rest = static_cast<int>((8 - reader_.bit() % 8) % 8);
    if (reader_.get(rest) != 0) broken("a bit is set behind the last one");
  }
  void skip(Index bits) {
    require(bits);
    reader_ = BitReader(packed_.bytes.data(), reader_.bit() + bits);
  }
  Index count_ones(Index bits) const {
    require(bits);
    return bits == 0 ? 0 : detail::count_ones(packed_.bytes.data(), reader_.bit(), reader_.bit() + bits);
  }

 private:
  const PackedStorage& packed_;
  Index bits_;
  BitReader reader_;
  Index tile_ = 0;
};

Index tiled_by(const PackOptions& options) {
  return options.dataflow == Dataflow::sWS ? options.array.width : options.array.height;
}

void read_tsb_tile(PackedStorage& packed, Index size, TileReader& reader, LiveLists& live) {
  const Index vectors = packed.by_rows() ? packed.rows : packed.cols;
  reader.require(vectors);
  for (Index v = 0; v < vectors; ++v) {
    if (reader.get(1) != 0) live.index.push_back(static_cast<std::int32_t>(v));
  }
  const Index first = live.tile_ptr.back(), end = static_cast<Index>(live.index.size());
  Index elements = 0;
  for (Index v = first; v < end; ++v) {
    const Index ones = reader.count_ones(size);
    if (ones == 0) reader.broken(live.index[v], " is marked as live and has no element");
    reader.skip(size);
    elements += ones;
  }
  reader.align();
  reader.skip(elements * size_of(packed.type) * 8);
  live.tile_ptr.push_back(end);
  packed.stored += elements;
}

// The columns of a tile's steps: within A, none twice, and where they are combined in order, ascending.
void read_csb_columns(const PackedStorage& packed, Index steps, TileReader& reader, LiveLists& live) {
  const Combine& combine = packed.options.combine;
  const int count_bits = bits_for(combine.lanes + 1), column_bits = bits_for(packed.cols);
  std::vector<std::int32_t> columns;
  for (Index s = 0; s < steps; ++s) {
    const auto count = static_cast<Index>(reader.get(count_bits));
    if (count < 1 || count > combine.lanes) reader.broken("step ", s, " has ", count, " columns");
    for (Index c = 0; c < count; ++c) {
      const auto k = static_cast<Index>(reader.get(column_bits));
      if (k >= packed.cols) reader.broken("step ", s, ": column ", k, " is outside 0 to ", packed.cols - 1);
      if (combine.policy == CombinePolicy::in_order && !columns.empty() && k <= columns.back()) {
        reader.broken("step ", s, ": column ", k, " follows ", columns.back());
      }
      columns.push_back(static_cast<std::int32_t>(k));
    }
    live.step_ptr.push_back(live.step_ptr.back() + count);
  }
  live.index.insert(live.index.end(), columns.begin(), columns.end());
  std::sort(columns.begin(), columns.end());
  const auto twice = std::adjacent_find(columns.begin(), columns.end());
  if (twice != columns.end()) reader.broken("column ", *twice, " is there twice");
  reader.align();
}

// Every lane is one of its step's, and every column of a step has a weight.
void read_csb_weights(const PackedStorage& packed, const std::vector<Index>& weights, const Index* step_ptr,
                      TileReader& reader) {
  const int lane_bits = bits_for(packed.options.combine.lanes), value_bits = static_cast<int>(8 * size_of(packed.type));
  std::vector<bool> used;
  for (std::size_t s = 0; s < weights.size(); ++s) {
    used.assign(step_ptr[s + 1] - step_ptr[s], false);
    for (Index w = 0; w < weights[s]; ++w) {
      const auto lane = reader.get(lane_bits);
      if (lane >= used.size()) reader.broken("step ", s, ": lane ", lane, " of ", used.size());
      used[lane] = true;
      reader.skip(value_bits);
    }
    if (std::find(used.begin(), used.end(), false) != used.end()) {
      reader.broken("step ", s, " has a column without an element");
    }
  }
  reader.align();
}

void read_csb_tile(PackedStorage& packed, Index height, TileReader& reader, LiveLists& live) {
  const auto steps = static_cast<Index>(reader.get(32));
  if (steps > packed.cols) reader.broken(steps, " steps for ", packed.cols, " columns");
  read_csb_columns(packed, steps, reader, live);
  std::vector<Index> weights;
  for (Index s = 0; s < steps; ++s) {
    weights.push_back(reader.count_ones(height));
    reader.skip(height);
    packed.stored += weights.back();
  }
  reader.align();
  read_csb_weights(packed, weights, live.step_ptr.data() + live.tile_ptr.back(), reader);
  live.tile_ptr.push_back(static_cast<Index>(live.step_ptr.size()) - 1);
}

// Calls read(its size, the lists) for every tile, and makes what is derived.
template <class Read>
void read_tiles(PackedStorage& packed, LiveLists&& live, TileReader& reader, Read&& read) {
  live.tile = tiled_by(packed.options);
  packed.stored = 0;
  const Index length = packed.by_rows() ? packed.cols : packed.rows;
  for (Index t = 0; t * live.tile < length; ++t) {
    reader.begin(t);
    packed.tile_offset.push_back(reader.byte());
    read(std::min(live.tile, length - t * live.tile), live);
  }
  if (!reader.at_end()) reader.broken("there are more bytes than the tiles need");
  packed.live = std::make_shared<LiveLists>(std::move(live));
}

}  // namespace

void read_tsb(PackedStorage& packed) {
  TileReader reader(packed);
  read_tiles(packed, LiveLists(), reader,
             [&](Index size, LiveLists& live) { read_tsb_tile(packed, size, reader, live); });
}

void read_csb(PackedStorage& packed) {
  TileReader reader(packed);
  LiveLists live;
  live.step_ptr.push_back(0);
  read_tiles(packed, std::move(live), reader,
             [&](Index height, LiveLists& lists) { read_csb_tile(packed, height, reader, lists); });
}

}  // namespace septet::detail
