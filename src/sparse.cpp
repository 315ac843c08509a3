// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   for each panel of B's columns                     up to eight vectors wide; as B lies, or copied
//     for each block of A's rows                      independent of each other: shared among the threads
//       sums <- preload                               in C itself where it can hold them
//       kernels over A's arrays                       lists.hpp
//       C <- epilogue(sums)
#include "sparse.hpp"

#include "arithmetic.hpp"
#include "explain.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/quad.hpp"
#include "lists.hpp"
#include "panels.hpp"
#include "threads.hpp"

#include <algorithm>
#include <vector>

namespace septet::detail {
namespace {

using kernels::Arithmetic;
using kernels::KernelSet;
using kernels::RowSet;

constexpr Index kLine = 64;
// A copy of B pays when its elements are used so often: measured on misaligned rows (N = 196).
constexpr Index kUsesWorthACopy = 4;
// Rows of B so many bytes apart, or a multiple, fall into a few sets of the first-level cache.
constexpr Index kCrowdedStride = 2048;
// Sums of one block, where C cannot hold them: half of a small second-level cache.
constexpr Index kSumBytes = Index{256} * 1024;
constexpr Index kItemsPerThread = 8;
// Rows of a panel that are copied together.
constexpr Index kCopiedRows = 256;
// What beginning and ending a row of C costs, in elements of A.
constexpr Index kRowWeight = 4;

// Columns [n0, n0 + cols) of B and C.
struct Columns {
  Index n0, cols;
  int vectors;
  bool copied;
};

// Calls f with the element type of integers.
template <class F>
void with_integers(Type type, F&& f) {
  if (type == Type::s8) return f(std::int8_t{});
  if (type == Type::u8) return f(std::uint8_t{});
  f(std::int16_t{});
}

// A's values in the type of the sums: as they are, or widened. Bytes in quads stay bytes.
class Values {
 public:
  Values(const PackedStorage& a, const KernelSet& set) {
    const std::vector<std::byte>& own = a.options.format == Format::csr ? a.csr.values : a.values;
    data_ = own.data();
    if (a.type == accumulator_of(a.type) || quads_for(a) != nullptr) return;
    const auto count = static_cast<Index>(own.size()) / size_of(a.type);
    wide_ = AlignedBuffer(count * sizeof(float));
    data_ = wide_.data();
    is_integer(a.type) ? widen_integers(a, own.data(), count) : widen_floats(a.type, own.data(), count, set);
  }
  const void* data() const { return data_; }

 private:
  void widen_floats(Type type, const void* from, Index count, const KernelSet& set) {
    const kernels::WidenRow widen = type == Type::bf16 ? set.widen_bf16 : set.widen_f16;
    if (widen != nullptr) return widen(from, count, reinterpret_cast<float*>(wide_.data()));
    fill_panel({from, type, 1, count, count, 1}, 0, count, wide_.data());
  }

  void widen_integers(const PackedStorage& a, const void* from, Index count) {
    auto* to = reinterpret_cast<std::int32_t*>(wide_.data());
    with_integers(a.type, [&](auto element) {
      const auto* values = static_cast<const decltype(element)*>(from);
      const auto word = [&](Index p) { return kernels::word_weight(values[p] - a.options.zero_point); };
      if (a.options.format != Format::bsr) {
        for (Index p = 0; p < count; ++p) to[p] = word(p);
        return;
      }
      const BsrSlots slots(a.options.block, a.type);
      for (Index block = 0; block < count; block += slots.area()) {
        for (Index k = 0; k < slots.cols; ++k) {
          for (Index i = 0; i < slots.rows; ++i) to[block + k * slots.rows + i] = word(block + slots.slot(i, k));
        }
      }
    });
  }

  AlignedBuffer wide_;
  const void* data_;
};

class ListProduct {
 public:
  ListProduct(const PackedStorage& a, const Lists& lists, const ConstMatrix& b, const Matrix& c,
              const GemmOptions& options, const KernelSet& set, const RowSet& kernels, const ColumnSource* source)
      : a_(a), lists_(lists), b_(b), c_(c), epilogue_(c, options), set_(set), kernels_(kernels), source_(source) {
    if (quads_for(a) != nullptr) use_quads(options.b_zero_point);
    acc_ = accumulator_of(a.type), size_ = size_of(acc_);
    column_ = c.cols == 1 && lists.has_column();
    ends_rows_ = lists.end_rows() && can_end_rows(options);
    direct_ = (epilogue_.plain() || ends_rows_) && lists.keeps_to_columns() &&
              (column_ ? c.row_stride == 1 : c.col_stride == 1);
    b_zero_point_ = options.b_zero_point;
    starts_ = options.preload.data != nullptr || (options.alpha == 1 && options.beta != 0);
    split_columns();
  }

