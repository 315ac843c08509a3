// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A from the bytes that a hardware array would find in its memory, by dataflows.md, section 5, and the sizes alone: a
// testbench's view, which shares no code with the library's formats.
#pragma once

#include "septet/types.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace septet::support {

/// The words of docs/images.md, by number.
struct ImageSizes {
  explicit ImageSizes(const std::vector<std::uint32_t>& words) {
    if (words.size() != 17) throw std::runtime_error("17 sizes");
    version = words[0], dataflow = words[1];
    m = words[2], n = words[3], k = words[4];
    height = words[5], width = words[6], lanes = words[7];
    timing = words[8], accumulate = words[9], preload = words[10];
    a_bytes = words[11];
    a_type = words[12], b_type = words[13], sum_type = words[14];
    a_zero_point = static_cast<std::int32_t>(words[15]), b_zero_point = static_cast<std::int32_t>(words[16]);
  }

  std::uint32_t version, dataflow, timing, accumulate, preload, a_type, b_type, sum_type;
  Index m, n, k, height, width, lanes, a_bytes;
  std::int32_t a_zero_point, b_zero_point;
};

/// Fields of bits, least significant first.
class ImageBits {
 public:
  explicit ImageBits(const std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}

  std::uint64_t get(Index bits) {
    std::uint64_t value = 0;
    for (Index i = 0; i < bits; ++i, ++bit_) {
      const auto byte = static_cast<std::size_t>(bit_ / 8);
      if (byte >= bytes_.size()) throw std::runtime_error("the image of A ends early");
      value |= static_cast<std::uint64_t>(bytes_[byte] >> (bit_ % 8) & 1) << i;
    }
    return value;
  }
  void to_byte() {
    while (bit_ % 8 != 0) ++bit_;
  }
  void at_end() const {
    if (bit_ != 8 * static_cast<Index>(bytes_.size())) throw std::runtime_error("the image of A goes on");
  }

 private:
  const std::vector<std::uint8_t>& bytes_;
  Index bit_ = 0;
};

/// The bits of A's elements, row-major; what a sparse format skips is the zero point. Throws where the image is no
/// image of these sizes.
inline std::vector<std::uint64_t> read_a_image(const ImageSizes& s, const std::vector<std::uint8_t>& bytes) {
  constexpr Index kBits[] = {32, 64, 8, 8, 32, 16, 16, 16};
  const Index bits = kBits[s.a_type];
  const std::uint64_t zero = static_cast<std::uint64_t>(s.a_zero_point) & ((std::uint64_t{1} << 8) - 1);
  std::vector<std::uint64_t> a(static_cast<std::size_t>(s.m * s.k), zero);
  const auto at = [&](Index m, Index k) -> std::uint64_t& { return a[static_cast<std::size_t>(m * s.k + k)]; };
  const auto bits_for = [](Index choices) {
    Index count = 0;
    while ((Index{1} << count) < choices) ++count;
    return count;
  };
  ImageBits in(bytes);
  const bool ws = s.dataflow == 2 || s.dataflow == 5, is = s.dataflow == 3 || s.dataflow == 6;
  const Index tiled = is ? s.k : s.m, vectors = is ? s.m : s.k, tile = ws ? s.width : s.height;
  for (Index t0 = 0; t0 < tiled; t0 += tile) {
    const Index height = std::min(tile, tiled - t0);
    const auto element = [&](Index vector, Index e) -> std::uint64_t& {
      return is ? at(vector, t0 + e) : at(t0 + e, vector);
    };
    if (s.dataflow <= 3) {
      for (Index v = 0; v < vectors; ++v) {
        for (Index e = 0; e < height; ++e) element(v, e) = in.get(bits);
      }
    } else if (s.dataflow <= 6) {
      std::vector<Index> live;
      for (Index v = 0; v < vectors; ++v) {
        if (in.get(1) != 0) live.push_back(v);
      }
      std::vector<std::uint64_t*> there;
      for (const Index v : live) {
        for (Index e = 0; e < height; ++e) {
          if (in.get(1) != 0) there.push_back(&element(v, e));
        }
      }
      in.to_byte();
      for (std::uint64_t* value : there) *value = in.get(bits);
    } else {
      std::vector<std::vector<Index>> steps(in.get(32));
      for (auto& columns : steps) {
        columns.resize(in.get(bits_for(s.lanes + 1)));
        for (Index& column : columns) column = static_cast<Index>(in.get(bits_for(s.k)));
      }
      in.to_byte();
      std::vector<std::pair<Index, std::size_t>> weights;  // row, step
      for (std::size_t step = 0; step < steps.size(); ++step) {
        for (Index e = 0; e < height; ++e) {
          if (in.get(1) != 0) weights.emplace_back(e, step);
        }
      }
      in.to_byte();
      for (const auto& [row, step] : weights) {
        const auto lane = static_cast<std::size_t>(in.get(bits_for(s.lanes)));
        element(steps[step].at(lane), row) = in.get(bits);
      }
      in.to_byte();
    }
  }
  in.at_end();
  return a;
}

}  // namespace septet::support
