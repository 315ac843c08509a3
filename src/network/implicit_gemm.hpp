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
#include "kernels/tile.hpp"
#include "src/aligned_buffer.hpp"

#include <vector>

namespace septet::network {

class ImplicitGemm {
 public:
  /// A layer of f32 or of bytes.
  struct Shape {
    const Linear* linear;  ///< referred to
    Window window;         ///< 1 x 1 for a fully connected layer
    Index groups = 1;
    TensorInfo x;  ///< [b][h][w][c], or [b][c]
  };
  /// Can the kernels of the target in use read these operands as they lie?
  static bool readable(const Shape& shape);
  /// Can it be given an x with its border? Not where it has x copied for its channels.
  static bool takes_border(const Shape& shape);

  /// Packs the weights of what is readable, for the target in use. x_has_border: run()'s x comes with what the window
  /// reaches beyond it. y_border: around run()'s y, and left alone.
  ImplicitGemm(const Shape& shape, bool x_has_border, const Border& y_border);

  /// May run()'s y be its residual?
  bool adds_in_place(Activation activation) const;
  /// On the target of the constructor: y <- the layer of x; f32: residual, if not null and of y's shape, is added
  /// before `activation`.
  void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const;
  Index packed_bytes() const;

 private:
  struct Call;
  struct Block;
  // Positions whose outputs follow each other in y, as rows of a tile.
  struct Piece {
    Index row, size, place;
  };
  // A tile of positions. Of bytes, some of its rows may mean nothing.
  struct Slab {
    Index start;        // bytes, in what is read
    Index first, rows;  // of the block's sums
    Index n, place;     // f32: the first position, and where it lies in y
    std::vector<Piece> pieces;
  };
  // Steps that sums take in one visit: `runs` times `steps`, A's a_run bytes apart.
  struct Pass {
    Index offset;        // bytes, in what a position covers
    Index step0, steps;  // of k
    Index runs, a_run;
    bool first, last;
  };
  struct Ahead {
    const char* data;  // of these bytes
    Index bytes;
    const char* c;  // and the sums of the tile that comes next; or null
  };
  Call call_for(const Tensor* residual, Activation activation, Tensor& y) const;
  Index share_out(Call& call, int threads) const;  // the number of items
  void pad(const Tensor& x, char* to) const;
  void plan_passes();
  void cut();
  void cut_whole_tiles();
  std::vector<Piece> rows_of_line(Index line, bool wide) const;
  bool direct() const { return type_ == Type::f32; }  // y's elements are the sums
  void finish(const Call& call, const Block& block, const Slab& slab) const;
  Index place(Index n) const;  // of a position in y, whose border counts
  void pack_weights();
  std::vector<char> padded_weights() const;
  void take_bias(int zero_point);
  void block(const Call& call, const std::vector<Slab>& slabs, Index item, char* memory) const;
  bool keeps_weights() const;
  Index count_of_blocks(Index least) const;
  void by_slabs(const Call& call, const Block& block) const;
  void by_panels(const Call& call, const Block& block) const;
  void tile(const Call& call, const Block& block, const Pass& pass, Index m, std::size_t slab,
            const Ahead& ahead) const;

  const Linear* linear_;
  ImageRows rows_;
  Border y_border_;
  Index groups_, outputs_, k_;  // outputs of a group
  Type type_;
  Index steps_;  // of k: one element of f32, four bytes
  const kernels::TileSet* tiles_;
  Index width_;  // channels of a tile
  std::vector<std::vector<Slab>> blocks_;
  Index most_rows_ = 0;  // of a block
  std::vector<Pass> passes_;
  detail::AlignedBuffer weights_;   // [group][panel][step][kWidth], zeros behind the last channel
  std::vector<std::int32_t> bias_;  // of bytes: with what the inputs' zero point adds
};

}  // namespace septet::network
