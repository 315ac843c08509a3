// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels of pools: a row of outputs, a range of their channels.
#pragma once

#include "septet/types.hpp"

namespace septet::kernels {

/// out[p][c] <- the greatest, the average or the sum of x[p][t][c] over the taps t in order, for first <= c < last,
/// where x[p * taps + t] points to a pixel's channels.
struct PoolCall {
  const void* const* x = nullptr;  ///< f32, s8 or u8
  void* out = nullptr;             ///< pixels x channels, of x's type; sums: s32
  const Index* counts = nullptr;   ///< averages: what the sums of each pixel are divided by, 1 to 2^23
  Index pixels = 0;
  Index taps = 0;  ///< at least 1
  Index channels = 0;
  Index first = 0, last = 0;
  int low = 0, high = 0;  ///< integers but sums are clamped to these
};

/// Greatest: a NaN beats all numbers, of NaNs the last stays, of equal ones the first. Sums start at 0; floats round
/// once per tap, integers have room. Averages of integers: ties away from 0.
struct PoolKernels {
  void (*greatest_f32)(const PoolCall&) noexcept;
  void (*greatest_s8)(const PoolCall&) noexcept;
  void (*greatest_u8)(const PoolCall&) noexcept;
  void (*average_f32)(const PoolCall&) noexcept;
  void (*average_s8)(const PoolCall&) noexcept;
  void (*average_u8)(const PoolCall&) noexcept;
  void (*sum_s8)(const PoolCall&) noexcept;
  void (*sum_u8)(const PoolCall&) noexcept;
};

}  // namespace septet::kernels
