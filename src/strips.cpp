// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "strips.hpp"

#include "formats/bits.hpp"

#include <algorithm>
#include <utility>

namespace septet::detail {
namespace {

using kernels::StripCall;

// Writes the A elements of strips in kernel order, one strip after the other.
template <class T>
class StripWriter {
 public:
  using Out = PackedElement<T>;
  static constexpr Index kGroup = std::is_integral_v<Out> ? 2 : 1;

  StripWriter(StripBuffer& buffer, int zero_point)
      : buffer_(buffer), next_(reinterpret_cast<Out*>(buffer.values.data())), zero_point_(zero_point) {
    buffer.calls.clear();
    buffer.index.clear();
  }

  // A strip of `rows` rows and `steps` steps, all zeros until put() fills them.
  StripCall& open(Index rows, Index steps) {
    rows_ = rows;
    strip_ = next_;
    const Index elements = (steps + kGroup - 1) / kGroup * kGroup * rows;
    std::fill(strip_, strip_ + elements, Out{0});
    next_ += elements;
    StripCall call;
    call.rows = rows, call.steps = steps, call.a = strip_;
    return buffer_.calls.emplace_back(call);
  }
  void put(Index row, Index step, T value) {
    strip_[(step / kGroup * rows_ + row) * kGroup + step % kGroup] = packed_element(value, zero_point_);
  }
  // Into an earlier strip of one row, whose steps simply follow each other.
  void put_single(const StripCall& call, Index step, T value) {
    const_cast<Out*>(static_cast<const Out*>(call.a))[step] = packed_element(value, zero_point_);
  }

 private:
  StripBuffer& buffer_;
  Out* next_;
  Out* strip_ = nullptr;
  Index rows_ = 0;
  int zero_point_;
};

// Splits `count` rows into the largest heights there are: f(first, height).
template <class F>
void for_each_height(Index count, const int* heights, F&& f) {
  for (Index first = 0; first < count;) {
    while (*heights > count - first) ++heights;
    f(first, static_cast<Index>(*heights));
    first += *heights;
  }
}

template <class T>
T read_value(const std::byte* values, Index position) {
  T value;
  std::memcpy(&value, values + position * static_cast<Index>(sizeof(T)), sizeof(T));
  return value;
}

// sOS, sWS: the m-tile's live columns.
template <class T>
class LiveColumnStrips : public StripSource {
 public:
  LiveColumnStrips(const PackedStorage& packed, const Plan& plan) : packed_(packed), plan_(plan) {}

  void load(Index m0, Index m1, const Segment& segment, const int* heights, StripBuffer& buffer) const override {
    StripWriter<T> writer(buffer, packed_.options.zero_point);
    const TsbTile tile = tsb_tile(packed_, segment.tile);
    const Index tile_begin = segment.tile * packed_.live->tile;
    const Index before = count_ones(tile.bits, tile.stage2, tile.stage2 + segment.begin * tile.vector_bits);
    for_each_height(m1 - m0, heights, [&](Index first, Index rows) {
      StripCall& call = writer.open(rows, segment.end - segment.begin);
      call.row0 = first;
      call.k_index = plan_.columns(segment.tile) + segment.begin;
      const Index above = m0 + first - tile_begin;  // rows of the tile that lie above the strip
      const Index below = tile.vector_bits - above - rows;
      Index position = before;
      for (Index s = segment.begin; s < segment.end; ++s) {
        const Index column = tile.stage2 + s * tile.vector_bits;
        position += count_ones(tile.bits, column, column + above);
        BitReader stage2(tile.bits, column + above);
        for (Index i = 0; i < rows; ++i) {
          if (stage2.get(1)) writer.put(i, s - segment.begin, read_value<T>(tile.values, position++));
        }
        position += count_ones(tile.bits, stage2.bit(), stage2.bit() + below);
      }
    });
  }

 private:
  const PackedStorage& packed_;
  const Plan& plan_;
};

// sIS: the k-tile's live rows.
template <class T>
class LiveRowStrips : public StripSource {
 public:
  LiveRowStrips(const PackedStorage& packed, const Plan& plan) : packed_(packed), plan_(plan) {}

