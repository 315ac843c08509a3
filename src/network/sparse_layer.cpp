// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "sparse_layer.hpp"

#include "linear_epilogue.hpp"
#include "src/choose.hpp"
#include "src/sparse.hpp"
#include "src/threads.hpp"
#include "src/validate.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace septet::network {
namespace {

using detail::ceil_div;

// Bytes of gathered columns of B: half of a usual second-level cache.
constexpr Index kGathered = Index{1} << 20;

// Whole rows of the image, `width` columns each.
Index columns_at_once(Index n, Index width, Index k, Index size) {
  const Index rows = n / width, most = std::max<Index>(1, kGathered / (k * size) / width);
  return ceil_div(rows, ceil_div(rows, most)) * width;
}

// In pieces that overlap: a call of memcpy() for every few elements costs more than they do.
inline void copy_run(const char* from, Index bytes, char* to) {
  constexpr Index kPiece = 16, kLong = 64;
  if (bytes < kPiece || bytes > kLong) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
    return;
  }
  for (Index i = 0; i + kPiece <= bytes; i += kPiece) std::memcpy(to + i, from + i, kPiece);
  std::memcpy(to + bytes - kPiece, from + bytes - kPiece, kPiece);
}

// Elements 0 … count - 1, columns `first` and up of a row of stride * per_phase, to their places.
template <class T>
void deal_out(const T* from, Index count, Index first, const std::vector<bool>& phases, Index per_phase, char* to) {
  T* const row = reinterpret_cast<T*>(to);
  const auto stride = static_cast<Index>(phases.size());
  for (Index phase = 0; phase < stride; ++phase) {
    if (!phases[static_cast<std::size_t>(phase)]) continue;
    // The first column of this phase that is there.
    const Index begin = first + (phase - first % stride + stride) % stride;
    T* out = row + phase * per_phase + begin / stride;
    for (Index i = begin - first; i < count; i += stride) *out++ = from[i];
  }
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

PackedMatrix SparseLayer::quickest(const ImplicitGemm::Shape& shape) {
  const TensorInfo& info = shape.linear->weight->info();
  const Index m = info.dim(0), k = info.elements() / m;
  PackOptions options;
  options.zero_point = info.quantisation.zero_point;
  options.expected_cols = ImageRows(shape.x, shape.window, 1, false).n();
  const ConstMatrix a(shape.linear->weight->data(), info.type, m, k, k, 1);
  if (detail::is_open(m, k, options)) return PackedMatrix(detail::pack_quickest(a, options, false));
  options.format = Format::csr;
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
      border_(border_of(x_, window_)),
      padded_height_(height_ + border_.top + border_.bottom),
      padded_width_(ceil_div(width_ + border_.left + border_.right, window_.stride_w) * window_.stride_w),
      met_rows_(static_cast<std::size_t>(window_.stride_h), false),
      met_columns_(static_cast<std::size_t>(window_.stride_w), false),
      weights_(std::move(weights)) {
  for (Index i = 0; i < window_.height; ++i) met_rows_[i * window_.dilation_h % window_.stride_h] = true;
  for (Index j = 0; j < window_.width; ++j) met_columns_[j * window_.dilation_w % window_.stride_w] = true;
  const bool as_it_lies = window_.height == 1 && window_.width == 1 && window_.stride_h == 1 && window_.stride_w == 1 &&
                          out_height_ == height_ && out_width_ == width_;
  gathered_ = as_it_lies ? 0 : columns_at_once(n(), out_width_, weights_.cols(), size_);
}

// A row with its border. Where windows are `stride` columns apart, columns 0, stride, 2 stride, … lie first, then 1,
// stride + 1, …: what an element of the window meets in a row of outputs follows each other.
void SparseLayer::lay_row(const char* from, char* to) const {
  const Index stride = window_.stride_w;
  if (stride == 1) {
    const Index left = border_.left * size_, inside = width_ * size_;
    std::memset(to, padding_, static_cast<std::size_t>(left));
    copy_run(from, inside, to + left);
    std::memset(to + left + inside, padding_, static_cast<std::size_t>(padded_width_ * size_ - left - inside));
    return;
  }
  std::memset(to, padding_, static_cast<std::size_t>(padded_width_ * size_));
  if (size_ == 1) {
    deal_out(reinterpret_cast<const std::uint8_t*>(from), width_, border_.left, met_columns_, padded_width_ / stride,
             to);
  } else {
    deal_out(reinterpret_cast<const std::uint32_t*>(from), width_, border_.left, met_columns_, padded_width_ / stride,
             to);
  }
}

// Planes with their border.
void SparseLayer::pad_planes(const Tensor& x, char* to) const {
  constexpr Index kPlanes = 8;  // handed out together
  const Index planes = channels_ * batch_, row = padded_width_ * size_;
  const auto fill = [&](char* at, Index bytes) { std::memset(at, padding_, static_cast<std::size_t>(bytes)); };
  detail::SharedItems items(ceil_div(planes, kPlanes));
  detail::run_team({}, detail::thread_count({}, 0, static_cast<double>(x.info().elements())), [&](int) {
    items.for_each([&](Index item) {
      for (Index p = item * kPlanes; p < std::min(planes, (item + 1) * kPlanes); ++p) {
        char* plane = to + p * padded_height_ * row;
        fill(plane, border_.top * row);
        fill(plane + (border_.top + height_) * row, border_.bottom * row);
        for (Index i = 0; i < height_; ++i) {
          const Index phase = (border_.top + i) % window_.stride_h;
          if (!met_rows_[static_cast<std::size_t>(phase)]) continue;
          lay_row(x.as<char>() + (p * height_ + i) * width_ * size_, plane + (border_.top + i) * row);
        }
      }
    });
  });
}

// What columns [n0, n1) of a row of B consist of: so many pieces.
Index SparseLayer::list_pieces(Index n0, Index n1, Piece* pieces) const {
  Index count = 0;
  const Index row = padded_width_ * size_;
  for (Index n = n0; n < n1; ++count) {
    const Index q = n % out_width_, p = n / out_width_ % out_height_, b = n / out_width_ / out_height_;
    const Index columns = std::min(out_width_ - q, n1 - n);
    pieces[count] = {(b * padded_height_ + p * window_.stride_h) * row + q * size_, columns * size_};
    n += columns;
  }
  return count;
}

void SparseLayer::copy_pieces(const Piece* pieces, Index count, const char* from, char* to) const {
  for (Index i = 0; i < count; ++i) {
    copy_run(from + pieces[i].offset, pieces[i].bytes, to);
    to += pieces[i].bytes;
  }
}

Index SparseLayer::plane_bytes() const { return batch_ * padded_height_ * padded_width_ * size_; }

// Where a column of a padded row lies in it.
Index SparseLayer::column_of(Index column) const {
  const Index stride = window_.stride_w;
  return column % stride * (padded_width_ / stride) + column / stride;
}

// Row k of B, output 0.
const char* SparseLayer::tap_of(const char* planes, Index k) const {
  const Index row = padded_width_ * size_;
  const Index tap = k / channels_, i = tap / window_.width, j = tap % window_.width;
  return planes + k % channels_ * plane_bytes() + i * window_.dilation_h * row +
         column_of(j * window_.dilation_w) * size_;
}

// B for multiply_lists(). Every row of a panel consists of the same pieces of image rows, wherever its tap begins.
class SparseLayer::Columns : public detail::ColumnSource {
 public:
  Columns(const SparseLayer& layer, const char* planes) : layer_(layer), planes_(planes) {}

  // No memory to be claimed here, where nobody could be told that there is none.
  void copy(Index k0, Index k1, Index n0, Index cols, Index width, std::byte* to) const override {
    const Index size = layer_.size_, all = width * size;
    for (Index j = 0; j < cols; j += kColumns) {
      std::array<Piece, kColumns> pieces;  // of a column each, at worst
      const Index end = std::min(cols, j + kColumns), count = layer_.list_pieces(n0 + j, n0 + end, pieces.data());
      const Index rest = end == cols ? (width - cols) * size : 0;
      auto* out = reinterpret_cast<char*>(to) + j * size;
      for_each_tap(k0, k1, [&](const char* from) {
        layer_.copy_pieces(pieces.data(), count, from, out);
        if (rest > 0) std::memset(out + (cols - j) * size, 0, static_cast<std::size_t>(rest));
        out += all;
      });
    }
  }

 private:
  static constexpr Index kColumns = 128;

  // f(where row k of B begins), of rows [k0, k1).
  template <class F>
  void for_each_tap(Index k0, Index k1, F&& f) const {
    for (Index k = k0; k < k1;) {
      const char* from = layer_.tap_of(planes_, k);
      const Index end = std::min(k1, (k / layer_.channels_ + 1) * layer_.channels_);  // of this element of the window
      for (; k < end; ++k, from += layer_.plane_bytes()) f(from);
    }
  }

  const SparseLayer& layer_;
  const char* planes_;
};

void SparseLayer::gather(const char* planes, Index n0, Index n1, char* to) const {
  constexpr Index kRows = 16;  // handed out together
  const Index taps = window_.height * window_.width, k = taps * channels_, row_bytes = (n1 - n0) * size_;
  std::vector<Piece> pieces(static_cast<std::size_t>((n1 - n0) / out_width_ + 2));
  const Index count = list_pieces(n0, n1, pieces.data());
  detail::SharedItems items(ceil_div(k, kRows));
  detail::run_team({}, detail::thread_count({}, 0, static_cast<double>(k * (n1 - n0))), [&](int) {
    items.for_each([&](Index item) {
      for (Index r = item * kRows; r < std::min(k, (item + 1) * kRows); ++r) {
        copy_pieces(pieces.data(), count, tap_of(planes, r), to + r * row_bytes);
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
  options.epilogue = epilogue_of(*linear_, y.info(), 0, m, cols);
  options.epilogue.activation = activation;
  if (residual != nullptr) {
    options.epilogue.residual = ConstMatrix(residual->as<float>() + n0, Type::f32, m, cols, n(), 1);
  }
  return options;
}

bool SparseLayer::adds_in_place() const { return x_.type == Type::f32 && detail::has_lists(*weights_.storage()); }
bool SparseLayer::collects() const { return gathered_ > 0 && adds_in_place(); }

Index SparseLayer::padded_bytes() const { return is_laid_out() ? channels_ * plane_bytes() : 0; }

Index SparseLayer::scratch_bytes() const {
  return padded_bytes() + (collects() ? 0 : weights_.cols() * gathered_ * size_);
}

void SparseLayer::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y,
                      std::byte* scratch) const {
  const Index m = linear_->outputs(), k = weights_.cols(), step = gathered_ == 0 || collects() ? n() : gathered_;
  auto* const padded = reinterpret_cast<char*>(scratch);
  char* const gathered = padded + padded_bytes();
  if (is_laid_out()) pad_planes(x, padded);
  const char* planes = is_laid_out() ? padded : x.as<char>();
  const Columns columns(*this, planes);
  for (Index n0 = 0; n0 < n(); n0 += step) {
    const Index n1 = std::min(n(), n0 + step);
    ConstMatrix b(x.data(), x_.type, k, n(), n(), 1);
    if (gathered_ > 0 && !collects()) {
      gather(planes, n0, n1, gathered);
      b = ConstMatrix(gathered, x_.type, k, n1 - n0, n1 - n0, 1);
    }
    const Matrix c(y.as<char>() + n0 * size_of(y.info().type), y.info().type, m, n1 - n0, n(), 1);
    const GemmOptions options = this->options(residual, activation, y, n0, n1);
    if (adds_in_place()) {  // gemm() would refuse a C that is its own residual
      detail::multiply_lists(*weights_.storage(), b, c, options, nullptr, collects() ? &columns : nullptr);
    } else {
      gemm(weights_, b, c, options);
    }
  }
}

}  // namespace septet::network
