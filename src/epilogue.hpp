// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Both ends of a sum: what it starts from, and what happens to it on the way to C (docs/dataflows.md, section 6).
//
//   alpha = 1:  sum <- preload, or round(beta * C), or 0
//   else:       sum <- 0;                                   at the end sum <- fma(alpha, sum, round(beta * C))
//   then        scale, bias, residual, activation, the caller's function; requantise or store (septet/epilogue.hpp)
//
// All of it in the accumulator type. A C of bf16 or f16 is widened where it is read, and rounded when it is written.
#pragma once

#include "kernels/epilogue.hpp"
#include "kernels/narrow.hpp"
#include "septet/gemm.hpp"

namespace septet::detail {

/// The two ends for one product. Works on tiles: `acc` is row-major, `ld` accumulators per row, of type
/// accumulator_of(c.type).
class TileEpilogue {
 public:
  TileEpilogue(const Matrix& c, const GemmOptions& options);

  /// C's elements can be the sums themselves: they have their type, and nothing happens to a sum at its end.
  bool plain() const { return plain_; }
  /// … and hold their start values already.
  bool starts_in_c() const { return options_.preload.data == nullptr && options_.beta == 1; }

  /// Fills the sums of C's block [m0, m1) x [n0, n1) with their start values, as a narrow accumulator keeps them.
  void begin(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const;
  /// Writes that block of C from its sums, which are used up.
  void end(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const;

 private:
  Matrix c_;
  GemmOptions options_;
  const kernels::EpilogueKernels* kernels_;
  bool unchanged_;  // nothing happens to a sum before the caller's function
  bool plain_;
  bool narrows_;
  bool starts_;               // sums start from something
  kernels::NarrowSum total_;  // what a sum is kept in at both ends
};

/// The options of the transposed product (B^T * A^T into C^T), as far as an epilogue knows them. Not with a function
/// of the caller's, which is promised tiles of C as they lie.
GemmOptions transposed_ends(GemmOptions options);

}  // namespace septet::detail
