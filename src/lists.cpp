// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "lists.hpp"

#include "arithmetic.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

using kernels::BlocksCall;
using kernels::ColumnsCall;
using kernels::RowsCall;
using kernels::RowSet;

// What all calls of a panel share.
RowsCall rows_call(const ListPanel& panel) {
  RowsCall call;
  call.b = panel.b, call.b_step = panel.b_step;
  call.c = panel.c, call.c_row = panel.c_row;
  call.cols = panel.cols, call.zero = panel.zero;
  return call;
}

void run_rows32(const RowSet& kernels, const RowsCall& call, const ListPanel& panel, bool column) {
  (column ? kernels.column32 : kernels.rows32[panel.vectors - 1])(call);
}

class ListsOf : public Lists {
 public:
  ListsOf(const PackedStorage& a, const void* values)
      : a_(a), values_(static_cast<const char*>(values)), size_(size_of(accumulator_of(a.type))) {}

 protected:
  const char* value(Index slot) const { return values_ + slot * size_; }
  const PackedStorage& a_;
  const char* values_;
  Index size_;  // of a value, in bytes
};

class CsrLists : public ListsOf {
 public:
  using ListsOf::ListsOf;
  Index before(Index row) const override { return a_.csr.row_ptr[row]; }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& /*none*/) const override {
    RowsCall call = rows_call(panel);
    call.values = values_, call.index = a_.csr.col_idx.data();
    call.row_ptr = a_.csr.row_ptr.data() + m0, call.rows = m1 - m0;
    call.c = panel.c + m0 * panel.c_row;
    run_rows32(kernels, call, panel, column);
  }
};

// Row by row as well: where a row ends is where its number does.
class CooLists : public ListsOf {
 public:
  CooLists(const PackedStorage& a, const void* values)
      : ListsOf(a, values), coo_(std::get<CooArrays>(a.arrays)), row_ptr_(a.rows + 1) {
    const std::int32_t* rows = coo_.row_idx.data();
    const auto count = static_cast<Index>(coo_.row_idx.size());
    // Steps that double find the end of a row sooner than a look at each of its elements does.
    for (Index i = 0, p = 0; i < a.rows; ++i) {
      Index step = 1;
      while (p + step < count && rows[p + step] <= i) step *= 2;
      p = std::upper_bound(rows + std::min(p + step / 2, count), rows + std::min(p + step, count), i) - rows;
      row_ptr_[i + 1] = p;
    }
  }
  Index before(Index row) const override { return row_ptr_[row]; }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& /*none*/) const override {
    RowsCall call = rows_call(panel);
    call.values = values_, call.index = coo_.col_idx.data();
    call.row_ptr = row_ptr_.data() + m0, call.rows = m1 - m0;
    call.c = panel.c + m0 * panel.c_row;
    run_rows32(kernels, call, panel, column);
  }

 private:
  const CooArrays& coo_;
  std::vector<Index> row_ptr_;
};

class EllLists : public ListsOf {
 public:
  EllLists(const PackedStorage& a, const void* values) : ListsOf(a, values), ell_(std::get<EllArrays>(a.arrays)) {}
  Index before(Index row) const override { return row * ell_.width; }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& /*none*/) const override {
    RowsCall call = rows_call(panel);
    call.values = value(m0 * ell_.width), call.index = ell_.col_idx.data() + m0 * ell_.width;
    call.length = ell_.row_length.data() + m0, call.rows = m1 - m0, call.row_step = ell_.width;
    call.c = panel.c + m0 * panel.c_row;
    run_rows32(kernels, call, panel, column);
  }

 private:
  const EllArrays& ell_;
};