  const std::vector<Columns>& columns() const { return columns_; }
  Index block_count() const { return static_cast<Index>(cuts_.size()) - 1; }
  bool direct() const { return direct_; }
  Index work() const { return lists_.before(a_.rows) * c_.cols; }

  /// Cuts the rows into blocks of about the same work, small enough for their sums.
  void cut_rows(Index wanted) {
    if (!direct_ && lists_.keeps_to_columns()) {
      const Index widest = columns_.front().vectors * kernels_.lanes * size_;
      wanted = std::max(wanted, ceil_div(a_.rows * (column_ ? size_ : widest), kSumBytes));
    }
    const auto weight = [&](Index row) { return lists_.before(row) + kRowWeight * row; };
    const Index total = weight(a_.rows);
    cuts_.assign(1, 0);
    for (Index i = 1; i <= wanted && cuts_.back() < a_.rows; ++i) {
      const double target = static_cast<double>(total) * static_cast<double>(i) / static_cast<double>(wanted);
      Index low = cuts_.back(), high = a_.rows;  // the first row with so much work before it
      while (low < high) {
        const Index middle = low + (high - low) / 2;
        if (static_cast<double>(weight(middle)) < target)
          low = middle + 1;
        else
          high = middle;
      }
      const Index cut = i == wanted ? a_.rows : lists_.cut(low);
      if (cut > cuts_.back()) cuts_.push_back(cut);
    }
  }

  Index panel_bytes(const Columns& p) const {
    return p.copied ? steps() * (column_ ? 1 : p.vectors * kernels_.lanes) * size_ : 0;
  }
  /// Panels are copied by tiles, just before they are used; once more for every block of rows.
  bool by_tiles() const { return lists_.tile_depth() != 0 && !whole_panels_; }
  /// Not so, but whole, and once: what a source has to collect is too dear to be copied for every block of rows.
  void keep_panels() { whole_panels_ = source_ != nullptr; }
  Index largest_panel() const {
    Index bytes = 0;
    for (const Columns& p : columns_) bytes = std::max(bytes, panel_bytes(p));
    return by_tiles() && steps() != 0 ? bytes / steps() * lists_.tile_depth() : bytes;
  }
  Index sum_bytes() const {
    if (direct_) return 0;
    Index rows = 0;
    for (Index i = 0; i < block_count(); ++i) rows = std::max(rows, cuts_[i + 1] - cuts_[i]);
    return rows * (column_ ? 1 : columns_.front().vectors * kernels_.lanes) * size_;
  }
  void reserve(ListScratch& scratch) const {
    for (Index i = 0; i < block_count(); ++i) lists_.reserve(cuts_[i], cuts_[i + 1], scratch);
  }

  void copy(const Columns& p, std::byte* to) const { copy(p, 0, b_.rows, to); }

  /// The same in pieces, for several threads.
  Index copy_pieces() const { return quads_ != nullptr ? 1 : ceil_div(b_.rows, kCopiedRows); }
  void copy_piece(const Columns& p, Index piece, std::byte* to) const {
    if (quads_ != nullptr) return copy(p, to);
    const Index k0 = piece * kCopiedRows, width = column_ ? 1 : p.vectors * kernels_.lanes;
    copy(p, k0, std::min(b_.rows, k0 + kCopiedRows), to + k0 * width * size_);
  }

  /// Rows [k0, k1) of a panel.
  void copy(const Columns& p, Index k0, Index k1, std::byte* to) const {
    if (source_ != nullptr) {
      return source_->copy(k0, k1, p.n0, p.cols, column_ ? 1 : p.vectors * kernels_.lanes, to);
    }
    ConstMatrix part = b_;
    part.data = b_at(p) + k0 * b_.row_stride * size_of(b_.type), part.rows = k1 - k0, part.cols = p.cols;
    const Index width = column_ ? 1 : p.vectors * kernels_.lanes;
    if (quads_ != nullptr) return copy_quads(part, width, to);
    if (b_.type == acc_) {
      const Index size = size_;
      return set_.pack({part.data, part.col_stride * size, part.row_stride * size, part.cols, part.rows, to, width});
    }
    if (is_integer(b_.type)) return copy_integers(part, width, reinterpret_cast<std::int32_t*>(to));
    const kernels::WidenRow widen = b_.type == Type::bf16 ? set_.widen_bf16 : set_.widen_f16;
    if (widen == nullptr || part.col_stride != 1) return fill_panel(part, 0, width, to);
    for (Index k = 0; k < part.rows; ++k) {
      auto* row = reinterpret_cast<float*>(to) + k * width;
      widen(static_cast<const std::byte*>(part.data) + k * part.row_stride * size_of(part.type), part.cols, row);
      std::fill(row + part.cols, row + width, 0.0f);
    }
  }

