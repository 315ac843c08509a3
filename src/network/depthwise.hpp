// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions on this CPU without products, which would be as many as channels and one row high. The bits
// are theirs: sums start at 0 (gradients: where they are) and take the window (the positions) in order, with one
// rounding each (f32), padding as well.
#pragma once

#include "linear_epilogue.hpp"

namespace septet::network {

/// As many groups as inputs.
bool is_depthwise(const Convolution& op, const TensorInfo& x);
void convolve_depthwise(const Convolution& op, const Tensor& x, LinearTarget& target);
/// dweight <- dweight + its gradient, positions (image, row, column) ascending; f32, or s32 of bytes.
void add_depthwise_weight_gradient(const Convolution& op, const Tensor& x, const Tensor& dy, Tensor& dweight);

/// x, [images][rows][columns][channels], with every channel `times` times, one after the other.
Tensor repeated_channels(const Tensor& x, Index times);

}  // namespace septet::network