  void load(Index m0, Index m1, const Segment& segment, const int* heights, StripBuffer& buffer) const override {
    StripWriter<T> writer(buffer, packed_.options.zero_point);
    const TsbTile tile = tsb_tile(packed_, segment.tile);
    const std::int32_t* live = plan_.rows(segment.tile);
    const std::int32_t* live_end = live + plan_.row_count(segment.tile);
    const std::int32_t* begin = std::lower_bound(live, live_end, m0);
    const std::int32_t* end = std::lower_bound(begin, live_end, m1);
    for (const std::int32_t* row = begin; row < end; ++row)
      buffer.index.push_back(static_cast<std::int32_t>(*row - m0));
    Index bit = tile.stage2 + (begin - live) * tile.vector_bits;
    Index position = count_ones(tile.bits, tile.stage2, bit);
    for_each_height(end - begin, heights, [&](Index first, Index rows) {
      StripCall& call = writer.open(rows, segment.end - segment.begin);
      call.row_index = buffer.index.data() + first;
      call.k0 = segment.begin;
      for (Index i = 0; i < rows; ++i, bit += tile.vector_bits) {
        BitReader stage2(tile.bits, bit);
        for (Index e = 0; e < tile.vector_bits; ++e) {
          if (stage2.get(1)) writer.put(i, e, read_value<T>(tile.values, position++));
        }
      }
    });
  }

 private:
  const PackedStorage& packed_;
  const Plan& plan_;
};

// csOS from CSB: a row's steps are the tile's steps that bring it a weight. Always a whole tile.
template <class T>
class CombinedStrips : public StripSource {
 public:
  explicit CombinedStrips(const PackedStorage& packed) : packed_(packed) {}

  void load(Index m0, Index m1, const Segment& segment, const int* /*one row each*/,
            StripBuffer& buffer) const override {
    StripWriter<T> writer(buffer, packed_.options.zero_point);
    csb_weights(packed_, segment.tile, buffer.elements);
    buffer.row_steps.assign(m1 - m0, 0);
    for (const Element& element : buffer.elements) ++buffer.row_steps[element.row];
    buffer.index.resize(buffer.elements.size());
    Index first = 0;
    for (Index i = 0; i < m1 - m0; ++i) {
      StripCall& call = writer.open(1, buffer.row_steps[i]);
      call.row0 = i;
      call.k_index = buffer.index.data() + first;
      first += std::exchange(buffer.row_steps[i], 0);
    }
    for (const Element& element : buffer.elements) {  // in the order of the steps, so every row keeps it
      const StripCall& call = buffer.calls[element.row];
      const Index step = buffer.row_steps[element.row]++;
      buffer.index[call.k_index - buffer.index.data() + step] = element.k;
      writer.put_single(call, step, element.value<T>());
    }
  }

 private:
  const PackedStorage& packed_;
};

// Every k, from a view.
template <class T>
class DenseStrips : public StripSource {
 public:
  DenseStrips(const ConstMatrix& a, int zero_point) : a_(a), zero_point_(zero_point) {}

  void load(Index m0, Index m1, const Segment& segment, const int* heights, StripBuffer& buffer) const override {
    StripWriter<T> writer(buffer, zero_point_);
    for_each_height(m1 - m0, heights, [&](Index first, Index rows) {
      StripCall& call = writer.open(rows, segment.end - segment.begin);
      call.row0 = first;
      call.k0 = segment.begin;
      for (Index i = 0; i < rows; ++i) {
        const T* row = static_cast<const T*>(a_.data) + (m0 + first + i) * a_.row_stride;
        for (Index k = segment.begin; k < segment.end; ++k) writer.put(i, k - segment.begin, row[k * a_.col_stride]);
      }
    });
  }

 private:
  const ConstMatrix a_;
  int zero_point_;
};

template <class T>
std::unique_ptr<StripSource> typed_strips(const PackedStorage& packed, const Plan& plan) {
  switch (packed.options.format) {
    case Format::csb:
      return std::make_unique<CombinedStrips<T>>(packed);
    default:
      if (packed.by_rows()) return std::make_unique<LiveRowStrips<T>>(packed, plan);
      return std::make_unique<LiveColumnStrips<T>>(packed, plan);
  }
}

}  // namespace

StripBuffer::StripBuffer(Index rows, Index steps, Index element_count, kernels::Packed packed) {
  // CSB's strips have one row each and as many steps as weights, all told; other strips are rows x steps.
  const Index group = steps_per_group(packed);
  const Index dense = rows * (steps + group), combined = element_count + rows * group;
  values = AlignedBuffer((element_count > 0 ? combined : dense) * bytes_of(packed));
  calls.reserve(rows);
  index.reserve(std::max(rows, element_count));
  elements.reserve(element_count);
  row_steps.reserve(rows);
}

std::unique_ptr<StripSource> strips_of(const PackedStorage& packed, const Plan& plan) {
  return with_type(packed.type, [&](auto* tag) -> std::unique_ptr<StripSource> {
    return typed_strips<std::remove_pointer_t<decltype(tag)>>(packed, plan);
  });
}

std::unique_ptr<StripSource> strips_of(const ConstMatrix& a, int zero_point) {
  return with_type(a.type, [&](auto* tag) -> std::unique_ptr<StripSource> {
    return std::make_unique<DenseStrips<std::remove_pointer_t<decltype(tag)>>>(a, zero_point);
  });
}

}  // namespace septet::detail