  /// `copied`: the panel, or where its tiles can be copied to.
  void block(const Columns& p, Index i, std::byte* copied, std::byte* sums, ListScratch& scratch) const {
    const Index m0 = cuts_[i], m1 = cuts_[i + 1], n1 = p.n0 + p.cols;
    ListPanel panel;
    panel.vectors = p.vectors, panel.cols = p.cols;
    panel.b = reinterpret_cast<const char*>(p.copied ? copied : b_at(p));
    panel.b_step = (column_ ? 1 : p.copied ? p.vectors * kernels_.lanes : b_.row_stride) * size_;
    panel.zero = !starts_;
    kernels::RowEnd end = end_;
    if (end.residual != nullptr) end.residual += p.n0;
    if (ends_rows_) panel.end = &end;
    const Tiles source(*this, p);
    if (p.copied && by_tiles()) panel.source = &source, panel.buffer = copied;
    const Index ld = direct_ ? c_.row_stride : column_ ? 1 : p.vectors * kernels_.lanes;
    std::byte* first = direct_ ? static_cast<std::byte*>(c_.data) + (m0 * ld + p.n0 * c_.col_stride) * size_ : sums;
    panel.c = reinterpret_cast<char*>(first) - m0 * ld * size_;
    panel.c_row = ld * size_;
    if (starts_ && !(direct_ && epilogue_.starts_in_c())) {
      if (!direct_) std::fill_n(sums, (m1 - m0) * ld * size_, std::byte{0});  // behind C's columns, too
      epilogue_.begin(m0, m1, p.n0, n1, first, ld);
    }
    lists_.run(kernels_, m0, m1, panel, column_, scratch);
    if (!row_offsets_.empty()) {
      quads_->add(first, panel.c_row, m1 - m0, p.cols, row_offsets_.data() + m0, nullptr);
    }
    if (!direct_) epilogue_.end(m0, m1, p.n0, n1, first, ld);
  }

 private:
  class Tiles : public PanelSource {
   public:
    Tiles(const ListProduct& product, const Columns& p) : product_(product), p_(p) {}
    void copy(Index k0, Index k1, std::byte* to) const override { product_.copy(p_, k0, k1, to); }

   private:
    const ListProduct& product_;
    const Columns& p_;
  };

  // Rows of a panel of B.
  Index steps() const { return quads_ != nullptr ? ceil_div(b_.rows, Index{4}) : b_.rows; }

  // B goes by the sign that A has not, 128 more or less, and its zero point is taken from the sums instead: with b' = b
  // or b +- 128 and o the offset that makes b' - o the true factor, sum a (b' - o) = sum a b' - o sum a. The sum of A
  // runs over what is stored; all else is zero.
  void use_quads(int b_zero_point) {
    quads_ = kernels::quad_kernels();
    turns_ = a_.type == b_.type;
    const int offset = b_zero_point + (!turns_ ? 0 : b_.type == Type::s8 ? 128 : -128);
    if (offset == 0) return;
    const BsrArrays& bsr = std::get<BsrArrays>(a_.arrays);
    const BsrSlots slots(a_.options.block, a_.type);
    row_offsets_.assign(ceil_div(a_.rows, slots.rows) * slots.rows, 0);
    constexpr Index kRows = 16;  // of a panel that row_sums() takes
    kernels::TileCall call;
    call.a_row = 4, call.a_step = slots.rows * 4;
    for (Index i = 0; i * slots.rows < a_.rows; ++i) {
      call.steps = (bsr.block_ptr[i + 1] - bsr.block_ptr[i]) * slots.cols / 4;
      for (Index r = 0; r < slots.rows; r += kRows) {
        call.a = a_.values.data() + bsr.block_ptr[i] * slots.area() + r * 4;
        quads_->row_sums(call, std::min(kRows, slots.rows - r), a_.type == Type::s8,
                         row_offsets_.data() + i * slots.rows + r);
      }
    }
    for (std::int32_t& sum : row_offsets_) {  // modulo 2^32, like everything
      sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) * static_cast<std::uint32_t>(-offset));
    }
  }

  void copy_quads(const ConstMatrix& part, Index width, std::byte* to) const {
    quads_->pack({part.data, part.col_stride, part.row_stride, part.cols, part.rows, to, width});
    if (turns_) quads_->turn_sign(to, steps() * width * 4);
  }

