// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Two-stage bitmaps of narrow m-tiles against few columns: a matrix by a vector, first of all.
#pragma once

#include "epilogue.hpp"
#include "formats/storage.hpp"
#include "plan.hpp"
#include "septet/explain.hpp"

namespace septet::detail {

/// Whether multiply_expanded() takes this product: f32, tiles and columns that fit a vector, one chain per output, and
/// a target that has the kernels.
bool can_expand(const Plan& plan, const PackedStorage& a);

/// C <- epilogue(A * B) in the plan's order. With `instead`, nothing runs: it is filled with what would. Throws
/// std::bad_alloc, before C is touched.
void multiply_expanded(const Plan& plan, const PackedStorage& a, const ConstMatrix& b, const Matrix& c,
                       const GemmOptions& options, Explanation* instead);

}  // namespace septet::detail
