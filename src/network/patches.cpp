// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "patches.hpp"

#include "src/threads.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace septet::network {
namespace {

struct Loop {
  Index count, stride;
};

// The one stride of nested loops, outermost first, if each goes on where the one within it ends. Loops of one
// iteration have none.
std::optional<Index> joint_stride(std::initializer_list<Loop> loops) {
  std::optional<Loop> outer;
  for (const Loop& inner : loops) {
    if (inner.count == 1) continue;
    if (outer && outer->stride != inner.count * inner.stride) return {};
    outer = inner;
  }
  return outer ? outer->stride : Index{1};
}

}  // namespace

Patches::Patches(const Tensor& x, const Window& window, Index groups)
    : x_(x),
      window_(window),
      batch_(x.info().dim(0)),
      height_(x.info().dim(1)),
      width_(x.info().dim(2)),
      all_channels_(x.info().dim(3)),
      channels_(all_channels_ / groups),
      out_height_(window.out_height(height_)),
      out_width_(window.out_width(width_)),
      size_(size_of(x.info().type)),
      padding_(size_ == 1 ? x.info().quantisation.zero_point : 0) {}

bool Patches::reaches_padding() const {
  const auto last = [](Index outputs, Index stride, Index pad, Index elements, Index dilation) {
    return (outputs - 1) * stride - pad + (elements - 1) * dilation;
  };
  const Window& w = window_;
  return w.pad_top != 0 || w.pad_left != 0 ||  // negative: the image is cut
         last(out_height_, w.stride_h, w.pad_top, w.height, w.dilation_h) >= height_ ||
         last(out_width_, w.stride_w, w.pad_left, w.width, w.dilation_w) >= width_;
}

std::optional<ConstMatrix> Patches::view(Index group) const {
  if (reaches_padding()) return {};
  const Window& w = window_;
  const Index pixel = all_channels_, row = width_ * pixel, image = height_ * row;
  const auto along_k = joint_stride({{w.height, w.dilation_h * row}, {w.width, w.dilation_w * pixel}, {channels_, 1}});
  const auto along_n =
      joint_stride({{batch_, image}, {out_height_, w.stride_h * row}, {out_width_, w.stride_w * pixel}});
  if (!along_k || !along_n) return {};
  const auto* data = static_cast<const std::byte*>(x_.data()) + group * channels_ * size_;
  return ConstMatrix(data, x_.info().type, k(), n(), *along_k, *along_n);
}

std::byte* Patches::pad(Index elements, std::byte* to) const {
  const auto bytes = static_cast<std::size_t>(elements * size_);
  std::memset(to, padding_, bytes);
  return to + bytes;
}

// A row of the window that begins at column `left`, which may lie outside of the image.
std::byte* Patches::gather_row(const std::byte* row, Index left, std::byte* to) const {
  const auto copy = [&](Index column, Index elements) {
    const auto bytes = static_cast<std::size_t>(elements * size_);
    std::memcpy(to, row + column * all_channels_ * size_, bytes);
    to += bytes;
  };
  if (window_.dilation_w == 1 && channels_ == all_channels_) {  // one run
    const Index from = std::clamp(-left, Index{0}, window_.width);
    const Index until = std::clamp(width_ - left, from, window_.width);
    to = pad(from * channels_, to);
    if (until > from) copy(left + from, (until - from) * channels_);
    return pad((window_.width - until) * channels_, to);
  }
  for (Index j = 0; j < window_.width; ++j) {
    const Index column = left + j * window_.dilation_w;
    if (column >= 0 && column < width_) {
      copy(column, channels_);
    } else {
      to = pad(channels_, to);
    }
  }
  return to;
}

void Patches::gather_column(Index group, Index n, std::byte* to) const {
  const Index q = n % out_width_, p = n / out_width_ % out_height_, b = n / out_width_ / out_height_;
  const Index top = p * window_.stride_h - window_.pad_top, left = q * window_.stride_w - window_.pad_left;
  const auto* image =
      static_cast<const std::byte*>(x_.data()) + (b * height_ * width_ * all_channels_ + group * channels_) * size_;
  for (Index i = 0; i < window_.height; ++i) {
    const Index row = top + i * window_.dilation_h;
    to = row >= 0 && row < height_ ? gather_row(image + row * width_ * all_channels_ * size_, left, to)
                                   : pad(window_.width * channels_, to);
  }
}

ConstMatrix Patches::gather(Index group, Index n0, Index n1, std::byte* to) const {
  constexpr Index kColumns = 32;  // handed out together
  const Index count = n1 - n0;
  detail::SharedItems items((count + kColumns - 1) / kColumns);
  const double elements = static_cast<double>(count * k() * size_) / sizeof(float);
  detail::run_team({}, detail::thread_count({}, 0, elements), [&](int /*worker*/) {
    items.for_each([&](Index item) {
      const Index end = std::min(count, (item + 1) * kColumns);
      for (Index n = item * kColumns; n < end; ++n) gather_column(group, n0 + n, to + n * k() * size_);
    });
  });
  return {to, x_.info().type, k(), n1 - n0, 1, k()};
}

ConstMatrix Patches::gather_joined(Index groups, std::byte* to) const {
  const Index rows = groups * k();
  for (Index column = 0; column < n(); ++column) {
    for (Index group = 0; group < groups; ++group) {
      gather_column(group, column, to + (column * rows + group * k()) * size_);
    }
  }
  return {to, x_.info().type, rows, n(), 1, rows};
}

}  // namespace septet::network