  void copy_integers(const ConstMatrix& part, Index width, std::int32_t* to) const {
    with_integers(part.type, [&](auto element) {
      const auto* from = static_cast<const decltype(element)*>(part.data);
      const Index stride = part.col_stride;
      for (Index k = 0; k < part.rows; ++k, from += part.row_stride, to += width) {
        if (stride == 1) {
          for (Index j = 0; j < part.cols; ++j) to[j] = from[j] - b_zero_point_;
        } else {
          for (Index j = 0; j < part.cols; ++j) to[j] = from[j * stride] - b_zero_point_;
        }
        std::fill(to + part.cols, to + width, 0);
      }
    });
  }

  // What most layers of f32 end with, which kernels can do to the sums in their registers.
  bool can_end_rows(const GemmOptions& options) {
    const Epilogue& e = options.epilogue;
    const bool starts = options.preload.data != nullptr || options.beta != 0;
    const bool others = options.alpha != 1 || starts || e.scale.data != nullptr || e.function.call != nullptr;
    const bool known = e.activation == Activation::none || e.activation == Activation::relu;
    if (a_.type != Type::f32 || c_.type != Type::f32 || others || !known || c_.col_stride != 1) return false;
    if (kernels::narrows(options)) return false;
    if (e.bias.data != nullptr && (e.bias.row_stride != 1 || e.bias.col_stride != 0)) return false;
    if (e.residual.data != nullptr && e.residual.col_stride != 1) return false;
    end_.bias = static_cast<const float*>(e.bias.data), end_.residual = static_cast<const float*>(e.residual.data);
    end_.residual_row = e.residual.row_stride * static_cast<Index>(sizeof(float));
    end_.relu = e.activation == Activation::relu;
    return true;
  }

  const std::byte* b_at(const Columns& p) const {
    return static_cast<const std::byte*>(b_.data) + p.n0 * b_.col_stride * size_of(b_.type);
  }

  // B's rows can be read where they lie, whole vectors of them, at no more cost than a copy.
  bool lies_well(Index n0, Index cols, int vectors) const {
    if (b_.type != acc_ || source_ != nullptr) return false;
    if (column_) return b_.row_stride == 1;
    if (b_.col_stride != 1 || cols != vectors * kernels_.lanes) return false;
    const Index uses = lists_.before(a_.rows) / std::max<Index>(1, a_.cols);
    if (uses < kUsesWorthACopy) return true;
    const Index stride = b_.row_stride * size_;
    const auto address = reinterpret_cast<std::uintptr_t>(b_.data) + static_cast<std::uintptr_t>(n0 * size_);
    return address % kLine == 0 && stride % kLine == 0 && stride % kCrowdedStride != 0;
  }

  void split_columns() {
    // Where a copy does not pay, only the columns that do not fill a vector are copied.
    const Index lanes = kernels_.lanes, whole = c_.cols / lanes * lanes;
    const bool apart = !column_ && lists_.before(a_.rows) < kUsesWorthACopy * a_.cols && lies_well(0, lanes, 1);
    if (!apart) return add_columns(0, c_.cols);
    add_columns(0, whole);
    add_columns(whole, c_.cols);
  }

  void add_columns(Index n0, Index end) {
    const PanelWidths widths(end - n0, kernels_.lanes, lists_.most_vectors(kernels_));
    for (Index p = 0; p < widths.count; ++p) {
      const int vectors = widths.of(p);
      const Index cols = std::min(vectors * kernels_.lanes, end - n0);
      columns_.push_back({n0, cols, vectors, !lies_well(n0, cols, vectors)});
      n0 += cols;
    }
  }

  const PackedStorage& a_;
  const Lists& lists_;
  const ConstMatrix& b_;
  const Matrix& c_;
  TileEpilogue epilogue_;
  const KernelSet& set_;
  const RowSet& kernels_;
  const ColumnSource* source_;
  bool whole_panels_ = false;
  Type acc_;
  Index size_;
  int b_zero_point_;
  const kernels::QuadKernels* quads_ = nullptr;
  bool turns_ = false;
  std::vector<std::int32_t> row_offsets_;  // of quads: what is to be added to each row of sums
  bool column_, direct_, starts_;
  bool ends_rows_ = false;  // the kernels do, as end_ says, of row 0 and column 0
  kernels::RowEnd end_;
  std::vector<Columns> columns_;
  std::vector<Index> cuts_;
};

// What one thread has for itself.
struct Worker {
  AlignedBuffer sums;
  AlignedBuffer panel;
  ListScratch scratch;
};

