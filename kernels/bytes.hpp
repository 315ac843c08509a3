// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the kernels that take quantised bytes element by element: to other quantisations, to and from floats,
// and added up (docs/network.md, sections 1 and 3).
#pragma once

#include "septet/types.hpp"

#include <limits>

namespace septet::kernels {

/// x times multiplier * 2^(shift - 31), under gemmlowp's two roundings; the multiplier is not negative.
struct Factor {
  std::int32_t multiplier = 0;
  std::int32_t shift = 0;  ///< -31 to 30
};

/// out[j] <- clamp((x[j] - from) * by + to, low, high), which are bytes' numbers; the product modulo 2^32.
struct RescaleCall {
  const void* x = nullptr;  ///< s8 or u8
  void* out = nullptr;      ///< s8 or u8
  Index count = 0;
  std::int32_t from = 0, to = 0;  ///< zero points
  Factor by;
  std::int32_t low = 0, high = 0;
};

/// out[j] <- clamp((a + b) * by + to, low, high) where a is ((x[0][j] - from[0]) * 2^20) * of[0], and b likewise. No
/// factor is above 1 (no shift above 0).
struct AddCall {
  const void* x[2] = {};  ///< of out's type, s8 or u8
  void* out = nullptr;
  Index count = 0;
  std::int32_t from[2] = {};
  Factor of[2];
  Factor by;
  std::int32_t to = 0, low = 0, high = 0;
};
constexpr int kAddFractionalBits = 20;

/// out[j] <- clamp(round(x[j] / scale) + to, low, high), the quotient an f32, ties away from 0; a NaN is `to`.
struct QuantiseCall {
  const float* x = nullptr;
  void* out = nullptr;  ///< s8 or u8
  Index count = 0;
  float scale = 1;
  std::int32_t to = 0, low = 0, high = 0;
};

/// out[j] <- scale * (x[j] - from), rounded once.
struct DequantiseCall {
  const void* x = nullptr;  ///< s8 or u8
  float* out = nullptr;
  Index count = 0;
  float scale = 1;
  std::int32_t from = 0;
};

/// By the type of the bytes that are read.
struct ByteKernels {
  void (*rescale_s8)(const RescaleCall&) noexcept;
  void (*rescale_u8)(const RescaleCall&) noexcept;
  void (*add_s8)(const AddCall&) noexcept;
  void (*add_u8)(const AddCall&) noexcept;
  void (*quantise)(const QuantiseCall&) noexcept;
  void (*dequantise_s8)(const DequantiseCall&) noexcept;
  void (*dequantise_u8)(const DequantiseCall&) noexcept;
};

}  // namespace septet::kernels
