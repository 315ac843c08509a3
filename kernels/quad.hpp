// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Dense kernels that multiply bytes in groups of four (vpdpbusd: u8 by s8 into s32, no saturation), where the CPU has
// them. Elsewhere bytes are widened to s16 pairs.
//
// The instruction wants one unsigned and one signed operand, and no zero points. B is packed anyway, so it is B's sign
// that is turned, by 128; with a' = a and b' = b, b + 128 or b - 128, and the offsets oa, ob that make a' - oa and
// b' - ob the true factors, everything modulo 2^32:
//
//   sum (a' - oa) (b' - ob) = sum a' b' - ob sum a' - oa sum b' + K oa ob
// AMX multiplies any two (any_signs), and nothing is turned: b' = b.
#pragma once

#include "kernels/tile.hpp"

namespace septet::kernels {

struct QuadKernels {
  TileSet tiles[2][2];     ///< [A is signed][B is signed]
  bool any_signs = false;  ///< all four are there; else the two that differ
  TileSet dots[2];         ///< [A is signed], B of the other sign: tiles one column wide, vectors along k
  void (*pack)(const PanelCall&);
  /// Adds or takes 128 of every byte.
  void (*turn_sign)(void* bytes, Index count);
  /// sums[i] += the elements of row i of A (as in TileCall), `steps` quads; a panel of up to 16 rows, or rows whose
  /// quads follow each other.
  void (*row_sums)(const TileCall& call, Index rows, bool is_signed, std::int32_t* sums);
  /// c(i, j) += by_row[i] + by_col[j]; either may be null.
  void (*add)(void* c, Index c_row, Index rows, Index cols, const std::int32_t* by_row, const std::int32_t* by_col);
  /// To be called by every thread that has run tiles, when it is done; or null.
  void (*release)() = nullptr;
};

/// Of the target in use; null if it has none.
const QuadKernels* quad_kernels();
/// … for products that fill whole tiles; null if it has none.
const QuadKernels* large_quad_kernels();

}  // namespace septet::kernels
