// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels of batch normalisation that learns: rows of channels, a range of them. In f64, every
// operation rounded once, rows one after the other; results are rounded to f32 once.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

/// With h = (x - mean) * inverse; of every channel c, first <= c < last. Numbers per channel are those of channel 0 on.
struct BatchNormCall {
  const float* x = nullptr;   ///< rows x channels
  const float* dy = nullptr;  ///< as x
  float* out = nullptr;       ///< as x; may be x or dy
  Index rows = 0, channels = 0;
  Index first = 0, last = 0;
  const double *mean = nullptr, *inverse = nullptr;
  const float *gamma = nullptr, *beta = nullptr;
  const double *mean_slope = nullptr, *mean_product = nullptr;
  double *sums = nullptr, *products = nullptr;
};

struct BatchNormKernels {
  void (*add_up)(const BatchNormCall&) noexcept;       ///< sums += x
  void (*add_squares)(const BatchNormCall&) noexcept;  ///< sums += (x - mean)^2
  void (*add_slopes)(const BatchNormCall&) noexcept;   ///< sums += dy, products += dy * h
  void (*normalise)(const BatchNormCall&) noexcept;    ///< out <- h * gamma + beta
  /// out <- gamma * inverse * (dy - mean_slope - h * mean_product)
  void (*slope)(const BatchNormCall&) noexcept;
};

}  // namespace septet::kernels
