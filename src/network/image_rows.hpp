// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The inputs of a convolution as the kernels of dense products read rows, without copies of the window (implicit GEMM:
// Chetlur et al., arXiv 1410.0759, 2014, section 3): output n covers a few runs of consecutive elements, one for each
// row of the window, at the same distances for every n.
//
//   element s of run t of output n:   data + start(n) + offset(t) + s * size
//
// Next to each other along an image's row, outputs are `step` bytes apart. Where the window reaches beyond the image,
// `data` is a copy of it with its padding around.
#pragma once

#include "septet/network/operators.hpp"

#include <algorithm>

namespace septet::network {

/// An image with room for padding around it: pixels of each side.
struct Border {
  Index top = 0, bottom = 0, left = 0, right = 0;

  bool empty() const { return top == 0 && bottom == 0 && left == 0 && right == 0; }
};
/// What a window reaches beyond an image.
Border border_of(const TensorInfo& x, const Window& window);

class ImageRows {
 public:
  /// x: [b][h][w][c], or [b][c] as an image of one pixel. has_border: what it is read from has border_of() it already;
  /// not of what is widened(). Runs that are to be a multiple of `unit` elements, and are not, have a copy of the
  /// images with more channels, whose elements are the padding's; of one group alone.
  ImageRows(const TensorInfo& x, const Window& window, Index groups, bool has_border, Index unit = 1);
  static bool fits(const TensorInfo& x, const Window& window, Index groups, Index unit);

  Index n() const { return batch_ * out_height_ * out_width_; }
  Index taps() const { return joined_ ? window_.height : window_.height * window_.width; }
  /// Elements of a run.
  Index run() const { return joined_ ? window_.width * channels_ : channels_; }
  Index channels() const { return channels_; }             ///< of a group, as they are read
  Index group_bytes() const { return channels_ * size_; }  ///< from one group's inputs to the next one's
  Index offset(Index tap) const {
    const Index i = joined_ ? tap : tap / window_.width, j = joined_ ? 0 : tap % window_.width;
    return i * window_.dilation_h * row_ + j * window_.dilation_w * pixel_;
  }
  /// Are runs the same distance apart, each from the one before?
  bool evenly() const { return joined_ || window_.height == 1; }
  /// From output to output of a stretch: stretch() outputs from every multiple of it on.
  Index step() const { return window_.stride_w * pixel_; }
  Index stretch() const { return stretch_; }
  /// Where neighbours down the image are a whole number of steps apart, that number: outputs of an image, and some that
  /// mean nothing, make up one line. 0: they are not.
  Index wide() const {
    const bool whole = window_.stride_h == 1 && window_.stride_w == 1 && stretch_ < out_height_ * out_width_;
    return whole ? row_ / pixel_ : 0;
  }
  Index batch() const { return batch_; }
  Index out_height() const { return out_height_; }
  Index out_width() const { return out_width_; }
  Index start(Index n) const {
    const Index q = n % out_width_, p = n / out_width_ % out_height_, b = n / out_width_ / out_height_;
    return (b * rows_ + p * window_.stride_h) * row_ + q * window_.stride_w * pixel_;
  }

  /// Are as many outputs from n on, step() apart, inside what is read, if only as numbers that mean nothing?
  bool reaches(Index n, Index count) const {
    const Index last =
        start(n) + (count - 1) * step() + offset(taps() - 1) + run() * size_ + (groups_ - 1) * group_bytes();
    return last <= batch_ * rows_ * row_;
  }
  /// Is a copy with more channels to be made?
  bool widened() const { return channels_ != own_channels_; }
  /// Is a copy of the images with their padding to be made?
  bool padded() const { return padded_; }
  Index padded_bytes() const { return padded_ ? batch_ * rows_ * row_ : 0; }
  /// Rows of all images with their padding; copies one of them into `to`, where all of them are.
  Index padded_rows() const { return batch_ * rows_; }
  void copy_row(const Tensor& x, Index row, char* to) const;

 private:
  Window window_;
  Index batch_, height_, width_, size_;
  Index channels_;      // of a group, in what the kernels read
  Index own_channels_;  // … and in the image
  Index groups_;
  Index rows_, row_, pixel_;  // rows of an image; bytes of one, and of a pixel, in what the kernels read
  Index out_height_, out_width_;
  Index stretch_;
  bool joined_;  // a window's row is one run
  bool padded_;
  int padding_;  // each byte of a real 0
};

}  // namespace septet::network
