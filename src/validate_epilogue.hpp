// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue's part of the public edge.
#pragma once

#include "overlap.hpp"
#include "septet/gemm.hpp"

namespace septet::detail {

/// Options of the epilogue against each other, the sums' type and C's shape and type (C is validated but for its
/// type). Reads the shifts and scales of a requantisation.
Status validate_epilogue(Type accumulator, const Matrix& c, const GemmOptions& options);
/// C, all of a batch, touches none of the (validated) epilogue's operands.
Status validate_epilogue_overlap(const RepeatedView& c, const Epilogue& epilogue, const char* argument = "c");

/// What a requantised output may be.
struct OutputRange {
  std::int32_t low, high;
};
OutputRange output_range(const Requantise& requantise, Type type);
/// True if sums may be requantised to this type.
bool is_requantised(Type type);

}  // namespace septet::detail
