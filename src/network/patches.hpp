// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The inputs of a convolution as the B of its products: B(k, n) is what element k of the window covers at output n.
//
//     k = ((i * window width) + j) * channels + c     row and column of the window, channel of the group
//     n = ((b * output rows) + p) * output columns + q
//
// Where two strides reach all of B in the image itself it is a view, and nothing is copied; otherwise columns are
// gathered (im2col), as many at a time as the caller has room for.
#pragma once

#include "septet/network/operators.hpp"

#include <cstddef>
#include <optional>

namespace septet::network {

class Patches {
 public:
  /// x: [b][h][w][c]; channels: of x, all groups.
  Patches(const Tensor& x, const Window& window, Index groups);

  Index k() const { return window_.height * window_.width * channels_; }
  Index n() const { return batch_ * out_height_ * out_width_; }

  /// B of a group without a copy. None if it takes one: padding is reached, or no two strides do.
  std::optional<ConstMatrix> view(Index group) const;
  /// Columns [n0, n1) of a group's B one after the other, k() elements each, in `to`.
  ConstMatrix gather(Index group, Index n0, Index n1, std::byte* to) const;
  /// All columns of all groups, one group's rows below the other's: B of their products joined into one.
  ConstMatrix gather_joined(Index groups, std::byte* to) const;

 private:
  bool reaches_padding() const;
  void gather_column(Index group, Index n, std::byte* to) const;
  std::byte* gather_row(const std::byte* row, Index left, std::byte* to) const;
  std::byte* pad(Index elements, std::byte* to) const;

  const Tensor& x_;
  Window window_;
  Index batch_, height_, width_, all_channels_;
  Index channels_;  // of a group
  Index out_height_, out_width_;
  Index size_;   // bytes of an element
  int padding_;  // each byte of a real 0
};

}  // namespace septet::network
