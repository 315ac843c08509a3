// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products so small that finding out whether they are valid and how to block them would take as long as the product: a
// glance, then tiles straight over the operands, on the caller's thread.
#pragma once

#include "kernels/dispatch.hpp"
#include "septet/gemm.hpp"
#include "validate_batch.hpp"

namespace septet::detail {

/// A plain product of floats with C's columns and B's columns contiguous: shape and strides, ready to run on any
/// operands of that shape.
class SmallProduct {
 public:
  /// False: not of this kind, or not small. Reads the shapes, types and strides of the three, and nothing else.
  static bool fits(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);

  /// Of operands that fit; of a validated call, or of an obviously_valid() one.
  SmallProduct(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
  void run(const void* a, const void* b, void* c) const;

 private:
  void column(kernels::TileCall& call, const char* a, char* c, int vectors) const;

  const kernels::TileSet* tiles_;
  int m_, n_, size_;
  kernels::TileCall call_;
};

/// True for a dense product, small or not, that needs no closer look to be seen as valid: everything usual.
bool obviously_valid(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);

/// Computes an obviously_valid() product if it is one of floats that is small, or shallow and so narrow or low that it
/// is a batch of small ones; else false. For those who have looked at theirs themselves: sizes and strides below 2^20,
/// B and C rows one after the other, plain options; overlaps are then their affair.
bool run_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
/// How it would do that; null if it would not.
const char* explain_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);

/// A batch of small products: one kernel that loops over them where there is one for their shape and layout, else a
/// SmallProduct each.
class SmallBatch {
 public:
  /// Of operands that fit a SmallProduct.
  SmallBatch(const Batch& batch, const GemmOptions& options);
  /// Products [begin, end).
  void run(Index begin, Index end) const;

 private:
  SmallProduct product_;
  kernels::ItemsKernel kernel_ = nullptr;
  kernels::ItemsCall call_;
};

/// True for the batch of an obviously_valid() product that needs no closer look either.
bool obviously_apart(const Batch& batch);

}  // namespace septet::detail
