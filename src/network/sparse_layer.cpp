// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "sparse_layer.hpp"

#include "src/choose.hpp"
#include "src/threads.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

using detail::ceil_div;

// Gathered columns of B: half of a usual second-level cache, in whole panels for every thread.
constexpr Index kGathered = Index{1} << 20;
constexpr Index kPanel = 128;

Index columns_at_once(Index n, Index k, Index size, int threads) {
  const Index unit = kPanel * threads;
  const Index most = std::max(unit, kGathered / (k * size) / unit * unit);
  return std::min(n, ceil_div(ceil_div(n, ceil_div(n, most)), unit) * unit);
}

template <class T>
void copy_strided(const char* from, Index stride, Index count, char* to) {
  const T* elements = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (Index i = 0; i < count; ++i) out[i] = elements[i * stride];
}

template <class T>
void transpose_tile(const T* from, Index rows, Index cols, Index from_row, Index to_row, T* to) {
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) to[j * to_row + i] = from[i * from_row + j];
  }
}

template <class T>
void transpose_elements(const T* from, Index rows, Index cols, T* to) {
  constexpr Index kTile = 32;
  detail::SharedItems items(ceil_div(rows, kTile));
  detail::run_team({}, detail::thread_count({}, 0, static_cast<double>(rows * cols)), [&](int) {
    items.for_each([&](Index item) {
      const Index i = item * kTile, height = std::min(kTile, rows - i);
      for (Index j = 0; j < cols; j += kTile) {
        transpose_tile(from + i * cols + j, height, std::min(kTile, cols - j), cols, rows, to + j * rows + i);
      }
    });
  });
}

}  // namespace

void transpose(const void* from, Index rows, Index cols, Index size, void* to) {
  if (size == 1) {
    return transpose_elements(static_cast<const std::uint8_t*>(from), rows, cols, static_cast<std::uint8_t*>(to));
  }
  transpose_elements(static_cast<const std::uint32_t*>(from), rows, cols, static_cast<std::uint32_t*>(to));
}

PackedMatrix SparseLayer::quickest(const ImplicitGemm::Shape& shape, bool sparse_only) {
  const TensorInfo& info = shape.linear->weight->info();
  const Index m = info.dim(0), k = info.elements() / m;
  PackOptions options;
  options.zero_point = info.quantisation.zero_point;
  options.expected_cols = ImageRows(shape.x, shape.window, 1, false).n();
  const ConstMatrix a(shape.linear->weight->data(), info.type, m, k, k, 1);
  PackedMatrix packed = pack(a, options);
  if (!sparse_only || packed.format() != Format::dense) return packed;
  options.format = info.type == Type::f32 ? Format::tcsr : Format::csr;
  return pack(a, options);
}

SparseLayer::SparseLayer(const ImplicitGemm::Shape& shape, PackedMatrix weights)
    : linear_(shape.linear),
      window_(shape.window),
      x_(shape.x),
      batch_(x_.dim(0)),
      height_(x_.shape.size() == 4 ? x_.dim(1) : 1),
      width_(x_.shape.size() == 4 ? x_.dim(2) : 1),
      channels_(x_.dim(-1)),
      out_height_(window_.out_height(height_)),
      out_width_(window_.out_width(width_)),
      size_(size_of(x_.type)),
      padding_(size_ == 1 ? x_.quantisation.zero_point : 0),
      weights_(std::move(weights)) {
  const bool as_it_lies = window_.height == 1 && window_.width == 1 && window_.stride_h == 1 && window_.stride_w == 1 &&
                          out_height_ == height_ && out_width_ == width_;
  gathered_ = as_it_lies ? 0
                         : columns_at_once(n(), weights_.cols(), size_,
                                           detail::thread_count({}, n() * weights_.cols() * linear_->outputs()));
}

