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

}  // namespace septet::detail
