// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Convolutions and fully connected layers, of sparse weights or dense ones, on batches of images, innermost
// (image_blocks.hpp). An element of the window is a run of consecutive numbers, one for each image of a block: nothing
// is gathered, and padding is not multiplied.
//
//   for each block of images, for each output position      shared among the threads
//     for each strip of outputs                             as many rows of weights as share their columns best
//       for each live column: sums += weights x images      sums in registers
//       bias, residual, activation or requantisation
#pragma once

#include "image_blocks.hpp"
#include "implicit_gemm.hpp"
#include "septet/spmm.hpp"

#include <memory>

namespace septet::network {

/// Of weights that are 0: do they multiply?
enum class Zeros { skipped, kept };

class ImagesLayer {
 public:
  /// Refers to shape.linear. Null: not of these operands, not for so few images, or not on the target in use.
  static std::unique_ptr<ImagesLayer> make(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros);
  virtual ~ImagesLayer() = default;

  /// x, residual (f32, or null: nothing is added) and y: blocks of images.
  virtual void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const = 0;
  /// May y be the residual?
  virtual bool adds_in_place() const = 0;
  /// Of the weights: strips of rows (dense, bsr), or rows (csr); each class of outputs has its own.
  virtual Format format() const = 0;
  virtual Index packed_bytes() const = 0;
};

}  // namespace septet::network