// Enough panels for all: each thread copies its own, where they stay close to it.
void run_by_panels(const ListProduct& product, const GemmOptions& options, std::vector<Worker>& workers) {
  const std::vector<Columns>& columns = product.columns();
  SharedItems items(static_cast<Index>(columns.size()));
  run_team(options.parallel_for, static_cast<int>(workers.size()), [&](int number) {
    Worker& worker = workers[number];
    items.for_each([&](Index p) {
      if (columns[p].copied && !product.by_tiles()) product.copy(columns[p], worker.panel.data());
      for (Index i = 0; i < product.block_count(); ++i) {
        product.block(columns[p], i, worker.panel.data(), worker.sums.data(), worker.scratch);
      }
    });
  });
}

// Few panels: those that cannot be copied by tiles are all copied first, then their blocks of rows are shared.
void run_by_blocks(const ListProduct& product, const GemmOptions& options, std::vector<Worker>& workers) {
  const std::vector<Columns>& columns = product.columns();
  std::vector<Index> offsets(1, 0);
  for (const Columns& p : columns)
    offsets.push_back(offsets.back() + (product.by_tiles() ? 0 : product.panel_bytes(p)));
  const AlignedBuffer panels(offsets.back());
  const auto count = static_cast<int>(workers.size());
  if (offsets.back() != 0) {
    const Index pieces = product.copy_pieces();
    SharedItems copies(static_cast<Index>(columns.size()) * pieces);
    run_team(options.parallel_for, count, [&](int) {
      copies.for_each([&](Index item) {
        const Index p = item / pieces;
        if (columns[p].copied) product.copy_piece(columns[p], item % pieces, panels.data() + offsets[p]);
      });
    });
  }
  const Index blocks = product.block_count();
  SharedItems items(static_cast<Index>(columns.size()) * blocks);
  run_team(options.parallel_for, count, [&](int number) {
    Worker& worker = workers[number];
    items.for_each([&](Index item) {
      const Index p = item / blocks;
      std::byte* copied = product.by_tiles() ? worker.panel.data() : panels.data() + offsets[p];
      product.block(columns[p], item % blocks, copied, worker.sums.data(), worker.scratch);
    });
  });
}

}  // namespace

bool has_lists(const PackedStorage& a) {
  const Format format = a.options.format;
  return format != Format::dense && format != Format::tsb && format != Format::csb;
}

void multiply_lists(const PackedStorage& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                    Explanation* instead, const ColumnSource* source) {
  if (c.rows == 0 || c.cols == 0) return;
  const Arithmetic arithmetic = kernels::arithmetic_for(accumulator_of(a.type), options.mac);
  const KernelSet& set = kernels::kernel_set(arithmetic);
  const Values values(a, set);
  const std::unique_ptr<Lists> lists = lists_of(a, values.data(), quads_for(a));
  ListProduct product(a, *lists, b, c, options, set, kernels::row_set(arithmetic), source);

  const ThreadChoice choice = choose_threads(options, product.work());
  const auto panels = static_cast<Index>(product.columns().size());
  const bool by_panels = choice.count == 1 || panels >= kItemsPerThread * choice.count;
  if (!by_panels) product.keep_panels();
  product.cut_rows(by_panels ? 1 : ceil_div(kItemsPerThread * choice.count, panels));
  const Index items = by_panels ? panels : panels * product.block_count();
  const auto threads = static_cast<int>(std::min<Index>(choice.count, items));
  if (instead != nullptr) {
    const Columns& first = product.columns().front();
    instead->add("kernel", joined(quads_for(a) != nullptr ? "bytes in fours" : kernels::name(arithmetic), ", ",
                                  name(a.options.format), " against ", first.cols, " columns at a time"));
    instead->add("threads", joined(threads), choice.why);
    instead->add("blocks", joined(panels, " of columns, ", product.block_count(), " of rows"));
    const auto copied =
        std::count_if(product.columns().begin(), product.columns().end(), [](const Columns& p) { return p.copied; });
    instead->add("b", copied == 0        ? "in place"
                      : copied == panels ? "copied"
                                         : joined(copied, " blocks of columns copied"));
    instead->add("c", product.direct() ? "in place" : "from sums apart");
    return;
  }
  std::vector<Worker> workers(threads);
  for (Worker& worker : workers) {
    worker.sums = AlignedBuffer(product.sum_bytes());
    if (by_panels || product.by_tiles()) worker.panel = AlignedBuffer(product.largest_panel());
    product.reserve(worker.scratch);
  }
  by_panels ? run_by_panels(product, options, workers) : run_by_blocks(product, options, workers);
}

}  // namespace septet::detail
