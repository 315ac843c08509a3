// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "image_rows.hpp"

#include <cstring>

namespace septet::network {
namespace {

// How far beyond the image the last window reaches; not below 0.
Index beyond(Index outputs, Index stride, Index pad, Index elements, Index dilation, Index size) {
  return std::max<Index>(0, (outputs - 1) * stride - pad + (elements - 1) * dilation + 1 - size);
}

}  // namespace

Border border_of(const TensorInfo& x, const Window& w) {
  if (x.shape.size() != 4) return {};
  const Index height = x.dim(1), width = x.dim(2);
  return {w.pad_top, beyond(w.out_height(height), w.stride_h, w.pad_top, w.height, w.dilation_h, height), w.pad_left,
          beyond(w.out_width(width), w.stride_w, w.pad_left, w.width, w.dilation_w, width)};
}

bool ImageRows::fits(const TensorInfo& x, const Window& window, Index groups, Index unit) {
  return groups == 1 || ImageRows(x, window, groups, false).run() % unit == 0;
}

ImageRows::ImageRows(const TensorInfo& x, const Window& window, Index groups, bool has_border, Index unit)
    : window_(window), batch_(x.dim(0)), height_(1), width_(1), size_(size_of(x.type)), groups_(groups) {
  const bool image = x.shape.size() == 4;
  if (image) height_ = x.dim(1), width_ = x.dim(2);
  const Index all_channels = x.elements() / std::max<Index>(1, batch_ * height_ * width_);
  channels_ = all_channels / groups;
  out_height_ = window.out_height(height_), out_width_ = window.out_width(width_);
  const Border border = border_of(x, window);
  padded_ = !border.empty() && !has_border;
  padding_ = size_ == 1 ? x.quantisation.zero_point : 0;
  joined_ = window.width == 1 || (window.dilation_w == 1 && groups == 1);
  own_channels_ = channels_;
  if (run() % unit != 0) channels_ = (channels_ + unit - 1) / unit * unit, padded_ = true;
  pixel_ = channels_ * groups * size_;
  rows_ = height_ + border.top + border.bottom, row_ = (width_ + border.left + border.right) * pixel_;
  stretch_ = out_width_;
  if (out_height_ == 1 || window.stride_h * row_ == stretch_ * step()) {
    stretch_ *= out_height_;
    if (batch_ == 1 || rows_ * row_ == stretch_ * step()) stretch_ *= batch_;
  }
}

void ImageRows::copy_row(const Tensor& x, Index row, char* to) const {
  const Index b = row / rows_, i = row % rows_ - window_.pad_top;
  to += row * row_;
  if (i < 0 || i >= height_) {
    std::memset(to, padding_, static_cast<std::size_t>(row_));
    return;
  }
  const Index left = window_.pad_left * pixel_, inside = width_ * pixel_, own = own_channels_ * groups_ * size_;
  const char* from = x.as<char>() + (b * height_ + i) * width_ * own;
  if (own == pixel_) {
    std::memset(to, padding_, static_cast<std::size_t>(left));
    std::memcpy(to + left, from, static_cast<std::size_t>(inside));
    std::memset(to + left + inside, padding_, static_cast<std::size_t>(row_ - left - inside));
    return;
  }
  std::memset(to, padding_, static_cast<std::size_t>(row_));
  to += left;
  for (Index j = 0; j < width_; ++j, to += pixel_, from += own) {
    for (Index c = 0; c < own; ++c) to[c] = from[c];
  }
}

}  // namespace septet::network
