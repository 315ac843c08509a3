// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Convolutions and fully connected layers on this CPU, with weights packed once and inputs read where they lie: the
// products' bits (execute_linear.cpp), without their copies. Rows of the products are outputs' positions, columns
// their channels.
//
//   for each block of positions x part of the channels      independent: shared among the threads
//     for each panel of weights
//       for each row of the window, a few hundred steps at a time
//         for each tile of positions: kernel                 the weights' part stays in the caches nearest by
//     bias, residual, activation or requantisation           while the block is in the second-level cache
#pragma once

#include "image_rows.hpp"
#include "septet/spmm.hpp"

#include <vector>

namespace septet::network {

class ImplicitGemm {
 public:
  /// Packs the weights. x and y: of f32 or of bytes; `window` 1 x 1 for a fully connected layer.
  ImplicitGemm(const Linear& linear, const Window& window, Index groups, const TensorInfo& x);

  /// Can the kernels of the target in use read these operands as they lie? Else run() is not to be called.
  bool readable() const;
  /// y <- the layer of x; f32: residual, if not null and of y's shape, is added before `activation`.
  void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const;
  Index packed_bytes() const;

 private:
  struct Call;
  void block(const Call& call, Index item, char* memory) const;

  const Linear& linear_;
  ImageRows rows_;
  Index groups_, outputs_, k_;  // outputs of a group
  Type type_;
  std::vector<PackedMatrix> weights_;  // of each group
  std::vector<std::int32_t> bias_;     // of bytes: with what the inputs' zero point adds
};

}  // namespace septet::network
