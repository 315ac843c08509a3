// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "depthwise.hpp"

#include "kernels/dispatch.hpp"
#include "src/epilogue.hpp"
#include "src/threads.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

// S: of the sums. x has as many channels as there are outputs.
template <class S>
class Depthwise {
 public:
  Depthwise(const Convolution& op, const Tensor& x, LinearTarget& target)
      : window_(op.window),
        x_(x),
        size_(size_of(x.info().type)),
        height_(x.info().dim(1)),
        width_(x.info().dim(2)),
        channels_(x.info().dim(3)),
        out_height_(op.window.out_height(height_)),
        out_width_(op.window.out_width(width_)),
        rows_(x.info().dim(0) * out_height_),
        taps_(op.window.height * op.window.width),
        target_(target) {
    const int zero_point = x.info().quantisation.zero_point;
    padding_.assign(static_cast<std::size_t>(channels_ * size_), static_cast<std::byte>(size_ == 1 ? zero_point : 0));
    weights_.resize(static_cast<std::size_t>(taps_ * channels_));
    start_.assign(static_cast<std::size_t>(channels_), S{0});
    const Tensor& weight = *op.linear.weight;
    if constexpr (std::is_same_v<S, float>) {
      set_weights(weight.as<float>(), 0.0f);
    } else {
      const int own = weight.info().quantisation.zero_point;
      weight.info().type == Type::u8 ? set_weights(weight.as<std::uint8_t>(), own)
                                     : set_weights(weight.as<std::int8_t>(), own);
      set_start(zero_point);
    }
  }

  void run() const {
    const int threads = detail::thread_count({}, rows_ * out_width_ * channels_ * taps_);
    const Index row = out_width_ * channels_, pixels = out_width_ * taps_;
    std::vector<S> sums(static_cast<std::size_t>(threads * row));
    std::vector<const void*> pointers(static_cast<std::size_t>(threads * pixels));
    detail::SharedItems rows(rows_);
    const void* kernels = kernels::PinnedTarget::in_use();
    detail::run_team({}, threads, [&](int worker) {
      const kernels::PinnedTarget pinned(kernels);
      rows.for_each([&](Index i) { make_row(i, sums.data() + worker * row, pointers.data() + worker * pixels); });
    });
  }

 private:
  // Outputs innermost, as the kernel goes.
  template <class W>
  void set_weights(const W* weights, S zero_point) {
    for (Index c = 0; c < channels_; ++c) {
      for (Index t = 0; t < taps_; ++t) {
        weights_[static_cast<std::size_t>(t * channels_ + c)] = static_cast<S>(*weights++) - zero_point;
      }
    }
  }

  // The zero point of x: sum of (x - z) * w = sum of x * w, less z times the sum of w; modulo 2^32.
  void set_start(int zero_point) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const Index term = Index{weights_[i]} * zero_point;
      S& start = start_[i % start_.size()];
      start = static_cast<S>(static_cast<std::uint32_t>(start) - static_cast<std::uint32_t>(term));
    }
  }

  // Row `row` of all images' outputs.
  void make_row(Index row, S* sums, const void** pixels) const {
    list_pixels(row, pixels);
    const kernels::DepthwiseCall call{pixels, weights_.data(), start_.data(), sums, out_width_, taps_, channels_};
    const kernels::DepthwiseKernels& kernels = kernels::depthwise_kernels();
    const Type type = x_.info().type;
    (type == Type::f32 ? kernels.f32 : type == Type::u8 ? kernels.u8 : kernels.s8)(call);
    finish_row(row, sums);
  }

  // Where the window's pixels are, for every output of a row.
  void list_pixels(Index row, const void** pixels) const {
    const auto* image =
        static_cast<const std::byte*>(x_.data()) + row / out_height_ * height_ * width_ * channels_ * size_;
    const Index top = row % out_height_ * window_.stride_h - window_.pad_top;
    for (Index q = 0; q < out_width_; ++q) {
      const Index left = q * window_.stride_w - window_.pad_left;
      for (Index i = 0; i < window_.height; ++i) {
        const Index y = top + i * window_.dilation_h;
        for (Index j = 0; j < window_.width; ++j) {
          const Index x = left + j * window_.dilation_w;
          const bool inside = y >= 0 && y < height_ && x >= 0 && x < width_;
          *pixels++ = inside ? image + (y * width_ + x) * channels_ * size_ : padding_.data();
        }
      }
    }
  }

  // C by rows: positions down, outputs across.
  void finish_row(Index row, S* sums) const {
    Tensor& stored = target_.stored();
    const Type type = stored.info().type;
    const Matrix c(static_cast<std::byte*>(stored.data()) + row * out_width_ * channels_ * size_of(type), type,
                   out_width_, channels_, channels_, 1);
    GemmOptions options;
    options.epilogue = transposed(target_.epilogue(0, channels_, out_width_));
    const auto keep = target_.keeper(0, row * out_width_);
    const auto keep_transposed = [&](const MatrixView<std::int32_t>& tile, Index n, Index m) {
      keep(tile.transposed(), m, n);
    };
    if (target_.keeps()) options.epilogue.function = tile_function<std::int32_t>(keep_transposed);
    detail::TileEpilogue(c, options).end(0, out_width_, 0, channels_, sums, channels_);
  }

  Window window_;
  const Tensor& x_;
  Index size_;  // bytes of an element
  Index height_, width_, channels_, out_height_, out_width_;
  Index rows_;  // of all images' outputs
  Index taps_;
  LinearTarget& target_;
  std::vector<std::byte> padding_;  // a pixel of it
  std::vector<S> weights_, start_;
};

}  // namespace

Tensor repeated_channels(const Tensor& x, Index times) {
  TensorInfo info = x.info();
  const Index size = size_of(info.type), elements = info.elements();
  info.shape.back() *= times;
  Tensor result(info);
  const auto* from = static_cast<const std::byte*>(x.data());
  auto* to = static_cast<std::byte*>(result.data());
  for (Index i = 0; i < elements; ++i, from += size) {
    for (Index j = 0; j < times; ++j, to += size) std::memcpy(to, from, static_cast<std::size_t>(size));
  }
  return result;
}

bool is_depthwise(const Convolution& op, const TensorInfo& x) { return op.groups == x.dim(3) && op.groups > 1; }

void convolve_depthwise(const Convolution& op, const Tensor& x, LinearTarget& target) {
  const Index outputs_each = op.linear.outputs() / op.groups;
  Tensor repeated;
  if (outputs_each > 1) repeated = repeated_channels(x, outputs_each);
  const Tensor& channels = outputs_each > 1 ? repeated : x;
  if (x.info().type == Type::f32) return Depthwise<float>(op, channels, target).run();
  Depthwise<std::int32_t>(op, channels, target).run();
}

}  // namespace septet::network