// Columns [n0, n1) of the row of B that element (i, j) of the window makes of a plane.
void SparseLayer::gather_row(const char* plane, Index i, Index j, Index n0, Index n1, char* to) const {
  const auto fill = [&](Index count) {
    std::memset(to, padding_, static_cast<std::size_t>(count * size_));
    to += count * size_;
  };
  const Window& w = window_;
  for (Index n = n0; n < n1;) {
    const Index q0 = n % out_width_, p = n / out_width_ % out_height_, b = n / out_width_ / out_height_;
    const Index q1 = std::min(out_width_, q0 + n1 - n);
    n += q1 - q0;
    const Index row = p * w.stride_h - w.pad_top + i * w.dilation_h, left = j * w.dilation_w - w.pad_left;
    if (row < 0 || row >= height_) {
      fill(q1 - q0);
      continue;
    }
    // Outputs whose column, q * stride + left, lies in the image.
    const Index first = std::clamp(ceil_div(std::max<Index>(0, -left), w.stride_w), q0, q1);
    const Index last = std::clamp(left >= width_ ? 0 : (width_ - 1 - left) / w.stride_w + 1, first, q1);
    fill(first - q0);
    const char* from = plane + ((b * height_ + row) * width_ + first * w.stride_w + left) * size_;
    if (w.stride_w == 1) {
      std::memcpy(to, from, static_cast<std::size_t>((last - first) * size_));
    } else if (size_ == 1) {
      copy_strided<std::uint8_t>(from, w.stride_w, last - first, to);
    } else {
      copy_strided<std::uint32_t>(from, w.stride_w, last - first, to);
    }
    to += (last - first) * size_;
    fill(q1 - last);
  }
}

void SparseLayer::gather(const Tensor& x, Index n0, Index n1, char* to) const {
  constexpr Index kRows = 16;  // handed out together
  const Index plane = batch_ * height_ * width_ * size_, taps = window_.height * window_.width;
  const Index k = taps * channels_, row_bytes = (n1 - n0) * size_;
  detail::SharedItems items(ceil_div(k, kRows));
  detail::run_team({}, detail::thread_count({}, 0, static_cast<double>(k * (n1 - n0))), [&](int) {
    items.for_each([&](Index item) {
      for (Index r = item * kRows; r < std::min(k, (item + 1) * kRows); ++r) {
        const Index tap = r / channels_, c = r % channels_;
        gather_row(x.as<char>() + c * plane, tap / window_.width, tap % window_.width, n0, n1, to + r * row_bytes);
      }
    });
  });
}

GemmOptions SparseLayer::options(const Tensor* residual, Activation activation, const Tensor& y, Index n0,
                                 Index n1) const {
  GemmOptions options;
  const Index m = linear_->outputs(), cols = n1 - n0;
  options.a_zero_point = linear_->weight->info().quantisation.zero_point;
  options.b_zero_point = x_.quantisation.zero_point;
  Epilogue& e = options.epilogue;
  if (y.info().type == Type::f32) {
    if (linear_->bias) e.bias = per_row(linear_->bias->as<float>(), m, cols);
    if (residual != nullptr) e.residual = ConstMatrix(residual->as<float>() + n0, Type::f32, m, cols, n(), 1);
    e.activation = activation;
    return options;
  }
  if (linear_->bias) e.bias = per_row(linear_->bias->as<std::int32_t>(), m, cols);
  Requantise& r = e.requantise;
  r.multiplier = per_row(linear_->multiplier.data(), m, cols), r.shift = per_row(linear_->shift.data(), m, cols);
  r.zero_point = y.info().quantisation.zero_point, r.rounding = linear_->rounding;
  r.low = linear_->low, r.high = linear_->high;
  return options;
}

void SparseLayer::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y,
                      std::byte* scratch) const {
  const Index m = linear_->outputs(), k = weights_.cols(), step = gathered_ == 0 ? n() : gathered_;
  for (Index n0 = 0; n0 < n(); n0 += step) {
    const Index n1 = std::min(n(), n0 + step);
    ConstMatrix b(x.data(), x_.type, k, n(), n(), 1);
    if (gathered_ > 0) {
      gather(x, n0, n1, reinterpret_cast<char*>(scratch));
      b = ConstMatrix(scratch, x_.type, k, n1 - n0, n1 - n0, 1);
    }
    auto* to = y.as<char>() + n0 * size_of(y.info().type);
    gemm(weights_, b, Matrix(to, y.info().type, m, n1 - n0, n(), 1), options(residual, activation, y, n0, n1));
  }
}

}  // namespace septet::network
