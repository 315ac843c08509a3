// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "depthwise.hpp"

#include "src/epilogue.hpp"
#include "src/threads.hpp"

#include <cmath>

namespace septet::network {
namespace {

float multiply_add(float x, float y, float sum) { return std::fma(x, y, sum); }
std::int32_t multiply_add(std::int32_t x, std::int32_t y, std::int32_t sum) {  // modulo 2^32
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                   static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(y));
}

// X: elements of x, W: of the weights, S: of sums.
template <class X, class W, class S>
class Depthwise {
 public:
  Depthwise(const Convolution& op, const Tensor& x, LinearTarget& target)
      : window_(op.window),
        x_(x.as<X>()),
        zero_point_(static_cast<S>(x.info().quantisation.zero_point)),
        height_(x.info().dim(1)),
        width_(x.info().dim(2)),
        channels_(x.info().dim(3)),
        outputs_(op.linear.outputs()),
        out_height_(op.window.out_height(height_)),
        out_width_(op.window.out_width(width_)),
        rows_(x.info().dim(0) * out_height_),
        padding_(static_cast<std::size_t>(channels_), static_cast<X>(zero_point_)),
        target_(target) {
    // Outputs innermost, as the inner loop goes.
    const Tensor& weight = *op.linear.weight;
    const Index taps = window_.height * window_.width;
    weights_.resize(static_cast<std::size_t>(taps * outputs_));
    for (Index o = 0; o < outputs_; ++o) {
      for (Index t = 0; t < taps; ++t) {
        weights_[t * outputs_ + o] =
            static_cast<S>(weight.as<W>()[o * taps + t]) - static_cast<S>(weight.info().quantisation.zero_point);
      }
    }
  }

  void run() const {
    const Index taps = window_.height * window_.width;
    const int threads = detail::thread_count({}, rows_ * out_width_ * outputs_ * taps);
    std::vector<S> sums(static_cast<std::size_t>(threads * out_width_ * outputs_));
    detail::SharedItems rows(rows_);
    detail::run_team({}, threads, [&](int worker) {
      rows.for_each([&](Index row) { make_row(row, sums.data() + worker * out_width_ * outputs_); });
    });
  }

 private:
  // Row `row` of all images' outputs.
  void make_row(Index row, S* sums) const {
    const X* image = x_ + row / out_height_ * height_ * width_ * channels_;
    const Index top = row % out_height_ * window_.stride_h - window_.pad_top;
    for (Index q = 0; q < out_width_; ++q) add_window(image, top, q, sums + q * outputs_);
    // C by rows: positions down, outputs across.
    Tensor& stored = target_.stored();
    const Matrix c(static_cast<std::byte*>(stored.data()) + row * out_width_ * outputs_ * size_of(stored.info().type),
                   stored.info().type, out_width_, outputs_, outputs_, 1);
    GemmOptions options;
    options.epilogue = transposed(target_.epilogue(0, outputs_, out_width_));
    const auto keep = target_.keeper(0, row * out_width_);
    const auto keep_transposed = [&](const MatrixView<std::int32_t>& tile, Index n, Index m) {
      keep(tile.transposed(), m, n);
    };
    if (target_.keeps()) options.epilogue.function = tile_function<std::int32_t>(keep_transposed);
    detail::TileEpilogue(c, options).end(0, out_width_, 0, outputs_, sums, outputs_);
  }

  void add_window(const X* image, Index top, Index q, S* sums) const {
    const Index left = q * window_.stride_w - window_.pad_left, multiplier = outputs_ / channels_;
    std::fill(sums, sums + outputs_, S{0});
    const S* weights = weights_.data();
    for (Index i = 0; i < window_.height; ++i) {
      for (Index j = 0; j < window_.width; ++j, weights += outputs_) {
        const Index row = top + i * window_.dilation_h, column = left + j * window_.dilation_w;
        const bool inside = row >= 0 && row < height_ && column >= 0 && column < width_;
        add_tap(inside ? image + (row * width_ + column) * channels_ : padding_.data(), weights, multiplier, sums);
      }
    }
  }

  void add_tap(const X* x, const S* weights, Index multiplier, S* sums) const {
    if (multiplier == 1) {
      for (Index c = 0; c < channels_; ++c) {
        sums[c] = multiply_add(static_cast<S>(x[c]) - zero_point_, weights[c], sums[c]);
      }
      return;
    }
    for (Index o = 0; o < outputs_; ++o) {
      sums[o] = multiply_add(static_cast<S>(x[o / multiplier]) - zero_point_, weights[o], sums[o]);
    }
  }

  Window window_;
  const X* x_;
  S zero_point_;
  Index height_, width_, channels_, outputs_, out_height_, out_width_;
  Index rows_;              // of all images' outputs
  std::vector<X> padding_;  // a pixel of it
  std::vector<S> weights_;  // less their zero point
  LinearTarget& target_;
};

}  // namespace

bool is_depthwise(const Convolution& op, const TensorInfo& x) { return op.groups == x.dim(3) && op.groups > 1; }

void convolve_depthwise(const Convolution& op, const Tensor& x, LinearTarget& target) {
  const bool u8_weights = op.linear.weight->info().type == Type::u8;
  if (x.info().type == Type::f32) return Depthwise<float, float, float>(op, x, target).run();
  const auto with_weights = [&](auto w) {
    using W = decltype(w);
    if (x.info().type == Type::u8) {
      Depthwise<std::uint8_t, W, std::int32_t>(op, x, target).run();
    } else {
      Depthwise<std::int8_t, W, std::int32_t>(op, x, target).run();
    }
  };
  if (u8_weights) {
    with_weights(std::uint8_t{});
  } else {
    with_weights(std::int8_t{});
  }
}

}  // namespace septet::network