// Slice by slice. Rows may be cut where a window of sorting ends.
class SellLists : public ListsOf {
 public:
  SellLists(const PackedStorage& a, const void* values)
      : ListsOf(a, values), sell_(std::get<SellArrays>(a.arrays)), height_(a.options.slice.height) {}
  Index cut(Index row) const override {
    const Index window = a_.options.slice.window;
    return std::min(ceil_div(row, window) * window, a_.rows);
  }
  Index before(Index row) const override { return sell_.slice_ptr[ceil_div(row, height_)]; }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& /*none*/) const override {
    RowsCall call = rows_call(panel);
    call.row_step = 1, call.stride = height_, call.rows = height_;
    for (Index s = m0 / height_; s * height_ < m1; ++s) {
      call.values = value(sell_.slice_ptr[s]), call.index = sell_.col_idx.data() + sell_.slice_ptr[s];
      call.length = sell_.row_length.data() + s * height_, call.row_idx = sell_.row_order.data() + s * height_;
      run_rows32(kernels, call, panel, column);
    }
  }

 private:
  const SellArrays& sell_;
  Index height_;
};

// The bits of some rows are written out as indices, then they are rows like any other.
class BitmapLists : public ListsOf {
 public:
  BitmapLists(const PackedStorage& a, const void* values)
      : ListsOf(a, values), bitmap_(std::get<BitmapArrays>(a.arrays)), words_(ceil_div(a.cols, 64)) {}
  Index before(Index row) const override { return bitmap_.row_ptr[row]; }
  void reserve(Index m0, Index m1, ListScratch& scratch) const override {
    scratch.index.reserve(bitmap_.row_ptr[m1] - bitmap_.row_ptr[m0]);
    scratch.row_ptr.reserve(m1 - m0 + 1);
  }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& scratch) const override {
    if (scratch.claims(m0, m1)) write_out(m0, m1, scratch);
    RowsCall call = rows_call(panel);
    call.values = value(bitmap_.row_ptr[m0]), call.index = scratch.index.data();
    call.row_ptr = scratch.row_ptr.data(), call.rows = m1 - m0;
    call.c = panel.c + m0 * panel.c_row;
    run_rows32(kernels, call, panel, column);
  }

 private:
  void write_out(Index m0, Index m1, ListScratch& scratch) const {
    scratch.index.resize(bitmap_.row_ptr[m1] - bitmap_.row_ptr[m0]);
    std::int32_t* to = scratch.index.data();
    scratch.row_ptr.assign(1, 0);
    for (Index i = m0; i < m1; ++i) {
      scratch.row_ptr.push_back(bitmap_.row_ptr[i + 1] - bitmap_.row_ptr[m0]);
      for (Index w = 0; w < words_; ++w) {
        const auto k0 = static_cast<std::int32_t>(w * 64);
        for (std::uint64_t bits = bitmap_.words[i * words_ + w]; bits != 0; bits &= bits - 1) {
          *to++ = k0 + __builtin_ctzll(bits);
        }
      }
    }
  }

  const BitmapArrays& bitmap_;
  Index words_;
};

// Positions are written out as indices; every row has as many.
class NmLists : public ListsOf {
 public:
  NmLists(const PackedStorage& a, const void* values)
      : ListsOf(a, values),
        positions_(std::get<NmArrays>(a.arrays).positions.data()),
        n_(a.options.group.n),
        m_(a.options.group.m),
        bits_(bits_for(m_)),
        slots_(ceil_div(a.cols, m_) * n_),
        there_(a.cols / m_ * n_ + std::min<Index>(n_, a.cols % m_)),
        row_bytes_(bytes_for_bits(slots_ * bits_)) {}
  Index before(Index row) const override { return row * slots_; }
  void reserve(Index m0, Index m1, ListScratch& scratch) const override { scratch.index.reserve((m1 - m0) * slots_); }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& scratch) const override {
    if (scratch.claims(m0, m1)) {
      scratch.index.resize((m1 - m0) * slots_);
      for (Index i = m0; i < m1; ++i) write_out(i, scratch.index.data() + (i - m0) * slots_);
    }
    RowsCall call = rows_call(panel);
    call.values = value(m0 * slots_), call.index = scratch.index.data();
    call.rows = m1 - m0, call.count = there_, call.row_step = slots_;
    call.c = panel.c + m0 * panel.c_row;
    run_rows32(kernels, call, panel, column);
  }

 private:
  void write_out(Index row, std::int32_t* to) const {
    const std::byte* bytes = positions_ + row * row_bytes_;
    std::uint64_t field = 0;
    int held = 0;
    const std::uint64_t mask = (std::uint64_t{1} << bits_) - 1;
    Index k0 = 0;
    for (Index slot = 0; slot < slots_;) {
      for (int e = 0; e < n_; ++e, ++slot) {
        for (; held < bits_; held += 8) field |= static_cast<std::uint64_t>(*bytes++) << held;
        to[slot] = static_cast<std::int32_t>(k0 + static_cast<Index>(field & mask));
        field >>= bits_, held -= bits_;
      }
      k0 += m_;
    }
  }

  const std::byte* positions_;
  int n_;
  Index m_;
  int bits_;
  Index slots_;  // of a row
  Index there_;  // … that are not behind the last column
  Index row_bytes_;
};

