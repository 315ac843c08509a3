// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Both ends of a sum: what it starts from, and what happens to it on the way to C (docs/dataflows.md, section 6).
//
//   alpha = 1:  sum <- preload, or round(beta * C), or 0
//   else:       sum <- 0;                                   at the end sum <- fma(alpha, sum, round(beta * C))
//   then        scale, bias, residual, activation, the caller's function; requantise or store (septet/epilogue.hpp)
#pragma once

#include "kernels/epilogue.hpp"
#include "septet/gemm.hpp"

namespace septet::detail {

/// The two ends for one product. Works on tiles: `acc` is row-major, `ld` accumulators per row, of type
/// accumulator_of(c.type).
class TileEpilogue {
 public:
  TileEpilogue(const Matrix& c, const GemmOptions& options);

  /// Fills the sums of C's block [m0, m1) x [n0, n1) with their start values.
  void begin(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const;
  /// Writes that block of C from its sums, which are used up.
  void end(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const;

  /// True if the sums start at 0.
  bool starts_at_zero() const { return starts_at_zero_; }
  /// True if end() does nothing but C <- sum, and C has the sums' type.
  bool plain() const { return plain_; }

 private:
  Matrix c_;
  GemmOptions options_;
  const kernels::EpilogueKernels* kernels_;
  bool starts_at_zero_;
  bool unchanged_;  // nothing happens to a sum before the caller's function
  bool plain_;
};

}  // namespace septet::detail
