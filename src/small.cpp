// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "small.hpp"

#include "cache_sizes.hpp"
#include "threads.hpp"

#include <algorithm>
#include <cstdlib>

namespace septet::detail {
namespace {

// All three operands of 64^3 f32 take 48 KiB: what the first level and the way to it still carry.
constexpr Index kMost = 64;

// Of a size and with strides whose products do not overflow, rows one after the other.
bool is_usual(const ConstMatrix& x) {
  constexpr std::uint64_t kFar = 1 << 20;
  const auto is_size = [](Index size) { return static_cast<std::uint64_t>(size - 1) < kFar; };
  return x.data != nullptr && is_size(x.rows) && is_size(x.cols) && x.col_stride == 1 && x.row_stride >= x.cols &&
         x.row_stride <= static_cast<Index>(kFar);
}

bool types_meet(Type a, Type b, Type c) {
  const auto is_byte = [](Type type) { return type == Type::s8 || type == Type::u8; };
  if (c == Type::s32) return is_byte(a) && is_byte(b);
  return a == b && (is_narrow_float(a) ? c == Type::f32 || c == a : (a == Type::f32 || a == Type::f64) && c == a);
}

// A product and no more: what is left to be seen are types, shapes and strides.
bool is_plain(const GemmOptions& o) {
  return o.alpha == 1 && (o.beta == 0 || o.beta == 1) && o.preload.data == nullptr && o.epilogue.empty() &&
         o.accumulate == Accumulate::chained && !is_sparse(o.dataflow) && !kernels::narrows(o);
}

bool apart(const Matrix& c, const ConstMatrix& x) {
  const auto begin_c = reinterpret_cast<std::uintptr_t>(c.data), begin_x = reinterpret_cast<std::uintptr_t>(x.data);
  return begin_c + static_cast<std::uintptr_t>(c.rows * c.row_stride * size_of(c.type)) <= begin_x ||
         begin_x + static_cast<std::uintptr_t>(x.rows * x.row_stride * size_of(x.type)) <= begin_c;
}

bool is_small(const ConstMatrix& a, const ConstMatrix& b) {
  const auto is_small_size = [](Index size) { return static_cast<std::uint64_t>(size - 1) < kMost; };
  return is_small_size(a.rows) && is_small_size(a.cols) && is_small_size(b.cols);
}

}  // namespace

bool SmallProduct::fits(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& o) {
  return is_small(a, b) && (c.type == Type::f32 || c.type == Type::f64) && a.type == c.type && b.type == c.type &&
         b.col_stride == 1 && c.col_stride == 1 && is_plain(o);
}

namespace {

// A plain product of floats as a batch: of one, or of parts of it that share an operand.
class SharedBatch {
 public:
  // `runs`: or only says whether it could.
  SharedBatch(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options, bool runs)
      : runs_(runs),
        set_(kernels::kernel_set(kernels::arithmetic_for(c.type, options.mac))),
        size_(c.type == Type::f64 ? 8 : 4),
        a_(a),
        b_(b),
        c_(c),
        options_(options) {
    call_.a = a.data, call_.b = b.data, call_.c = c.data;
    call_.a_row = a.row_stride * size_, call_.b_step = b.row_stride * size_, call_.c_row = c.row_stride * size_;
    call_.k = a.cols;
    call_.zero = options.beta == 0;
  }

  bool whole() { return run(1, a_.rows, b_.cols); }

  // Parts of 16 rows that share B.
  bool by_rows() {
    constexpr Index kRows = 16;
    call_.a_item = kRows * call_.a_row, call_.c_item = kRows * call_.c_row;
    if (!run(a_.rows / kRows, kRows, b_.cols)) return false;
    if (const Index done = a_.rows / kRows * kRows; done < a_.rows) {
      rest(a_.row_stride * done, 0, c_.row_stride * done, a_.rows - done, b_.cols);
    }
    return true;
  }

  // Parts two vectors wide that share A.
  bool by_columns() {
    const Index columns = 2 * set_.tiles.lanes;
    call_.b_item = call_.c_item = columns * size_;
    if (!run(b_.cols / columns, a_.rows, columns)) return false;
    if (const Index done = b_.cols / columns * columns; done < b_.cols) rest(0, done, done, a_.rows, b_.cols - done);
    return true;
  }

 private:
  bool run(Index count, Index m, Index n) {
    const kernels::ItemsKernel kernel = set_.find_items == nullptr ? nullptr : set_.find_items(m, n, a_.cols);
    if (kernel == nullptr || !runs_) return kernel != nullptr;
    call_.count = count, call_.m = m, call_.n = n;
    kernel(call_);
    return true;
  }

