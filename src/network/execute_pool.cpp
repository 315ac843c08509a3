// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pools: all channels of a window at once, so that the innermost loop runs along memory.
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"

#include <algorithm>

namespace septet::network {
namespace {

struct Image {
  Index batch, height, width, channels;
};
Image image_of(const Tensor& x) {
  const TensorInfo& info = x.info();
  return {info.dim(0), info.dim(1), info.dim(2), info.dim(3)};
}

// f(pixel) for the first channel of every element of window (p, q) of image b that is not padding, in rows, then
// columns; how many those are.
template <class T, class F>
Index for_each_in_window(const Window& window, const Image& image, const T* x, Index b, Index p, Index q, F&& f) {
  Index count = 0;
  for (Index i = 0; i < window.height; ++i) {
    const Index row = p * window.stride_h - window.pad_top + i * window.dilation_h;
    if (row < 0 || row >= image.height) continue;
    for (Index j = 0; j < window.width; ++j) {
      const Index column = q * window.stride_w - window.pad_left + j * window.dilation_w;
      if (column < 0 || column >= image.width) continue;
      f(x + ((b * image.height + row) * image.width + column) * image.channels);
      ++count;
    }
  }
  return count;
}

// f(b, p, q, its outputs) for every pixel.
template <class T, class F>
void for_each_pixel(const Image& out, T* to, F&& f) {
  for (Index b = 0; b < out.batch; ++b) {
    for (Index p = 0; p < out.height; ++p) {
      for (Index q = 0; q < out.width; ++q, to += out.channels) f(b, p, q, to);
    }
  }
}

// The greater one; a NaN beats all numbers, and of equal ones the first stays.
float greater(float a, float b) { return b > a || b != b ? b : a; }
template <class T>
T greater(T a, T b) {
  return b > a ? b : a;
}

template <class T>
void max_pool(const Window& window, const Tensor& x, Tensor& y) {
  const Image image = image_of(x);
  for_each_pixel(image_of(y), y.as<T>(), [&](Index b, Index p, Index q, T* to) {
    bool first = true;
    for_each_in_window(window, image, x.as<T>(), b, p, q, [&](const T* pixel) {
      if (first) std::copy(pixel, pixel + image.channels, to);
      for (Index c = 0; c < image.channels; ++c) to[c] = greater(to[c], pixel[c]);
      first = false;
    });
  });
}

template <class T>
void clamp_all(Tensor& y, int low, int high) {
  T* to = y.as<T>();
  const Index count = y.info().elements();
  for (Index i = 0; i < count; ++i) to[i] = static_cast<T>(std::clamp<int>(to[i], low, high));
}

// to[c] <- quotient(sum of the window's elements of channel c, how many they are) for every pixel of `out`. Sums start
// at 0 and take elements in the order of for_each_in_window().
template <class T, class Sum, class F>
void average(const Window& window, const Image& out, const Tensor& x, Tensor& y, F&& quotient) {
  const Image image = image_of(x);
  std::vector<Sum> sums(static_cast<std::size_t>(image.channels));
  for_each_pixel(out, y.as<T>(), [&](Index b, Index p, Index q, T* to) {
    std::fill(sums.begin(), sums.end(), Sum{0});
    const Index count = for_each_in_window(window, image, x.as<T>(), b, p, q, [&](const T* pixel) {
      for (Index c = 0; c < image.channels; ++c) sums[static_cast<std::size_t>(c)] += pixel[c];
    });
    for (const Sum sum : sums) *to++ = static_cast<T>(quotient(sum, static_cast<Sum>(count)));
  });
}

void average_floats(const Window& window, const Image& out, const Tensor& x, Tensor& y) {
  average<float, float>(window, out, x, y, [](float sum, float count) { return sum / count; });
}

// Ties away from 0.
std::int32_t rounded_quotient(std::int32_t sum, std::int32_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

// by / count, as a multiplier of its own, rounded down: one rescaling does both.
Multiplier divided(Multiplier by, Index count) {
  int bits = 0;  // floor(log2(count))
  while (count >> (bits + 1) != 0) ++bits;
  bits = std::min({bits, 32, 31 + by.shift});
  return {static_cast<std::int32_t>((std::int64_t{by.multiplier} << bits) / count), by.shift - bits};
}

}  // namespace

void execute(const MaxPool& op, const Operands& x, Tensor& y) {
  if (y.info().type == Type::f32) {
    max_pool<float>(op.window, *x[0], y);
    return activate(op.activation, y.as<float>(), y.info().elements());
  }
  with_bytes(y.info().type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    max_pool<T>(op.window, *x[0], y);
    clamp_all<T>(y, op.low, op.high);
  });
}

void execute(const AveragePool& op, const Operands& x, Tensor& y) {
  const Image out = image_of(y);
  if (y.info().type == Type::f32) {
    average_floats(op.window, out, *x[0], y);
    return activate(op.activation, y.as<float>(), y.info().elements());
  }
  with_bytes(y.info().type, [&](auto* tag) {
    average<std::remove_pointer_t<decltype(tag)>, std::int32_t>(
        op.window, out, *x[0], y, [&](std::int32_t sum, std::int32_t count) {
          return std::clamp(rounded_quotient(sum, count), op.low, op.high);
        });
  });
}

void execute(const Mean& /*op*/, const Operands& x, Tensor& y) {
  const Image image = image_of(*x[0]), out{image.batch, 1, 1, image.channels};
  Window whole;
  whole.height = image.height, whole.width = image.width;
  if (y.info().type == Type::f32) return average_floats(whole, out, *x[0], y);
  const Quantisation &from = x[0]->info().quantisation, &to = y.info().quantisation;
  const Multiplier by = divided(nearest_multiplier(double{from.scale} / double{to.scale}), image.height * image.width);
  const IntegerRange range = range_of(y.info().type);
  with_bytes(y.info().type, [&](auto* tag) {
    average<std::remove_pointer_t<decltype(tag)>, std::int32_t>(
        whole, out, *x[0], y, [&](std::int32_t sum, std::int32_t count) {
          return quantised(multiplied(sum - from.zero_point * count, by), to.zero_point, range);
        });
  });
}

}  // namespace septet::network