// The rows of a tile pass over its part of B's panel, which stays in the first-level cache.
class TcsrLists : public ListsOf {
 public:
  TcsrLists(const PackedStorage& a, const void* values)
      : ListsOf(a, values), tcsr_(std::get<TcsrArrays>(a.arrays)), tiles_(ceil_div(a.cols, tcsr_.tile_cols)) {}
  Index cut(Index row) const override { return std::min(ceil_div(row, tcsr_.block_rows) * tcsr_.block_rows, a_.rows); }
  Index before(Index row) const override { return tcsr_.slot_ptr[ceil_div(row, tcsr_.block_rows) * tiles_]; }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool column,
           ListScratch& /*none*/) const override {
    const auto kernel = column ? kernels.column16 : kernels.rows16[panel.vectors - 1];
    const Index first = m0 / tcsr_.block_rows, end = ceil_div(m1, tcsr_.block_rows);
    for (Index block = first; block < end; block += kBlocksAtATime) {
      run_blocks(block, std::min(block + kBlocksAtATime, end), kernel, panel);
    }
  }
  Index tile_depth() const override { return std::min(tcsr_.tile_cols, a_.cols); }

 private:
  using Kernel = void (*)(const RowsCall&);
  // Blocks of rows that pass over a tile of B one after the other, while it is near: as many as have their sums in the
  // second-level cache (512 KiB of 1024 rows of eight cache lines).
  static constexpr Index kBlocksAtATime = 4;

  void run_blocks(Index first, Index end, Kernel kernel, const ListPanel& panel) const {
    RowsCall call = rows_call(panel);
    for (Index t = 0; t < tiles_; ++t) {
      const Index k0 = t * tcsr_.tile_cols, k1 = std::min(k0 + tcsr_.tile_cols, a_.cols);
      if (panel.source != nullptr) panel.source->copy(k0, k1, panel.buffer);
      call.b = panel.source != nullptr ? reinterpret_cast<const char*>(panel.buffer) : panel.b + k0 * panel.b_step;
      call.zero = panel.zero && t == 0;
      for (Index block = first; block < end; ++block) run_tile(block * tiles_ + t, kernel, call);
    }
  }

  void run_tile(Index t, Kernel kernel, RowsCall call) const {
    const std::uint16_t* index = tcsr_.col_offset.data() + tcsr_.slot_ptr[t];
    const char* values = value(tcsr_.slot_ptr[t]);
    call.row_idx = tcsr_.row_idx.data() + tcsr_.row_ptr[t];
    for (Index r = tcsr_.run_ptr[t]; r < tcsr_.run_ptr[t + 1]; ++r) {
      const Index count = tcsr_.run_count[r];
      call.values = values, call.index = index;
      call.rows = tcsr_.run_rows[r], call.count = call.row_step = count;
      kernel(call);
      call.row_idx += call.rows;
      index += call.rows * count;
      values += call.rows * count * size_;
    }
  }

  const TcsrArrays& tcsr_;
  Index tiles_;  // per block of rows
};

