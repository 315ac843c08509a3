// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A as the kernels read it: the strips of kernels/strip.hpp, made from whatever form A has, one segment of the Plan's
// order at a time. This is where a format is decompressed; injected zeros appear here and nowhere else.
#pragma once

#include "aligned_buffer.hpp"
#include "formats/storage.hpp"
#include "kernels/strip.hpp"

namespace septet::detail {

/// A piece of the order. m-tile dataflows: positions [begin, end) of the tile's list of k. sIS: columns [begin, end)
/// of k-tile `tile`.
struct Segment {
  Index tile = 0;
  Index begin = 0;
  Index end = 0;
};

/// Per-thread memory for the strips of one segment. All of it is claimed before the work begins.
struct StripBuffer {
  /// For blocks of up to `rows` rows and `steps` steps; `element_count`: the weights of the largest CSB tile, or 0.
  StripBuffer(Index rows, Index steps, Index element_count, kernels::Packed packed);

  std::vector<kernels::StripCall> calls;  ///< a, k, rows and steps set; b and acc are the driver's
  AlignedBuffer values;
  std::vector<std::int32_t> index;
  // Scratch of CSB: the tile's weights, and how many steps each row has.
  std::vector<Element> elements;
  std::vector<Index> row_steps;
};

/// A, ready to be cut into strips.
class StripSource {
 public:
  virtual ~StripSource() = default;
  /// The strips of rows [m0, m1) (within one m-tile where there are any) for `segment`, rows counted from m0. `heights`
  /// are the kernel's. Replaces what is in `buffer`.
  virtual void load(Index m0, Index m1, const Segment& segment, const int* heights, StripBuffer& buffer) const = 0;
};

/// For the array's formats, tsb and csb. The operand is referred to, not copied.
std::unique_ptr<StripSource> strips_of(const PackedStorage& packed, const Plan& plan);
/// For a dense A under a dense dataflow, where it cannot go by tiles. The same.
std::unique_ptr<StripSource> strips_of(const ConstMatrix& a, int zero_point);

}  // namespace septet::detail