  // m x n from these elements of A, B and C on.
  void rest(Index a, Index b, Index c, Index m, Index n) const {
    if (!runs_) return;
    const auto at = [&](const void* data, Index elements) { return static_cast<const char*>(data) + elements * size_; };
    const ConstMatrix left(at(a_.data, a), a_.type, m, a_.cols, a_.row_stride, 1);
    const ConstMatrix right(at(b_.data, b), b_.type, b_.rows, n, b_.row_stride, 1);
    const Matrix to(static_cast<char*>(c_.data) + c * size_, c_.type, m, n, c_.row_stride, 1);
    SmallProduct(left, right, to, options_).run(left.data, right.data, to.data);
  }

  bool runs_;
  const kernels::KernelSet& set_;
  Index size_;
  const ConstMatrix &a_, &b_;
  const Matrix& c_;
  const GemmOptions& options_;
  kernels::ItemsCall call_;
};

// The way to compute it, in words, and its result; null if it is not one for this file.
template <bool kRuns>
const char* small_way(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  if ((c.type != Type::f32 && c.type != Type::f64) || a.type != c.type || a.cols > kMost) return nullptr;
  // Where there is one, the loop over a batch is the faster one even for a batch of one: up to two vectors of columns.
  constexpr Index kNarrow = 32, kLow = 16;
  const Index macs = a.rows * b.cols * a.cols;
  const bool short_row = a.rows == 1 && a.col_stride == 1 && macs <= kMost * kMost * kMost;
  if (is_small(a, b) || short_row) {
    const bool narrow = is_small(a, b) && b.cols <= kNarrow && a.cols <= kNarrow && a.col_stride == 1;
    if (narrow && SharedBatch(a, b, c, options, kRuns).whole()) return "small: a batch of one";
    if (kRuns) SmallProduct(a, b, c, options).run(a.data, b.data, c.data);
    return "small: tiles over the operands as they lie";
  }
  if (a.col_stride != 1 || thread_count(options, macs) > 1) return nullptr;
  if (b.cols <= kNarrow) {
    return SharedBatch(a, b, c, options, kRuns).by_rows() ? "shallow and narrow: a batch that shares B" : nullptr;
  }
  if (a.rows > kLow) return nullptr;
  return SharedBatch(a, b, c, options, kRuns).by_columns() ? "shallow and low: a batch that shares A" : nullptr;
}

}  // namespace

bool run_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  return small_way<true>(a, b, c, options) != nullptr;
}

const char* explain_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  return small_way<false>(a, b, c, options);
}

SmallProduct::SmallProduct(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options)
    : tiles_(&kernels::kernel_set(kernels::arithmetic_for(c.type, options.mac)).tiles),
      m_(static_cast<int>(a.rows)),
      n_(static_cast<int>(b.cols)),
      size_(static_cast<int>(size_of(c.type))) {
  call_.steps = a.cols;
  call_.a_row = a.row_stride * size_, call_.a_step = a.col_stride * size_;
  call_.b_step = b.row_stride * size_;
  call_.c_row = c.row_stride * size_;
  call_.zero = options.beta == 0;
}

void SmallProduct::run(const void* a, const void* b, void* c) const {
  kernels::TileCall call = call_;
  call.b = b;
  char* to = static_cast<char*>(c);
  const int lanes = static_cast<int>(tiles_->lanes);
  for (int left = n_; left > 0;) {
    const int vectors = (left + lanes - 1) / lanes;
    // Four vectors are two and two, not three and one.
    const int most = tiles_->most_vectors;
    const int width = vectors <= most ? vectors : vectors < 2 * most ? (vectors + 1) / 2 : most;
    call.cols = std::min(left, width * lanes);
    column(call, static_cast<const char*>(a), to, width);
    call.b = static_cast<const char*>(call.b) + call.cols * size_;
    to += call.cols * size_;
    left -= static_cast<int>(call.cols);
  }
}

void SmallProduct::column(kernels::TileCall& call, const char* a, char* c, int vectors) const {
  const auto* kernels = tiles_->run[vectors - 1];
  const int most = tiles_->rows[vectors - 1];
  const int strips =
      m_ <= most ? 1 : static_cast<int>(static_cast<unsigned>(m_ + most - 1) / static_cast<unsigned>(most));
  int rows =
      strips == 1 ? m_ : static_cast<int>(static_cast<unsigned>(m_ + strips - 1) / static_cast<unsigned>(strips));
  for (int left = m_; left > 0; left -= rows) {
    rows = std::min(rows, left);
    call.a = a, call.c = c;
    kernels[rows - 1](call);
    a += rows * call.a_row;
    c += rows * call.c_row;
  }
}