// Column by column. B's row stays in registers, and sums come and go.
class CscLists : public ListsOf {
 public:
  CscLists(const PackedStorage& a, const void* values) : ListsOf(a, values), csc_(std::get<CscArrays>(a.arrays)) {}
  Index before(Index row) const override {  // as if they were evenly spread: nobody has counted them
    return a_.rows == 0 ? 0 : static_cast<Index>(static_cast<double>(csc_.row_idx.size()) * row / a_.rows);
  }
  bool has_column() const override { return false; }
  bool keeps_to_columns() const override { return false; }
  void reserve(Index /*m0*/, Index /*m1*/, ListScratch& scratch) const override {
    scratch.row_ptr.reserve(a_.cols);
    scratch.end.reserve(a_.cols);
  }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool /*column*/,
           ListScratch& scratch) const override {
    if (panel.zero) {
      for (Index i = m0; i < m1; ++i) std::fill_n(panel.c + i * panel.c_row, panel.vectors * kernels.lanes * size_, 0);
    }
    ColumnsCall call;
    call.values = values_, call.row_idx = csc_.row_idx.data();
    call.begin = csc_.col_ptr.data(), call.end = csc_.col_ptr.data() + 1;
    if (m0 != 0 || m1 != a_.rows) find_rows(m0, m1, call, scratch);
    call.k_end = a_.cols;
    call.b = panel.b, call.b_step = panel.b_step, call.c = panel.c, call.c_row = panel.c_row;
    kernels.columns[panel.vectors - 1](call);
  }

 private:
  void find_rows(Index m0, Index m1, ColumnsCall& call, ListScratch& scratch) const {
    scratch.row_ptr.resize(a_.cols), scratch.end.resize(a_.cols);
    const std::int32_t* rows = csc_.row_idx.data();
    for (Index k = 0; k < a_.cols; ++k) {
      const std::int32_t* begin = std::lower_bound(rows + csc_.col_ptr[k], rows + csc_.col_ptr[k + 1], m0);
      scratch.row_ptr[k] = begin - rows;
      scratch.end[k] = std::lower_bound(begin, rows + csc_.col_ptr[k + 1], m1) - rows;
    }
    call.begin = scratch.row_ptr.data(), call.end = scratch.end.data();
  }

  const CscArrays& csc_;
};

// Strips of the heights that there are kernels for. In quads of bytes, everything along k is counted in fours.
class BsrLists : public ListsOf {
 public:
  BsrLists(const PackedStorage& a, const void* values, const kernels::QuadBlockKernels* quads)
      : ListsOf(a, values),
        bsr_(std::get<BsrArrays>(a.arrays)),
        shape_(a.options.block),
        quads_(quads),
        group_(quads != nullptr ? 4 : 1) {}
  int most_vectors(const RowSet& kernels) const override {
    const int height = height_for(shape_.rows);
    return quads_ != nullptr ? quads_->vectors[height] : kernels.block_vectors[height];
  }
  Index cut(Index row) const override { return std::min(ceil_div(row, shape_.rows) * shape_.rows, a_.rows); }
  Index before(Index row) const override {
    return bsr_.block_ptr[ceil_div(row, shape_.rows)] * shape_.rows * shape_.cols;
  }
  bool has_column() const override { return false; }
  bool end_rows() const override { return quads_ == nullptr; }
  void reserve(Index m0, Index m1, ListScratch& scratch) const override {
    if (quads_ == nullptr || shape_.cols == group_) return;
    for (Index i = m0 / shape_.rows; i * shape_.rows < m1; ++i) {
      scratch.index.reserve((bsr_.block_ptr[i + 1] - bsr_.block_ptr[i]) * (shape_.cols / group_));
    }
  }
  void run(const RowSet& kernels, Index m0, Index m1, const ListPanel& panel, bool /*column*/,
           ListScratch& scratch) const override {
    BlocksCall call;
    call.step = shape_.rows, call.block_cols = shape_.cols, call.k_end = a_.cols;
    call.b = panel.b, call.b_step = panel.b_step;
    call.c_row = panel.c_row, call.cols = panel.cols, call.zero = panel.zero;
    for (Index i = m0 / shape_.rows; i * shape_.rows < m1; ++i) {
      const Index first = bsr_.block_ptr[i];
      call.block_idx = bsr_.block_idx.data() + first, call.blocks = bsr_.block_ptr[i + 1] - first;
      if (quads_ != nullptr && shape_.cols != group_) write_quads(call, scratch);
      const Index rows = std::min(shape_.rows, m1 - i * shape_.rows);
      for (Index r = 0; r < rows;) {
        const int height = height_for(rows - r);
        if (call.blocks != 0) call.values = value(first * shape_.rows * (shape_.cols / group_) + r);
        const Index row = i * shape_.rows + r;
        call.c = panel.c + row * panel.c_row;
        kernels::RowEnd end;
        if (panel.end != nullptr) end = end_of(*panel.end, row), call.end = &end;
        kernel(kernels, height, panel.vectors)(call);
        r += kernels::kBlockHeights[height];
      }
    }
  }

