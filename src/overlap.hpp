// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Do two views touch a common byte? Decided by the elements they really address, not by the ranges they span, so
// that interleaved blocks of one buffer count as apart.
#pragma once

#include "septet/matrix_view.hpp"

namespace septet::detail {

/// True if some element of `x` and some element of `y` share a byte. Exact for any strides.
bool overlaps(const ConstMatrix& x, const ConstMatrix& y);

/// True if two different elements of `x` share a byte (a stride of 0, or rows that run into each other).
bool overlaps_itself(const ConstMatrix& x);

/// `count` views of one shape, the next `stride` elements after the last: the matrices of a batch.
struct RepeatedView {
  ConstMatrix first;
  Index count = 1;
  Index stride = 0;
};

/// True if some element of some view of `x` and some element of some view of `y` share a byte. Exact. Where the views
/// of a batch lie in any of the usual ways (one after the other, side by side in a larger matrix, in records), linear
/// in their number or better.
bool overlaps(const RepeatedView& x, const RepeatedView& y);

/// True if two different elements, of one view or of two, share a byte.
bool overlaps_itself(const RepeatedView& x);

}  // namespace septet::detail
