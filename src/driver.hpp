// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Runs a Plan on the CPU: blocks, threads, and the loops around the strip kernels.
#pragma once

#include "epilogue.hpp"
#include "septet/explain.hpp"
#include "strips.hpp"

namespace septet::detail {

/// C <- epilogue(A * B in the plan's order). `a` is null where there is nothing to multiply (k = 0, alpha = 0).
/// Of `options`, threads, parallel_for and what a sum is kept in are used. With `instead`, nothing runs: it is filled
/// with what would. Throws std::bad_alloc, before C is touched.
void run(const Plan& plan, const StripSource* a, const PackedStorage* packed, const ConstMatrix& b, int b_zero_point,
         const TileEpilogue& epilogue, Type accumulator, const GemmOptions& options, Explanation* instead = nullptr);

}  // namespace septet::detail
