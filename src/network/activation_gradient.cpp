// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "activation_gradient.hpp"

#include "float_steps.hpp"
#include "septet/status.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::network {
namespace {

constexpr Index kBlock = 256;  // elements at a time: some vectors, on the stack

// out[j] <- 4^k * s(2^k z[j]) * s(-2^k z[j]), which is the derivative of sigmoid for k = 0, of tanh for k = 1. Both
// factors are accurate where 1 - s(z) would not be.
void sigmoid_slopes(float power, const float* z, double* out, Index count) {
  float rising[kBlock], falling[kBlock];
  for (Index j = 0; j < count; ++j) {
    rising[j] = power * z[j];
    falling[j] = -rising[j];
  }
  activate(Activation::sigmoid, rising, rising, count);
  activate(Activation::sigmoid, falling, falling, count);
  for (Index j = 0; j < count; ++j) out[j] = double{power} * power * rising[j] * falling[j];
}

// A z where the slope of gelu is the same f32, and its parts are numbers. Beyond 20 the distribution is 0 or 1 and the
// density's share 0, but not times infinity; around 0 the distribution is 1/2, but gelu(z) / z has few bits or none.
float limited(float z) {
  const float finite = z > 20 ? 20.0f : z < -20 ? -20.0f : z;
  return std::fabs(finite) < 0x1p-60f ? 0x1p-60f : finite;
}

void gelu_slopes(const float* z, double* out, Index count) {
  constexpr double kDensityAtZero = 0.39894228040143268;  // 1 / sqrt(2 pi)
  float inner[kBlock], activated[kBlock];
  double power[kBlock];
  for (Index j = 0; j < count; ++j) inner[j] = limited(z[j]);
  for (Index j = 0; j < count; ++j) power[j] = double{inner[j]} * inner[j] * -0.5;
  activate(Activation::gelu, inner, activated, count);
  exp_of_negatives(power, power, count);
  for (Index j = 0; j < count; ++j) {
    out[j] = double{activated[j]} / inner[j] + inner[j] * (kDensityAtZero * power[j]);
  }
}

void slopes(Activation activation, const float* z, double* out, Index count) {
  if (activation == Activation::gelu) return gelu_slopes(z, out, count);
  sigmoid_slopes(activation == Activation::tanh ? 2 : 1, z, out, count);
}

}  // namespace

void require_mask(Activation activation) {
  if (activation <= Activation::relu6) return;
  throw Error({Cause::bad_option, "activation",
               std::string("a fused ") + name(activation) + " has no gradient; make it a step of its own"});
}

void mask(Activation activation, const float* y, const float* dy, float* dz, Index count) {
  if (activation == Activation::none) {
    std::copy_n(dy, dz == dy ? 0 : count, dz);
    return;
  }
  const float top = activation == Activation::relu6 ? 6.0f : std::numeric_limits<float>::quiet_NaN();  // NaN: none
  for (Index j = 0; j < count; ++j) {
    const float slope = dy[j];  // read whether it is let through or not, so that this becomes vectors
    dz[j] = y[j] <= 0 || y[j] >= top ? 0.0f : slope;
  }
}

void activation_gradient(Activation activation, const float* z, const float* dy, float* dz, Index count) {
  if (activation <= Activation::relu6) return mask(activation, z, dy, dz, count);
  double slope[kBlock];
  for (Index first = 0; first < count; first += kBlock) {
    const Index block = std::min(kBlock, count - first);
    slopes(activation, z + first, slope, block);
    for (Index j = 0; j < block; ++j) dz[first + j] = static_cast<float>(dy[first + j] * slope[j]);
  }
}

// t is high + low, high an f32: e^t = e^high (1 + low), low so small that its square is nothing beside 2^-24. Below
// kEnd there are no f32 but 0.
void exp_of_negatives(const double* t, double* out, Index count) {
  constexpr double kEnd = -128;
  float high[kBlock];
  double low[kBlock];
  for (Index first = 0; first < count; first += kBlock) {
    const Index block = std::min(kBlock, count - first);
    for (Index j = 0; j < block; ++j) low[j] = std::max(t[first + j], kEnd);
    for (Index j = 0; j < block; ++j) {
      high[j] = static_cast<float>(low[j]);
      low[j] = low[j] - high[j];
    }
    kernels::epilogue_kernels().exp_f32(high, block);
    for (Index j = 0; j < block; ++j) out[first + j] = high[j] * (1 + low[j]);
  }
}

}  // namespace septet::network
