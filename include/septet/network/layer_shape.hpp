// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Layers as their gradients see them: sizes, where a Product has no more than a matrix's.
#pragma once

#include "septet/network/network.hpp"

namespace septet::network {

/// A product with weights, of images: Y[b][p][q][o] = sum over the window and the inputs of o's group
/// (operators.hpp). A fully connected layer is one of images of 1 x 1.
struct ConvolutionShape {
  Index batch = 1, in_height = 1, in_width = 1;
  Index inputs = 1, outputs = 1, groups = 1;  ///< channels of all groups
  Window window;
  bool bias = false;
  Activation activation = Activation::none;  ///< behind the array; relu where sums of integers are clamped

  Index out_height() const { return window.out_height(in_height); }
  Index out_width() const { return window.out_width(in_width); }
};
/// m outputs from k inputs, n times.
inline ConvolutionShape fully_connected_shape(const Product& product) {
  ConvolutionShape shape;
  shape.batch = product.n, shape.inputs = product.k, shape.outputs = product.m;
  return shape;
}

/// What is no product.
struct VectorWork {
  Operator op;             ///< its constants count for nothing; of a window, the sizes
  Index operands = 1;      ///< of x elements each
  Index x = 0, y = 0;      ///< elements of an operand and of the output. An embedding bag's x: look-ups
  Index width = 1;         ///< y's last dimension: channels
  Type x_type = Type::s8;  ///< of an embedding bag: its table's
  Type y_type = Type::s8;
};

}  // namespace septet::network
