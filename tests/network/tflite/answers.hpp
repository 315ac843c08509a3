// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The inputs and hashes of answers.py.
#pragma once

#include "septet/network/tensor.hpp"

namespace septet::support {

/// numbers(): 32 bits of a linear congruential generator for every element: its upper 8, or 24 as a float in [-8, 8).
inline void fill_with_numbers(network::Tensor& x, std::uint32_t state) {
  for (Index i = 0; i < x.info().elements(); ++i) {
    state = state * 1664525u + 1013904223u;
    if (x.info().type == Type::f32) {
      x.as<float>()[i] = (static_cast<float>(state >> 8) - 0x1p23f) * 0x1p-20f;
    } else {
      x.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(state >> 24);
    }
  }
}

/// FNV-1a, 64 bits.
inline std::uint64_t fnv(const network::Tensor& y) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < y.bytes(); ++i) value = (value ^ y.as<std::uint8_t>()[i]) * 0x100000001b3u;
  return value;
}

}  // namespace septet::support
