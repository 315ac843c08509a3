// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tensors with their images innermost, some dozens at a time: [block][h][w][c][image]. What a weight meets is then a
// run of consecutive elements whatever the window, its padding and its strides, and a block is an image of very many
// channels to whatever treats channels alike (cuda-convnet's order, c h w b, in pieces: Krizhevsky, arXiv 1404.5997,
// 2014).
#pragma once

#include "septet/network/tensor.hpp"

namespace septet::network {

/// The images of the last block that are none hold zeros, or what comes of them.
struct ImageBlocks {
  explicit ImageBlocks(const TensorInfo& x);

  Index batch;
  Index at_once;   ///< images of a block: whole vectors of f32, or lines of bytes
  Index count;     ///< of blocks
  Index elements;  ///< of an image

  /// Are there so many images that blocks could be quicker?
  bool worthwhile() const;
  /// The tensor's info as [count][h][w][c * at_once].
  static TensorInfo laid_out(TensorInfo info);
};

/// [batch][elements] to blocks, and back; of f32 or bytes.
void to_blocks(const ImageBlocks& blocks, const void* from, Index size, void* to);
void from_blocks(const ImageBlocks& blocks, const void* from, Index size, void* to);

}  // namespace septet::network
