// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions on this CPU without products, which would be as many as channels and one row high. The bits
// are theirs: sums start at 0 and take the window in order, with one rounding each (f32), padding as well.
#pragma once

#include "linear_epilogue.hpp"

namespace septet::network {

/// As many groups as inputs.
bool is_depthwise(const Convolution& op, const TensorInfo& x);
void convolve_depthwise(const Convolution& op, const Tensor& x, LinearTarget& target);

}  // namespace septet::network
