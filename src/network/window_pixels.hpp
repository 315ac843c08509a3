// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/network/operators.hpp"

namespace septet::network {

/// f(pixel) for the pixels of an image, row * width + column, that lie under the window at output (p, q): along rows,
/// then columns. Padding is left out.
template <class F>
void for_pixels_under(const Window& window, Index height, Index width, Index p, Index q, F&& f) {
  for (Index i = 0; i < window.height; ++i) {
    const Index row = p * window.stride_h - window.pad_top + i * window.dilation_h;
    if (row < 0 || row >= height) continue;
    for (Index j = 0; j < window.width; ++j) {
      const Index column = q * window.stride_w - window.pad_left + j * window.dilation_w;
      if (column >= 0 && column < width) f(row * width + column);
    }
  }
}

}  // namespace septet::network
