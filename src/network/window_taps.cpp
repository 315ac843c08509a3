// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "window_taps.hpp"

#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::network {
namespace {

Index height_of(const TensorInfo& x) { return x.shape.size() == 4 ? x.dim(1) : 1; }
Index width_of(const TensorInfo& x) { return x.shape.size() == 4 ? x.dim(2) : 1; }

}  // namespace

WindowTaps::Side::Side(Index in, Index out, Index taps, Index s, Index d, Index p) : stride(s), dilation(d), pad(p) {
  for (Index output = 0; output < out; ++output) {
    const Index start = output * stride - pad;  // of the window
    const Index first = start < 0 ? detail::ceil_div(-start, dilation) : 0;
    const Index end = start < in ? std::min(taps, detail::ceil_div(in - start, dilation)) : 0;
    // A window in padding alone meets nothing.
    const std::pair<Index, Index> range = first < end ? std::pair(first, end) : std::pair(Index{0}, Index{0});
    const auto known = std::find(ranges.begin(), ranges.end(), range);
    of.push_back(known - ranges.begin());
    if (known == ranges.end()) ranges.push_back(range);
  }
}

WindowTaps::WindowTaps(const TensorInfo& x, const Window& w)
    : window_(w),
      width_(width_of(x)),
      channels_(x.dim(-1)),
      rows_(height_of(x), w.out_height(height_of(x)), w.height, w.stride_h, w.dilation_h, w.pad_top),
      columns_(width_of(x), w.out_width(width_of(x)), w.width, w.stride_w, w.dilation_w, w.pad_left) {}

}  // namespace septet::network
