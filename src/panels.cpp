// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "panels.hpp"

#include "arithmetic.hpp"
#include "element.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

// One panel of `width` columns, `cols` apart. The inner loop runs along whichever stride is 1.
template <class T>
void fill_columns(const T* b, Index rows, Index width, Index row_stride, Index col_stride, int zero_point,
                  PackedElement<T>* out, Index cols) {
  if (col_stride == 1) {
    for (Index k = 0; k < rows; ++k) {
      PackedElement<T>* to = out + k * cols;
      const T* from = b + k * row_stride;
      for (Index j = 0; j < width; ++j) to[j] = packed_element(from[j], zero_point);
    }
  } else {
    for (Index j = 0; j < width; ++j) {
      for (Index k = 0; k < rows; ++k)
        out[k * cols + j] = packed_element(b[k * row_stride + j * col_stride], zero_point);
    }
  }
  for (Index k = 0; k < rows && width < cols; ++k) std::fill(out + k * cols + width, out + (k + 1) * cols, 0);
}

}  // namespace

void fill_panel(const ConstMatrix& b, int zero_point, Index cols, void* to) {
  with_type(b.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    fill_columns(static_cast<const T*>(b.data), b.rows, std::min(cols, b.cols), b.row_stride, b.col_stride, zero_point,
                 static_cast<PackedElement<T>*>(to), cols);
  });
}

Panels::Panels(const ConstMatrix& b, int zero_point, kernels::Packed packed, Index cols)
    : b_(b), zero_point_(zero_point), cols_(cols), count_(ceil_div(b.cols, cols)) {
  if (!multiply(b.rows * bytes_of(packed), cols, panel_bytes_)) throw std::bad_alloc();
  Index total = 0;
  if (!multiply(panel_bytes_, count_, total)) throw std::bad_alloc();
  bytes_ = AlignedBuffer(total);
}

void Panels::fill(Index p) const {
  ConstMatrix rest = b_;
  rest.data = static_cast<const std::byte*>(b_.data) + p * cols_ * b_.col_stride * size_of(b_.type);
  rest.cols = b_.cols - p * cols_;
  fill_panel(rest, zero_point_, cols_, bytes_.data() + p * panel_bytes_);
}

}  // namespace septet::detail