bool obviously_valid(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& o) {
  constexpr unsigned kFewThreads = 64;
  const bool usual_options = o.a_zero_point == 0 && o.b_zero_point == 0 && o.fold_depth == 0 &&
                             o.workspace == nullptr && o.workspace_bytes == 0 &&
                             static_cast<unsigned>(o.threads) <= kFewThreads && o.array.height == 16 &&
                             o.array.width == 16 && o.combine.lanes == 4 && o.combine.window == 16;
  return usual_options && is_plain(o) && types_meet(a.type, b.type, c.type) && b.rows == a.cols && c.rows == a.rows &&
         c.cols == b.cols && is_usual(a) && is_usual(b) && is_usual(c) && apart(c, a) && apart(c, b);
}

SmallBatch::SmallBatch(const Batch& batch, const GemmOptions& options) : product_(batch.a, batch.b, batch.c, options) {
  const Batch& x = batch;
  const Index size = size_of(x.c.type);
  const kernels::KernelSet& set = kernels::kernel_set(kernels::arithmetic_for(x.c.type, options.mac));
  if (x.a.col_stride == 1) kernel_ = set.find_items(x.a.rows, x.b.cols, x.a.cols);
  call_.m = x.a.rows, call_.n = x.b.cols, call_.k = x.a.cols;
  call_.a = x.a.data, call_.b = x.b.data, call_.c = x.c.data;
  call_.a_row = x.a.row_stride * size, call_.b_step = x.b.row_stride * size, call_.c_row = x.c.row_stride * size;
  call_.a_item = x.a_stride * size, call_.b_item = x.b_stride * size, call_.c_item = x.c_stride * size;
  call_.zero = options.beta == 0;
  const auto reach = [&](Index item) { return static_cast<double>(std::abs(item)) * static_cast<double>(x.count); };
  call_.far = reach(call_.a_item) + reach(call_.b_item) + reach(call_.c_item) > static_cast<double>(cache_sizes().l2);
  const bool gapless = call_.c_row == call_.n * size && call_.c_item == call_.m * call_.c_row;
  call_.stream = call_.far && call_.zero && gapless;
}

void SmallBatch::run(Index begin, Index end) const {
  kernels::ItemsCall call = call_;
  call.count = end - begin;
  const char* a = static_cast<const char*>(call.a) + begin * call.a_item;
  const char* b = static_cast<const char*>(call.b) + begin * call.b_item;
  char* c = static_cast<char*>(call.c) + begin * call.c_item;
  if (kernel_ != nullptr) {
    call.a = a, call.b = b, call.c = c;
    call.stream = call.stream && reinterpret_cast<std::uintptr_t>(c) % 64 == 0;
    return kernel_(call);
  }
  for (Index i = begin; i < end; ++i) {
    product_.run(a, b, c);
    a += call.a_item, b += call.b_item, c += call.c_item;
  }
}

bool obviously_apart(const Batch& batch) {
  const Batch& x = batch;
  // The matrices one after the other, and those of C before or behind all others.
  constexpr Index kMany = Index{1} << 40, kFar = Index{1} << 16;
  const auto is_usual = [&](const ConstMatrix& first, Index stride) {
    return stride >= 0 && stride < kFar && first.row_stride < kFar;
  };
  if (x.count >= kMany || !is_usual(x.a, x.a_stride) || !is_usual(x.b, x.b_stride) || !is_usual(x.c, x.c_stride)) {
    return false;
  }
  if (x.count > 1 && x.c_stride < x.c.rows * x.c.row_stride) return false;
  const Index size = size_of(x.c.type);
  const auto begin = [](const ConstMatrix& first) { return reinterpret_cast<std::uintptr_t>(first.data); };
  const auto end = [&](const ConstMatrix& first, Index stride) {
    return begin(first) + static_cast<std::uintptr_t>(((x.count - 1) * stride + first.rows * first.row_stride) * size);
  };
  const auto is_apart = [&](const ConstMatrix& first, Index stride) {
    return end(x.c, x.c_stride) <= begin(first) || end(first, stride) <= begin(x.c);
  };
  return is_apart(x.a, x.a_stride) && is_apart(x.b, x.b_stride);
}

}  // namespace septet::detail
