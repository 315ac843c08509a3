// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which elements of a window lie on the image, output by output: outputs alike in that are a class. Those in the middle
// are one, and each edge and corner has a few.
#pragma once

#include "septet/network/operators.hpp"

#include <utility>
#include <vector>

namespace septet::network {

class WindowTaps {
 public:
  /// x: [b][h][w][c], or [b][c] as an image of one pixel.
  WindowTaps(const TensorInfo& x, const Window& window);

  Index out_height() const { return static_cast<Index>(rows_.of.size()); }
  Index out_width() const { return static_cast<Index>(columns_.of.size()); }
  Index classes() const { return static_cast<Index>(rows_.ranges.size() * columns_.ranges.size()); }
  /// Elements of the window that classes meet, all together.
  Index taps() const { return rows_.taps() * columns_.taps(); }
  Index class_of(Index p, Index q) const {
    return rows_.of[static_cast<std::size_t>(p)] * static_cast<Index>(columns_.ranges.size()) +
           columns_.of[static_cast<std::size_t>(q)];
  }
  /// Pixels times channels before the first element that output (p, q) meets.
  Index base(Index p, Index q) const { return (rows_.base(p) * width_ + columns_.base(q)) * channels_; }
  /// f(k, from base() on) for every element k of the window and its channels that a class meets, ascending.
  template <class F>
  void for_each(Index of_class, F&& f) const {
    const auto across = static_cast<Index>(columns_.ranges.size());
    const auto [i0, i1] = rows_.ranges[static_cast<std::size_t>(of_class / across)];
    const auto [j0, j1] = columns_.ranges[static_cast<std::size_t>(of_class % across)];
    for (Index i = i0; i < i1; ++i) {
      for (Index j = j0; j < j1; ++j) {
        const Index k = (i * window_.width + j) * channels_;
        const Index at = ((i - i0) * window_.dilation_h * width_ + (j - j0) * window_.dilation_w) * channels_;
        for (Index c = 0; c < channels_; ++c) f(k + c, at + c);
      }
    }
  }

 private:
  // Rows of an image, or columns.
  struct Side {
    Side(Index in, Index out, Index taps, Index stride, Index dilation, Index pad);
    Index base(Index p) const {
      return p * stride - pad + ranges[static_cast<std::size_t>(of[static_cast<std::size_t>(p)])].first * dilation;
    }
    Index taps() const {
      Index sum = 0;
      for (const auto& [first, end] : ranges) sum += end - first;
      return sum;
    }
    Index stride, dilation, pad;
    std::vector<Index> of;                        // the class of each output
    std::vector<std::pair<Index, Index>> ranges;  // of each class: its elements of the window
  };

  Window window_;
  Index width_, channels_;
  Side rows_, columns_;
};

}  // namespace septet::network
