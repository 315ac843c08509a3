// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pools: rows of outputs, and blocks of their channels, shared among threads; the kernels take all of a window's pixels
// at once (kernels/pool.hpp).
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "float_steps.hpp"
#include "share.hpp"
#include "window_pixels.hpp"

#include <algorithm>
#include <vector>

namespace septet::network {
namespace {

constexpr Index kChannels = 512;  // of a block: what few rows with many channels are cut into

struct Image {
  Index batch, height, width, channels;
};
Image image_of(const Tensor& x) {
  const TensorInfo& info = x.info();
  return {info.dim(0), info.dim(1), info.dim(2), info.dim(3)};
}

// The pixels under a row of windows.
class Pixels {
 public:
  Pixels(const Window& window, const Image& out, const Tensor& x)
      : window_(window),
        out_(out),
        image_(image_of(x)),
        data_(x.as<std::byte>()),
        bytes_(image_.channels * size_of(x.info().type)),
        places_(static_cast<std::size_t>(out.width * taps())),
        counts_(static_cast<std::size_t>(out.width)) {}

  Index taps() const { return window_.height * window_.width; }
  /// taps() for each output, in rows, then columns. Behind those that are no padding comes `filler`, or, if that is
  /// null, the last of them again.
  const void* const* places() const { return places_.data(); }
  /// How many are no padding, for each output.
  const Index* counts() const { return counts_.data(); }

  void list(Index row, const void* filler) {
    const void** place = places_.data();
    for (Index q = 0; q < out_.width; ++q) {
      const void** first = place;
      place = list_window(row / out_.height, row % out_.height, q, place);
      counts_[static_cast<std::size_t>(q)] = place - first;
      const void* rest = filler != nullptr ? filler : place[-1];  // no window lies in padding alone
      place = std::fill_n(place, taps() - (place - first), rest);
    }
  }

 private:
  const void** list_window(Index b, Index p, Index q, const void** place) const {
    const Index image = b * image_.height * image_.width;
    for_pixels_under(window_, image_.height, image_.width, p, q,
                     [&](Index pixel) { *place++ = data_ + (image + pixel) * bytes_; });
    return place;
  }

