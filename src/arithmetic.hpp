// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Integer helpers that several rooms need.
#pragma once

#include "septet/types.hpp"

namespace septet::detail {

/// a / b, rounded up; a >= 0, b >= 1, and any sizes of either.
constexpr Index ceil_div(Index a, Index b) { return a / b + (a % b != 0); }

/// Bytes that hold `bits` bits.
constexpr Index bytes_for_bits(Index bits) { return ceil_div(bits, 8); }

/// Bits of a field that tells `values` values apart: ceil(log2(values)), 0 for one value.
constexpr int bits_for(Index values) {
  int bits = 0;
  while ((Index{1} << bits) < values) ++bits;
  return bits;
}

/// a * b into `product`; false if it does not fit 64 bits.
inline bool multiply(Index a, Index b, Index& product) { return !__builtin_mul_overflow(a, b, &product); }

}  // namespace septet::detail
