// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where the sums of convolutions and fully connected layers go: through bias and requantisation, or bias and
// activation, into y; and before that, if somebody asks for them, into a tensor of sums.
//
//   integers: the product's own epilogue does all of it, and a function in it copies the sums
//   f32: with sums wanted the product makes those, and finish() makes y of them
#pragma once

#include "septet/epilogue.hpp"
#include "septet/network/operators.hpp"

namespace septet::network {

/// What a layer's products end with: a y of s32 (a gradient) is the sums. Rows are outputs from m0 on, columns
/// positions of the image.
Epilogue epilogue_of(const Linear& linear, const TensorInfo& y, Index m0, Index rows, Index cols);

class LinearTarget {
 public:
  /// sums: null, or becomes the sums, of y's shape.
  LinearTarget(const Linear& linear, Tensor& y, Tensor* sums);

  /// What the products write.
  Tensor& stored() { return stores_sums_ ? *sums_ : y_; }
  /// Rows are outputs from m0 on, columns positions of the image. Without the function that keeps sums.
  Epilogue epilogue(Index m0, Index rows, Index cols) const;
  /// Is such a function wanted? keeper() is it, of a block that begins at output m0, position n0.
  bool keeps() const { return sums_ != nullptr && !stores_sums_; }
  auto keeper(Index m0, Index n0) const {
    std::int32_t* to = keeps() ? sums_->as<std::int32_t>() + n0 * outputs_ + m0 : nullptr;
    return [to, ld = outputs_](const MatrixView<std::int32_t>& tile, Index m, Index n) {
      for (Index i = 0; i < tile.rows; ++i) {
        for (Index j = 0; j < tile.cols; ++j) to[(n + j) * ld + m + i] = tile(i, j);
      }
    };
  }
  void finish();

 private:
  const Linear& linear_;
  Tensor& y_;
  Tensor* sums_;
  Index outputs_;
  bool is_integer_;
  bool stores_sums_;
};

/// The same with rows and columns exchanged.
Epilogue transposed(Epilogue epilogue);

}  // namespace septet::network
