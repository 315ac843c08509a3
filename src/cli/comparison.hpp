// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Two results, bit by bit.
#pragma once

#include "septet/matrix_view.hpp"

#include <optional>
#include <string>

namespace septet::cli {

/// The first element, row by row, where two matrices differ.
struct Difference {
  Index row = 0;
  Index col = 0;
  std::string left;  ///< the value; floats with their bits in hex
  std::string right;
};

/// Compares matrices of the same shape and type (f32, f64 or s32) bit for bit. A NaN equals any NaN: its payload and
/// sign are outside the contract.
std::optional<Difference> first_difference(const ConstMatrix& left, const ConstMatrix& right);

}  // namespace septet::cli
