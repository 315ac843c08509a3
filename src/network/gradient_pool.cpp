// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pools backwards. A pixel of x adds up what the windows over it send, window after window in the order of outputs; an
// image's block of channels is one thread's.
#include "activation_gradient.hpp"
#include "gradient_operators.hpp"
#include "share.hpp"
#include "window_pixels.hpp"

#include <algorithm>

namespace septet::network {
namespace {

constexpr Index kChannels = 32;  // of a block

// The outputs of a window, and what of x each of them lies over.
struct Pool {
  Window window;
  Activation activation;
  const Tensor &x, &y, &dy;
  Tensor& dx;

  Index channels() const { return x.info().dim(3); }
  Index height() const { return x.info().dim(1); }
  Index width() const { return x.info().dim(2); }
};

// What a thread works with: of one window and one block of channels.
struct Worker {
  std::vector<Index> pixels;  // elements from the image's first
  float slopes[kChannels];    // dy, back through the activation
  float greatest[kChannels];
  std::int32_t taken[kChannels];  // which pixel that is
};

// f(image of x, image of dx, worker, channels), which adds worker.slopes to the pixels, for all windows of a block of
// an image; channels, and the pixels, from the block's first.
template <class F>
void for_windows(const Pool& pool, Index b, Index first, Worker& mine, const F& f) {
  const Index count = std::min(kChannels, pool.channels() - first), rows = pool.y.info().dim(1);
  const Index columns = pool.y.info().dim(2), image = pool.height() * pool.width() * pool.channels();
  const float* x = pool.x.as<float>() + b * image + first;
  float* dx = pool.dx.as<float>() + b * image + first;
  for (Index i = 0; i < image; i += pool.channels()) std::fill_n(dx + i, count, 0.0f);
  for (Index output = 0; output < rows * columns; ++output) {
    const Index at = (b * rows * columns + output) * pool.channels() + first;
    mine.pixels.clear();
    for_pixels_under(pool.window, pool.height(), pool.width(), output / columns, output % columns,
                     [&](Index pixel) { mine.pixels.push_back(pixel * pool.channels()); });
    mask(pool.activation, pool.y.as<float>() + at, pool.dy.as<float>() + at, mine.slopes, count);
    f(x, dx, mine, count);
  }
}

template <class F>
void share_images(const Pool& pool, const F& f) {
  require_mask(pool.activation);
  if (pool.dx.empty()) return;
  const Index blocks = (pool.channels() + kChannels - 1) / kChannels, pieces = pool.x.info().dim(0) * blocks;
  const Index operations = pool.y.info().elements() * pool.window.height * pool.window.width;
  const int threads = threads_for(pieces, operations, pool.x.info().elements());
  std::vector<Worker> workers(static_cast<std::size_t>(threads));
  share(pieces, threads, [&](Index piece, int worker) {
    for_windows(pool, piece / blocks, piece % blocks * kChannels, workers[static_cast<std::size_t>(worker)], f);
  });
}

// To the greatest element of each window: as the pool itself has chosen it, the first of equal ones, the last of NaNs.
void add_to_greatest(const float* x, float* dx, Worker& mine, Index count) {
  std::copy_n(x + mine.pixels[0], count, mine.greatest);
  std::fill_n(mine.taken, count, 0);
  for (std::size_t t = 1; t < mine.pixels.size(); ++t) {
    const float* values = x + mine.pixels[t];
    for (Index c = 0; c < count; ++c) {
      const float value = values[c], most = mine.greatest[c];
      const std::int32_t taken = mine.taken[c];
      const bool replaces = value > most || value != value;
      mine.greatest[c] = replaces ? value : most;
      mine.taken[c] = replaces ? static_cast<std::int32_t>(t) : taken;
    }
  }
  for (Index c = 0; c < count; ++c) dx[mine.pixels[static_cast<std::size_t>(mine.taken[c])] + c] += mine.slopes[c];
}

void add_shares(const float* /*x*/, float* dx, Worker& mine, Index count) {
  const auto size = static_cast<float>(mine.pixels.size());
  for (Index c = 0; c < count; ++c) mine.slopes[c] /= size;
  for (const Index pixel : mine.pixels) {
    for (Index c = 0; c < count; ++c) dx[pixel + c] += mine.slopes[c];
  }
}

}  // namespace

void backward(const MaxPool& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients) {
  share_images({op.window, op.activation, *x[0], y, dy, gradients.inputs[0]}, add_to_greatest);
}

void backward(const AveragePool& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients) {
  share_images({op.window, op.activation, *x[0], y, dy, gradients.inputs[0]}, add_shares);
}

void backward(const Mean& /*op*/, const Operands& x, const Tensor& /*y*/, const Tensor& dy, StepGradients& gradients) {
  Tensor& dx = gradients.inputs[0];
  if (dx.empty()) return;
  const Index channels = x[0]->info().dim(3), pixels = x[0]->info().dim(1) * x[0]->info().dim(2);
  const auto count = static_cast<float>(pixels);
  share_rows(dx.info().elements(), channels, 1, [&](Index i) {
    const float* slopes = dy.as<float>() + i / (channels * pixels) * channels;
    for (Index c = 0; c < channels; ++c) dx.as<float>()[i + c] = slopes[c] / count;
  });
}

}  // namespace septet::network