  Window window_;
  Image out_, image_;
  const std::byte* data_;
  Index bytes_;  // of a pixel
  std::vector<const void*> places_;
  std::vector<Index> counts_;
};

// What a thread works with.
struct Worker {
  Pixels pixels;
  std::vector<std::int32_t> sums;  // of a row
};

// f(first output of a row of any image, call, worker) for every row and block of channels; the call lacks `out`.
template <class F>
void for_rows(const Window& window, const Image& out, const Tensor& x, const void* filler, Index sums, F&& f) {
  const Index blocks = (out.channels + kChannels - 1) / kChannels, pieces = out.batch * out.height * blocks;
  const Index row_size = out.width * out.channels;
  const Index operations = pieces * row_size / std::max<Index>(blocks, 1) * window.height * window.width;
  const int threads = threads_for(pieces, operations, x.info().elements());
  std::vector<Worker> workers(
      static_cast<std::size_t>(threads),
      Worker{Pixels(window, out, x), std::vector<std::int32_t>(static_cast<std::size_t>(sums))});
  share(pieces, threads, [&](Index piece, int worker) {
    Worker& mine = workers[static_cast<std::size_t>(worker)];
    mine.pixels.list(piece / blocks, filler);
    kernels::PoolCall call;
    call.x = mine.pixels.places(), call.counts = mine.pixels.counts();
    call.pixels = out.width, call.taps = mine.pixels.taps();
    call.channels = out.channels, call.first = piece % blocks * kChannels;
    call.last = std::min(call.first + kChannels, out.channels);
    f(piece / blocks * row_size, call, mine);
  });
}

using Kernel = void (*)(const kernels::PoolCall&) noexcept;
Kernel kernel_for(Type type, Kernel f32, Kernel s8, Kernel u8) {
  return type == Type::f32 ? f32 : type == Type::u8 ? u8 : s8;
}

// y <- what the kernel makes of windows; integers clamped, floats activated.
struct Ending {
  int low, high;
  Activation activation;
};
void pool(const Window& window, const Image& out, Kernel kernel, const void* filler, const Ending& ending,
          const Tensor& x, Tensor& y) {
  const Index size = size_of(y.info().type);
  for_rows(window, out, x, filler, 0, [&](Index at, kernels::PoolCall& call, const Worker& /*worker*/) {
    call.out = y.as<std::byte>() + at * size, call.low = ending.low, call.high = ending.high;
    kernel(call);
    if (y.info().type != Type::f32 || ending.activation == Activation::none) return;
    for (Index q = 0; q < out.width; ++q) {
      float* pixel = y.as<float>() + at + q * out.channels + call.first;
      activate(ending.activation, pixel, pixel, call.last - call.first);
    }
  });
}

// Sums start at 0: a pixel of zeros behind a window's own changes none.
std::vector<std::byte> zeros_for(const Tensor& x) {
  return std::vector<std::byte>(static_cast<std::size_t>(x.info().dim(3) * size_of(x.info().type)));
}

void average(const Window& window, const Image& out, const Ending& ending, const Tensor& x, Tensor& y) {
  const kernels::PoolKernels& kernels = kernels::pool_kernels();
  const Kernel kernel = kernel_for(y.info().type, kernels.average_f32, kernels.average_s8, kernels.average_u8);
  pool(window, out, kernel, zeros_for(x).data(), ending, x, y);
}

// by / count, as a multiplier of its own, rounded down: one rescaling does both.
Multiplier divided(Multiplier by, Index count) {
  int bits = 0;  // floor(log2(count))
  while (count >> (bits + 1) != 0) ++bits;
  bits = std::min({bits, 32, 31 + by.shift});
  return {static_cast<std::int32_t>((std::int64_t{by.multiplier} << bits) / count), by.shift - bits};
}

// Rescaled sums of what is above the zero point.
void mean_bytes(const Window& whole, const Image& out, const Tensor& x, Tensor& y) {
  const kernels::PoolKernels& kernels = kernels::pool_kernels();
  const Kernel sum = kernel_for(x.info().type, nullptr, kernels.sum_s8, kernels.sum_u8);
  const Quantisation &from = x.info().quantisation, &to = y.info().quantisation;
  const Index count = whole.height * whole.width;
  const Multiplier by = divided(nearest_multiplier(double{from.scale} / double{to.scale}), count);
  const auto zero = static_cast<std::int32_t>(from.zero_point * count);
  const IntegerRange range = range_of(y.info().type);
  for_rows(whole, out, x, nullptr, out.channels, [&](Index at, kernels::PoolCall& call, Worker& worker) {
    call.out = worker.sums.data();
    sum(call);
    for (Index c = call.first; c < call.last; ++c) {
      const std::int32_t above_zero = worker.sums[static_cast<std::size_t>(c)] - zero;
      y.as<std::uint8_t>()[at + c] =
          static_cast<std::uint8_t>(quantised(multiplied(above_zero, by), to.zero_point, range));
    }
  });
}

}  // namespace

void execute(const MaxPool& op, const Operands& x, Tensor& y) {
  const kernels::PoolKernels& kernels = kernels::pool_kernels();
  const Kernel kernel = kernel_for(y.info().type, kernels.greatest_f32, kernels.greatest_s8, kernels.greatest_u8);
  pool(op.window, image_of(y), kernel, nullptr, {op.low, op.high, op.activation}, *x[0], y);
}

void execute(const AveragePool& op, const Operands& x, Tensor& y) {
  average(op.window, image_of(y), {op.low, op.high, op.activation}, *x[0], y);
}

void execute(const Mean& /*op*/, const Operands& x, Tensor& y) {
  const Image image = image_of(*x[0]), out{image.batch, 1, 1, image.channels};
  Window whole;
  whole.height = image.height, whole.width = image.width;
  if (y.info().type == Type::f32) return average(whole, out, {0, 0, Activation::none}, *x[0], y);
  mean_bytes(whole, out, *x[0], y);
}

}  // namespace septet::network
