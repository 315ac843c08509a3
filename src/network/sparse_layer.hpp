// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Convolutions and fully connected layers with sparse weights on this CPU. An element of the weights meets a row of B,
// so that images lie channel by channel (planes): [c][b][h][w], and B's rows are pieces of theirs. What a 1 x 1 window
// covers is the image itself; for others some columns of B at a time are gathered into the second-level cache.
#pragma once

#include "implicit_gemm.hpp"
#include "septet/gemm.hpp"

namespace septet::network {

class SparseLayer {
 public:
  /// In the sparse format that is expected to be the quickest for these weights.
  static PackedMatrix quickest(const ImplicitGemm::Shape& shape);

  /// Refers to shape.linear. One group.
  SparseLayer(const ImplicitGemm::Shape& shape, PackedMatrix weights);

  /// x, residual (or null: nothing is added; f32) and y: planes. `scratch`: scratch_bytes().
  void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y, std::byte* scratch) const;
  Index scratch_bytes() const;
  /// May y be the residual?
  bool adds_in_place() const;
  const PackedMatrix& weights() const { return weights_; }

 private:
  // Is x to be copied, for its border or its columns' order?
  bool is_laid_out() const { return gathered_ > 0 && (!border_.empty() || window_.stride_w > 1); }
  Index column_of(Index column) const;
  void lay_row(const char* from, char* to) const;
  void pad_planes(const Tensor& x, char* to) const;
  void gather(const char* planes, Index n0, Index n1, char* to) const;
  struct Piece {
    Index offset, bytes;  // from a tap's first element
  };
  Index list_pieces(Index n0, Index n1, Piece* pieces) const;
  void copy_pieces(const Piece* pieces, Index count, const char* from, char* to) const;
  Index plane_bytes() const;
  Index padded_bytes() const;
  class Columns;
  const char* tap_of(const char* planes, Index k) const;
  bool collects() const;  // B's elements, panel by panel
  GemmOptions options(const Tensor* residual, Activation activation, const Tensor& y, Index n0, Index n1) const;

  const Linear* linear_;
  Window window_;
  TensorInfo x_;
  Index n() const { return batch_ * out_height_ * out_width_; }

  Index batch_, height_, width_, channels_, out_height_, out_width_, size_;
  int padding_;  // each byte of a real 0
  Border border_;
  Index padded_height_, padded_width_;
  std::vector<bool> met_rows_, met_columns_;  // by the window, of each stride
  PackedMatrix weights_;
  Index gathered_;  // columns of B at a time; 0: the planes are B
};

/// [rows][cols] elements of `size` bytes, 1 or 4, to [cols][rows].
void transpose(const void* from, Index rows, Index cols, Index size, void* to);

}  // namespace septet::network
