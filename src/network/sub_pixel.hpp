// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The data gradient of a convolution as a convolution of dy (sub-pixel form: Shi et al., "Is the deconvolution layer
// the same as a convolutional layer?", arXiv 1609.07009, 2016). Rows of x fall into as many phases as the stride is
// long; those of one phase have the same elements of the window at the same distances:
//
//     dx[stride * u + phase] = sum over elements i of the window of w[i] * dy[u + offset],
//     dilation * i = phase + pad - stride * offset
//
// and likewise columns. With all phases one behind the other as outputs it is one product,
//
//     A [(phases * inputs / groups) x (offsets * outputs / groups)] * patches of dy, per group,
//
// in which A is 0 where a phase has no element at an offset: the zeros that others put between the elements of dy are
// static ones of A. Phase by phase there are none.
#pragma once

#include "septet/network/operators.hpp"

#include <optional>
#include <vector>

namespace septet::network {

/// Along rows, or columns.
struct SubPixelAxis {
  Index stride = 1, dilation = 1, pad = 0, elements = 1;  ///< the convolution's
  Index first_phase = 0, phases = 1;                      ///< which are looked at
  Index first_offset = 0, step = 1, offsets = 0;  ///< of dy: first_offset + t * step, t < offsets; none: dx is 0

  /// The element of the window that phase first_phase + p has at offset t; none: A is 0.
  std::optional<Index> tap(Index p, Index t) const;
};
/// Of all phases from the first one on, or so many: the fewest offsets, evenly spaced, that have all their elements.
SubPixelAxis sub_pixel_axis(Index elements, Index stride, Index dilation, Index pad);
SubPixelAxis sub_pixel_axis(Index elements, Index stride, Index dilation, Index pad, Index first_phase, Index phases);

/// Both axes of a window, for an x of height x width. Phase (r, q) of rows and columns is r * columns.phases + q.
struct SubPixel {
  SubPixelAxis rows, columns;
  Index out_height = 0, out_width = 0;  ///< of a phase: ceil(size / stride)
  Window window;                        ///< over dy; padding may be negative where the convolution's exceeds its window

  Index phases() const { return rows.phases * columns.phases; }
  Index offsets() const { return rows.offsets * columns.offsets; }
};
/// With all phases that x has: a stride may be longer than it. Where no element meets x: with all that the stride has.
SubPixel sub_pixel(const Window& window, Index height, Index width);
/// Phase by phase: those that have elements.
std::vector<SubPixel> sub_pixel_phases(const Window& window, Index height, Index width);

/// A: [groups][phase][inputs / groups][row offset][column offset][outputs / groups] of the convolution's weights, as
/// the weights of a convolution of dy; zero points where there is no element.
Tensor sub_pixel_weights(const SubPixel& form, const Tensor& weight, Index groups);

}  // namespace septet::network
