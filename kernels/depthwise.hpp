// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels of depthwise convolutions: a row of pixels, all their channels.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

/// sums[p][c] <- start[c], then for every tap t in order + weights[t][c] * x[p][t][c], where x[p * taps + t] points to
/// a pixel's channels. Floats: fused. Integers: modulo 2^32.
struct DepthwiseCall {
  const void* const* x = nullptr;  ///< f32, s8 or u8
  const void* weights = nullptr;   ///< f32 or s32: taps x channels
  const void* start = nullptr;     ///< f32 or s32: channels
  void* sums = nullptr;            ///< f32 or s32: pixels x channels
  Index pixels = 0;
  Index taps = 0;
  Index channels = 0;
};

struct DepthwiseKernels {
  void (*f32)(const DepthwiseCall&) noexcept;
  void (*s8)(const DepthwiseCall&) noexcept;
  void (*u8)(const DepthwiseCall&) noexcept;
};

}  // namespace septet::kernels