 private:
  static kernels::RowEnd end_of(kernels::RowEnd end, Index row) {
    if (end.bias != nullptr) end.bias += row;
    if (end.residual != nullptr) end.residual += row * end.residual_row / static_cast<Index>(sizeof(float));
    return end;
  }

  // Quads that lie behind the last column are left out; there, B's panel has ended.
  void write_quads(BlocksCall& call, ListScratch& scratch) const {
    const Index width = shape_.cols / group_;
    scratch.index.clear();
    for (Index s = 0; s < call.blocks; ++s) {
      const Index first = call.block_idx[s] * width, end = std::min(first + width, ceil_div(a_.cols, group_));
      for (Index quad = first; quad < end; ++quad) scratch.index.push_back(static_cast<std::int32_t>(quad));
    }
    call.block_idx = scratch.index.data(), call.blocks = static_cast<Index>(scratch.index.size());
  }

  using Kernel = void (*)(const BlocksCall&);
  Kernel kernel(const RowSet& kernels, int height, int vectors) const {
    const bool is_signed = a_.type == Type::s8;
    return quads_ != nullptr ? quads_->run[is_signed][height][vectors - 1] : kernels.blocks[height][vectors - 1];
  }
  static int height_for(Index rows) {
    int height = 0;
    while (kernels::kBlockHeights[height] > rows) ++height;
    return height;
  }

  const BsrArrays& bsr_;
  BlockShape shape_;
  const kernels::QuadBlockKernels* quads_;
  Index group_;
};

}  // namespace

const kernels::QuadBlockKernels* quads_for(const PackedStorage& a) {
  const bool grouped = a.options.format == Format::bsr && BsrSlots(a.options.block, a.type).group == 4;
  return grouped && a.options.zero_point == 0 ? kernels::quad_block_kernels() : nullptr;
}

std::unique_ptr<Lists> lists_of(const PackedStorage& a, const void* values, const kernels::QuadBlockKernels* quads) {
  switch (a.options.format) {
    case Format::csr:
      return std::make_unique<CsrLists>(a, values);
    case Format::csc:
      return std::make_unique<CscLists>(a, values);
    case Format::coo:
      return std::make_unique<CooLists>(a, values);
    case Format::bsr:
      return std::make_unique<BsrLists>(a, values, quads);
    case Format::ell:
      return std::make_unique<EllLists>(a, values);
    case Format::sell:
      return std::make_unique<SellLists>(a, values);
    case Format::bitmap:
      return std::make_unique<BitmapLists>(a, values);
    case Format::nm:
      return std::make_unique<NmLists>(a, values);
    case Format::tcsr:
      return std::make_unique<TcsrLists>(a, values);
    default:
      return nullptr;
  }
}

}  // namespace septet::detail
