// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The kernel of depthwise convolutions with its operands in other roles: for an element of the window, its weights'
// gradients are the sums, dy the weights, and the positions of a row of outputs the taps.
#include "depthwise.hpp"
#include "kernels/dispatch.hpp"
#include "share.hpp"

#include <algorithm>

namespace septet::network {
namespace {

// S: of the sums. x has as many channels as there are outputs.
template <class S>
class DepthwiseGradient {
 public:
  DepthwiseGradient(const Window& window, const Tensor& x, const Tensor& dy)
      : window_(window),
        x_(x),
        dy_(dy),
        size_(size_of(x.info().type)),
        height_(x.info().dim(1)),
        width_(x.info().dim(2)),
        channels_(x.info().dim(3)),
        out_height_(window.out_height(height_)),
        out_width_(window.out_width(width_)),
        padding_(static_cast<std::size_t>(channels_ * size_),
                 static_cast<std::byte>(size_ == 1 ? x.info().quantisation.zero_point : 0)) {}

  /// dweight: [channels][window rows][window columns].
  void add_to(S* dweight) const {
    const Index taps = window_.height * window_.width, elements = dy_.info().elements();
    const int threads = threads_for(taps, elements * taps, elements);
    const void* kernels = kernels::PinnedTarget::in_use();
    share(taps, threads, [&](Index tap, int /*worker*/) {
      const kernels::PinnedTarget pinned(kernels);
      std::vector<S> sums(static_cast<std::size_t>(channels_));
      for (Index c = 0; c < channels_; ++c) sums[static_cast<std::size_t>(c)] = dweight[c * taps + tap];
      add_tap(tap / window_.width, tap % window_.width, sums);
      for (Index c = 0; c < channels_; ++c) dweight[c * taps + tap] = sums[static_cast<std::size_t>(c)];
    });
  }

 private:
  // Element (i, j) of the window: row by row of all images' outputs.
  void add_tap(Index i, Index j, std::vector<S>& sums) const {
    std::vector<const void*> pixels(static_cast<std::size_t>(out_width_));
    std::vector<S> start(sums.size()), numbers;
    const Type type = x_.info().type;
    const kernels::DepthwiseKernels& kernels = kernels::depthwise_kernels();
    const auto kernel = type == Type::f32 ? kernels.f32 : type == Type::u8 ? kernels.u8 : kernels.s8;
    for (Index row = 0; row < dy_.info().dim(0) * out_height_; ++row) {
      list_pixels(row, i, j, pixels.data());
      const S* slopes = slopes_of(row, numbers);
      start.swap(sums);
      remove_zero_point(slopes, start);
      kernel({pixels.data(), slopes, start.data(), sums.data(), 1, out_width_, channels_});
    }
  }

  void list_pixels(Index row, Index i, Index j, const void** pixels) const {
    const Index y = row % out_height_ * window_.stride_h - window_.pad_top + i * window_.dilation_h;
    const std::byte* line = x_.as<std::byte>() + (row / out_height_ * height_ + y) * width_ * channels_ * size_;
    for (Index q = 0; q < out_width_; ++q) {
      const Index column = q * window_.stride_w - window_.pad_left + j * window_.dilation_w;
      const bool inside = y >= 0 && y < height_ && column >= 0 && column < width_;
      pixels[q] = inside ? line + column * channels_ * size_ : padding_.data();
    }
  }

  // A row of dy as the kernel takes it; bytes less their zero point, in `numbers`.
  const S* slopes_of(Index row, std::vector<S>& numbers) const {
    const Index count = out_width_ * channels_;
    if constexpr (std::is_same_v<S, float>) {
      return dy_.as<float>() + row * count;
    } else {
      numbers.resize(static_cast<std::size_t>(count));
      const int zero_point = dy_.info().quantisation.zero_point;
      const auto widen = [&](const auto* bytes) {
        for (Index n = 0; n < count; ++n) numbers[static_cast<std::size_t>(n)] = bytes[n] - zero_point;
      };
      dy_.info().type == Type::u8 ? widen(dy_.as<std::uint8_t>() + row * count)
                                  : widen(dy_.as<std::int8_t>() + row * count);
      return numbers.data();
    }
  }

  // sum of (x - z) * dy = sum of x * dy, less z times the sum of dy; modulo 2^32.
  void remove_zero_point([[maybe_unused]] const S* slopes, [[maybe_unused]] std::vector<S>& sums) const {
    if constexpr (!std::is_same_v<S, float>) {
      const auto zero_point = static_cast<std::uint32_t>(x_.info().quantisation.zero_point);
      for (Index n = 0; n < out_width_ * channels_; ++n) {
        S& sum = sums[static_cast<std::size_t>(n % channels_)];
        sum = static_cast<S>(static_cast<std::uint32_t>(sum) - zero_point * static_cast<std::uint32_t>(slopes[n]));
      }
    }
  }

  Window window_;
  const Tensor &x_, &dy_;
  Index size_;  // bytes of an element of x
  Index height_, width_, channels_, out_height_, out_width_;
  std::vector<std::byte> padding_;  // a pixel of it
};

}  // namespace

void add_depthwise_weight_gradient(const Convolution& op, const Tensor& x, const Tensor& dy, Tensor& dweight) {
  const Index outputs_each = op.linear.outputs() / op.groups;
  Tensor repeated;
  if (outputs_each > 1) repeated = repeated_channels(x, outputs_each);
  const Tensor& channels = outputs_each > 1 ? repeated : x;
  if (x.info().type == Type::f32) return DepthwiseGradient<float>(op.window, channels, dy).add_to(dweight.as<float>());
  DepthwiseGradient<std::int32_t>(op.window, channels, dy).add_to(dweight.as<std::int32_t>());
}

}  // namespace septet::network
