// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What batches and the caller's workspace add to the public edge.
#pragma once

#include "overlap.hpp"
#include "septet/gemm.hpp"

namespace septet::detail {

/// The operands of a batch. A single product is a batch of one.
struct Batch {
  Index count = 1;
  ConstMatrix a;
  Index a_stride = 0;
  ConstMatrix b;
  Index b_stride = 0;
  Matrix c;
  Index c_stride = 0;

  RepeatedView all_a() const { return {a, count, a_stride}; }
  RepeatedView all_b() const { return {b, count, b_stride}; }
  RepeatedView all_c() const { return {c, count, c_stride}; }
};

/// Of a batch of one or more.
Status validate_batch(const Batch& batch, const GemmOptions& options);

/// The workspace is there, and touches no operand; whether it suffices is seen where it is used. `a`: empty if
/// it is not dense.
Status validate_workspace(const RepeatedView& a, const RepeatedView& b, const RepeatedView& c,
                          const GemmOptions& options);

}  // namespace septet::detail
