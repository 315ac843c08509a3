// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   for each block of C                              independent: shared among the threads
//     for each pass over k, ascending
//       for each band of rows                        A's are packed, if they must be
//         for each slab: the rows of one tile        A's part of them stays in the first-level cache
//           for each tile across: kernel             straight into C, unless something happens to a sum on its way
//                                                    there; B's panels, packed for the first slab, stay in the second
//         or, if there are few rows, the two inner loops the other way round: B is read once, and then lies in the
//         first-level cache, A in the second
//
// After Goto and van de Geijn (ACM TOMS 34(3), 2008, section 4), with A and B in each other's place: C's rows are
// contiguous.
#include "dense.hpp"

#include "arithmetic.hpp"
#include "byte_offsets.hpp"
#include "cache_sizes.hpp"
#include "dense_blocking.hpp"
#include "epilogue.hpp"
#include "explain.hpp"
#include "threads.hpp"
#include "validate.hpp"
#include "workspace.hpp"

#include <algorithm>
#include <string>

namespace septet::detail {
namespace {

using kernels::Arithmetic;
using kernels::Packed;
using kernels::TileCall;
using kernels::TileSet;

constexpr Index kLine = 64;
constexpr Index on_line(Index bytes) { return ceil_div(bytes, kLine) * kLine; }

// [begin, begin + size) of some length.
struct Part {
  Index begin;
  Index size;
};

// A length that is cut into nearly equal parts, known before the first of many is asked for.
class Split {
 public:
  Split(Index length, Index parts) : count_(parts), base_(length / parts), longer_(length - base_ * parts) {}
  Index count() const { return count_; }
  Part operator[](Index p) const { return {p * base_ + std::min(p, longer_), base_ + (p < longer_ ? 1 : 0)}; }

 private:
  Index count_, base_, longer_;
};

// A product in the orientation in which it runs: columns of C contiguous where they can be.
struct Product {
  DenseOperand a, b;
  Matrix c;
  bool transposed = false;  // a and b are the caller's B and A, c is the caller's C transposed
};

// Few columns and many rows: vectors had better run along the rows, and every element of A be loaded once, in vectors.
bool thin(const DenseOperand& a, const DenseOperand& b) {
  constexpr Index kFew = 8, kFewForPanels = 48;  // a packed A need not be transposed first
  return b.outer < a.outer && b.outer <= (a.panels && !b.panels ? kFewForPanels : kFew);
}

// Bytes by few columns: dot products along k, where A's rows lie along it.
bool for_dots(const DenseOperand& a, const DenseOperand& b) {
  constexpr Index kFew = 4;
  const bool are_bytes = a.type == Type::s8 || a.type == Type::u8;
  return are_bytes && kernels::quad_kernels() != nullptr && b.outer <= kFew && !a.panels && !b.panels &&
         a.k_stride == 1 && a.k % 4 == 0;
}

Product oriented(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& options) {
  // The caller's function is promised tiles of C as they lie.
  const bool may_turn = options.epilogue.function.call == nullptr;
  const bool c_by_columns = c.row_stride == 1 && c.col_stride != 1;
  bool turns = c_by_columns ? !thin(b, a) : thin(a, b);
  if (for_dots(a, b)) turns = false;
  if (!for_dots(a, b) && for_dots(b, a)) turns = true;
  if (!may_turn || !turns) return {a, b, c};
  return {b, a, Matrix(c.data, c.type, c.cols, c.rows, c.col_stride, c.row_stride), true};
}

// What multiplies, and in which form it wants its operands.
struct DenseKernels {
  const TileSet* tiles;
  void (*pack)(const kernels::PanelCall&);
  Packed packed;
  const char* name;
  const kernels::QuadKernels* quads = nullptr;  // bytes as they are
};

// Is there enough to fill tiles of 16 x 16 x 64?
bool worth_large_tiles(const Product& product) {
  constexpr Index kRows = 16, kDepth = 64;
  return forced_blocking().large_tiles ||
         (product.a.outer >= kRows && product.b.outer >= kRows && product.a.k >= kDepth);
}

DenseKernels choose_kernels(const Product& product, Mac mac) {
  const Type type = product.a.type;
  if (type == Type::s8 || type == Type::u8) {
    if (for_dots(product.a, product.b)) {
      const kernels::QuadKernels* quads = kernels::quad_kernels();
      return {&quads->dots[type == Type::s8 ? 1 : 0], quads->pack, Packed::s8, "bytes, dot products along k", quads};
    }
    const kernels::QuadKernels* quads = kernels::large_quad_kernels();
    if (quads == nullptr || !worth_large_tiles(product)) quads = kernels::quad_kernels();
    const bool a_signed = type == Type::s8;
    // Of two that are the same, B is turned.
    const bool b_signed = quads != nullptr && quads->any_signs ? product.b.type == Type::s8 : !a_signed;
    if (quads != nullptr) {
      return {&quads->tiles[a_signed ? 1 : 0][b_signed ? 1 : 0], quads->pack, Packed::s8,
              quads->any_signs ? "bytes, AMX" : "bytes, dot products of four", quads};
    }
  }
  const Arithmetic arithmetic = kernels::arithmetic_for(accumulator_of(type), mac);
  const kernels::KernelSet& set = kernels::kernel_set(arithmetic);
  return {&set.tiles, set.pack, kernels::packed_of(arithmetic), kernels::name(arithmetic)};
}

class DenseRun {
 public:
  DenseRun(const Product& product, const TileEpilogue& epilogue, const GemmOptions& options)
      : product_(product),
        epilogue_(epilogue),
        kernels_(choose_kernels(product, options.mac)),
        tiles_(*kernels_.tiles),
        packed_(kernels_.packed),
        offsets_(kernels_.quads, product.a, product.b),
        group_(steps_per_group(packed_)),
        unit_(group_ * bytes_of(packed_)),
        acc_bytes_(packed_ == Packed::f64 ? 8 : 4),
        workspace_(options.workspace),
        workspace_given_(options.workspace_bytes),
        parallel_for_(options.parallel_for) {
    steps_ = ceil_div(product.a.k, group_);
    if (tiles_.step_unit > 1 && steps_ % tiles_.step_unit != 0 && !product.b.panels) {
      steps_ = ceil_div(steps_, tiles_.step_unit) * tiles_.step_unit;
      pads_ = true;
    }
    direct_ = epilogue.plain() && product.c.col_stride == 1;
    calls_out_ = options.epilogue.function.call != nullptr;
    zero_ = direct_ && !has_preload(options);
    streams_b_ = product.b.panels && product.a.outer <= tiles_.rows[tiles_.most_vectors - 1];
    fetches_c_ = product.a.outer * product.b.outer * acc_bytes_ > cache_sizes().l2;
    // Integers are exact modulo 2^32 in any order.
    const bool folds = options.accumulate == Accumulate::fold_then_add && group_ == 1;
    if (folds) fold_ = std::min(options.fold_depth, steps_);
    const Index macs = product.a.outer * product.b.outer * product.a.k;
    const double m = static_cast<double>(product.a.outer), n = static_cast<double>(product.b.outer);
    const double k = static_cast<double>(product.a.k);
    const ThreadChoice choice = choose_threads(options, macs, m * k + k * n + m * n);
    const int threads = choice.count;
    why_threads_ = choice.why;
    DenseShape shape{product.a.outer, product.b.outer, steps_, unit_, fold_, direct_};
    shape.copies_a = pads_ || (tiles_.a_by_rows && product.a.panels);
    shape.copies_b = pads_ || offsets_.turns_b();  // a turned sign needs a copy to be turned in
    blocking_ = choose_blocking(shape, product.a, product.b, packed_, tiles_, threads);
    rows_ = ceil_div(product.a.outer, blocking_.rows);
    cols_ = ceil_div(product.b.outer, blocking_.cols);
    blocking_.threads = static_cast<int>(std::min<Index>(threads, rows_ * cols_));
  }

  // A caller's workspace has to have `least` bytes, and as many as this very run takes: what was said before, to a
  // query say, may be out of date.
  void run(Index least) const {
    const Index needed = std::max(least, workspace_bytes());
    if (workspace_ != nullptr && workspace_given_ < needed) {
      throw Error({Cause::bad_option, "options.workspace_bytes",
                   std::to_string(workspace_given_) + ", this product needs " + std::to_string(needed)});
    }
    // All memory is claimed here: in a parallel region nobody could be told that there is none.
    const Index each = bytes();
    const Workspace own(workspace_ == nullptr ? each * blocking_.threads : 0);
    char* memory = workspace_ == nullptr ? own.data() : callers_memory();
    if (blocking_.threads == 1) {
      for (Index item = 0; item < rows_ * cols_; ++item) block(item, memory);
      return release();
    }
    SharedItems blocks(rows_ * cols_);
    run_team(parallel_for_, blocking_.threads, [&](int worker) {
      blocks.for_each([&](Index item) { block(item, memory + worker * each); });
      release();
    });
  }

  void explain(Explanation& to) const {
    const bool turned = product_.transposed;
    const char *a = turned ? "b" : "a", *b = turned ? "a" : "b";
    to.add("kernel", joined(kernels_.name, ", tiles of ", tiles_.main_rows, " x ", tiles_.main_vectors * tiles_.lanes),
           turned ? "C is computed as its transpose" : "");
    const bool enough = blocking_.threads == rows_ * cols_ && blocking_.threads > 1;
    to.add("threads", joined(blocking_.threads), why_threads_);
    to.add("blocks",
           joined(rows_, " x ", cols_, " of up to ", std::min(blocking_.rows, product_.a.outer), " x ",
                  std::min(blocking_.cols, product_.b.outer), ", ", blocking_.steps * group_, " of k at a time",
                  enough ? ", one for each thread" : ""),
           blocking_.why_order);
    to.add(a, blocking_.pack_a ? "packed" : "read in place", blocking_.why_a);
    to.add(b, blocking_.pack_b ? "packed" : "read in place", blocking_.why_b);
    to.add("sums", direct_ ? "in C" : "beside C",
           direct_ ? "" : "something happens to them on their way, or C's rows are strided");
    to.add("workspace", joined(workspace_bytes(), " bytes"),
           workspace_ == nullptr ? "the thread's own" : "the caller's");
  }

  /// On any address.
  Index workspace_bytes() const { return bytes() == 0 ? 0 : bytes() * blocking_.threads + kLine - 1; }

 private:
  // The caller's, for all threads, from a cache line on. There is enough, see multiply_dense().
  char* callers_memory() const {
    const auto address = reinterpret_cast<std::uintptr_t>(workspace_);
    return static_cast<char*>(workspace_) + static_cast<Index>(-address % kLine);
  }

  void release() const {
    if (kernels_.quads != nullptr && kernels_.quads->release != nullptr) kernels_.quads->release();
  }

  // ---- memory of one thread: sums, panels of A, panels of B, and what is widened on the way
  Index sums_bytes() const { return direct_ ? 0 : on_line(sum_rows() * blocking_.cols * acc_bytes_); }
  // What is complete after one pass needs no more room than a band.
  Index sum_rows() const { return steps_ <= blocking_.steps ? blocking_.band : blocking_.rows; }
  Index tile_rows() const { return tiles_.main_rows; }
  // Rows of A that are packed together, step by step; or each on its own.
  Index panel_rows() const { return a_by_rows() ? 1 : tile_rows(); }
  // Where rows lie along k, there is nothing to transpose: kernels read rows anywhere.
  bool a_by_rows() const {
    const DenseOperand& a = product_.a;
    return tiles_.a_by_rows || (!a.panels && a.k_stride == size_of(a.type));
  }
  // From row to row of packed A: rows an odd number of lines apart are spread over the cache's sets.
  Index a_outer_stride(Index steps) const { return a_by_rows() ? (ceil_div(steps * unit_, kLine) | 1) * kLine : unit_; }
  // Vectors of a tile: as many as load least where B lies as it came; otherwise as many as a panel had better be wide.
  Index widest() const { return blocking_.pack_b && !product_.b.panels ? tiles_.main_vectors : tiles_.most_vectors; }
  Index a_bytes() const {
    if (!blocking_.pack_a) return 0;
    if (a_by_rows()) return blocking_.band * a_outer_stride(blocking_.steps);
    return on_line(ceil_div(blocking_.band, tile_rows()) * tile_rows() * blocking_.steps * unit_);
  }
  Index b_bytes() const {
    if (!blocking_.pack_b) return 0;
    if (blocking_.by_columns) return on_line(widest() * tiles_.lanes * blocking_.steps * unit_);
    const Index segments = product_.b.panels ? ceil_div(blocking_.cols, product_.b.segment()) : 1;
    return on_line((blocking_.cols + segments * tiles_.lanes) * blocking_.steps * unit_);
  }
  Index wide_bytes() const {
    const bool widened = product_.a.widened(packed_) || product_.b.widened(packed_);
    return widened ? on_line(std::max(tile_rows(), widest() * tiles_.lanes) * blocking_.steps * unit_) : 0;
  }
  Index bytes() const {
    return sums_bytes() + a_bytes() + b_bytes() + wide_bytes() +
           offsets_.bytes(blocking_.band, blocking_.cols, blocking_.steps);
  }

  struct Block {
    Index m0, m, n0, n;
    char* sums;  // element (m0, n0)
    Index sums_row;
    char *a, *b, *wide, *offsets;
  };

  void block(Index item, char* memory) const {
    Block block;
    const Part down = block_part(product_.a.outer, blocking_.rows, item / cols_);
    const Part across = block_part(product_.b.outer, blocking_.cols, item % cols_);
    block.m0 = down.begin, block.m = down.size, block.n0 = across.begin, block.n = across.size;
    block.a = memory + sums_bytes();
    block.b = block.a + a_bytes();
    block.wide = block.b + b_bytes();
    block.offsets = block.wide + wide_bytes();
    // The stride of a single row may be anything.
    const Index ld = !direct_ ? blocking_.cols : product_.c.rows > 1 ? product_.c.row_stride : product_.c.cols;
    block.sums_row = ld * acc_bytes_;
    block.sums = memory;
    if (direct_) {
      block.sums = static_cast<char*>(product_.c.data) + block.m0 * block.sums_row + block.n0 * acc_bytes_;
    }
    for (Index step = 0; step < steps_; step += blocking_.steps) {
      pass(block, step, std::min(blocking_.steps, steps_ - step));
    }
  }

  // Steps [step, step + steps) of one block.
  struct Pass {
    Index step, steps;
    ByteOffsets::Pass offsets;
  };

  static Part block_part(Index length, Index size, Index p) { return {p * size, std::min(size, length - p * size)}; }

  void pass(const Block& block, Index step, Index steps) const {
    Pass pass{step, steps, {}};
    const Index k = std::clamp<Index>(product_.a.k - step * group_, 0, steps * group_);
    pass.offsets = offsets_.begin(block.offsets, blocking_.band, block.n, k, steps);
    for (Index i = 0; i < block.m; i += blocking_.band) {
      Block band = block;
      band.m0 += i, band.m = std::min(blocking_.band, block.m - i);
      if (direct_ || sum_rows() > blocking_.band) band.sums += i * block.sums_row;
      if (step == 0) begin_sums(band);
      multiply_band(band, pass, i == 0, i + band.m < block.m);
      if (step + steps == steps_ && !direct_) {
        if (calls_out_) release();  // who may want the registers for himself
        epilogue_.end(band.m0, band.m0 + band.m, band.n0, band.n0 + band.n, band.sums, band.sums_row / acc_bytes_);
      }
    }
  }

  void begin_sums(const Block& band) const {
    if (zero_ || (direct_ && epilogue_.starts_in_c())) return;
    epilogue_.begin(band.m0, band.m0 + band.m, band.n0, band.n0 + band.n, band.sums, band.sums_row / acc_bytes_);
  }

  // `first` of the pass: B's panels are packed. More bands follow, or none.
  void multiply_band(const Block& band, const Pass& pass, bool first, bool more) const {
    if (blocking_.pack_a) {
      const Index height = panel_rows();
      for (Index i = 0; i < band.m; i += height) {
        product_.a.pack(kernels_.pack, packed_, band.m0 + i, std::min(height, band.m - i), pass.step, pass.steps,
                        height, a_panel(band, pass, i), band.wide);
      }
    }
    for_each_slab(band, [&](const Part& rows) {
      offsets_.add_rows(pass.offsets, a_view(band, pass, rows.begin), rows.begin, rows.size);
    });
    blocking_.by_columns ? by_columns(band, pass) : by_slabs(band, pass, first, more);
    offsets_.add(pass.offsets, band.sums, band.sums_row, band.m, band.n);
  }

  struct Column {
    Index n0, n, vectors;
  };

  // Many rows: A's few of a slab stay in the first-level cache while B's panels pass by from the second.
  void by_slabs(const Block& band, const Pass& pass, bool first, bool more) const {
    for_each_slab(band, [&](const Part& rows) {
      const PanelView a = a_view(band, pass, rows.begin);
      const bool packs = first && rows.begin == 0;
      const bool last = rows.begin + rows.size == band.m;
      // What lies below a packed band is not to be looked at yet.
      const Index below = last && (!more || blocking_.pack_a)
                              ? 0
                              : std::min(rows.size, product_.a.outer - band.m0 - rows.begin - rows.size);
      Index j = 0;
      char* panel = band.b;
      for_each_column(band, [&](const Column& column) {
        const PanelView b = b_panel(band, pass, column, packs, panel);
        panel += panel_bytes(pass, column);
        TileCall call = tile_call(band, pass, rows, column, a, b);
        const Index right = column.n0 + column.n;
        if (fetches_c_ && (right < band.n || below > 0)) {
          call.next_c = static_cast<char*>(call.c) +
                        (right < band.n ? column.n * acc_bytes_ : rows.size * band.sums_row - column.n0 * acc_bytes_);
        }
        // The rows below are on their way from afar while these are multiplied: every tile fetches one of them.
        if (!blocking_.pack_a && j < below && a.step_stride <= kLine) {
          call.ahead = a.data + (rows.size + j) * a.outer_stride, call.ahead_step = a.step_stride;
        }
        kernel(column, rows)(call);
        ++j;
      });
    });
  }

  // Few rows: all of A stays in the second-level cache, while one panel of B after the other is in the first. What of B
  // comes next is on its way from afar meanwhile: every tile fetches a piece of it.
  void by_columns(const Block& band, const Pass& pass) const {
    const Chunk next = next_chunk(band, pass);
    Index tiles = 0;
    for_each_column(band, [&](const Column& column) {
      const PanelView b = b_panel(band, pass, column, true, band.b);
      for_each_slab(band, [&](const Part& rows) {
        TileCall call = tile_call(band, pass, rows, column, a_view(band, pass, rows.begin), b);
        if (fetches_c_ && rows.begin + rows.size < band.m) {
          call.next_c = static_cast<char*>(call.c) + rows.size * band.sums_row;
        }
        if (tiles < next.pieces) {
          call.ahead = next.data + tiles++ * next.stride;
          call.ahead_step = ceil_div(next.bytes, pass.steps);
        }
        kernel(column, rows)(call);
      });
    });
  }

  // What the next pass, or the next block's first, will read of B: so many pieces of so many bytes.
  struct Chunk {
    const char* data = nullptr;
    Index pieces = 0, stride = 0, bytes = 0;
  };
  Chunk next_chunk(const Block& band, const Pass& pass) const {
    const DenseOperand& b = product_.b;
    const Index behind = pass.step + pass.steps;
    const bool same = behind < steps_;
    const Index n0 = same ? band.n0 : band.n0 + band.n, step = same ? behind : 0;
    if (n0 >= b.outer || b.widened(packed_)) return {};
    const PanelView next = b.view(packed_, n0, step);
    const Index steps = std::min(blocking_.steps, steps_ - step), cols = std::min(band.n, b.outer - n0);
    if (b.contiguous()) return {next.data, steps, next.step_stride, cols * unit_ / group_};  // rows
    if (!b.panels || band.n > b.segment()) return {};
    const Index slabs = ceil_div(band.m, tiles_.rows[tiles_.most_vectors - 1]);
    const Index bytes = steps * next.step_stride / slabs;
    return {next.data, slabs, bytes, bytes};  // a panel
  }

  kernels::TileKernel kernel(const Column& column, const Part& rows) const {
    return blocking_.strided_b ? tiles_.strided[column.vectors - 1][rows.size - 1]
                               : tiles_.run[column.vectors - 1][rows.size - 1];
  }

  TileCall tile_call(const Block& band, const Pass& pass, const Part& rows, const Column& column, const PanelView& a,
                     const PanelView& b) const {
    TileCall call;
    call.steps = pass.steps;
    call.a = a.data, call.a_row = a.outer_stride, call.a_step = a.step_stride;
    call.b = b.data, call.b_step = b.step_stride, call.b_outer = b.outer_stride;
    // From the second level, a few steps ahead; from memory, a page.
    call.b_ahead = kFetched * b.step_stride;
    if (streams_b_) call.ahead = b.data + kStreamed * b.step_stride, call.ahead_step = b.step_stride;
    call.c = band.sums + rows.begin * band.sums_row + column.n0 * acc_bytes_;
    call.c_row = band.sums_row;
    call.rows = rows.size, call.cols = column.n;
    call.fold_steps = fold_;
    call.zero = zero_ && pass.step == 0;
    return call;
  }

  // The band's columns in tiles of nearly equal width: f(column).
  template <class F>
  void for_each_column(const Block& band, F&& f) const {
    const Index segment = product_.b.panels ? product_.b.segment() : band.n;
    for (Index begin = 0; begin < band.n; begin += segment) {
      const Index length = std::min(segment, band.n - begin);
      const Index vectors = ceil_div(length, tiles_.lanes);
      const Split tiles(vectors, ceil_div(vectors, widest()));
      for (Index j = 0; j < tiles.count(); ++j) {
        const Index first = tiles[j].begin * tiles_.lanes;
        f(Column{begin + first, std::min(tiles[j].size * tiles_.lanes, length - first), tiles[j].size});
      }
    }
  }

  Index panel_bytes(const Pass& pass, const Column& column) const {
    return column.vectors * tiles_.lanes * pass.steps * unit_;
  }

  // A panel of B, where it lies or in `panel`; `first`: it has to be packed there.
  PanelView b_panel(const Block& band, const Pass& pass, const Column& column, bool first, char* panel) const {
    const Index n0 = band.n0 + column.n0, width = column.vectors * tiles_.lanes;
    const PanelView view =
        blocking_.pack_b ? PanelView{panel, unit_, width * unit_} : product_.b.view(packed_, n0, pass.step);
    if (!first) return view;
    if (blocking_.pack_b) {
      product_.b.pack(kernels_.pack, packed_, n0, column.n, pass.step, pass.steps, width, panel, band.wide);
      if (offsets_.turns_b()) kernels_.quads->turn_sign(panel, panel_bytes(pass, column));
    }
    offsets_.add_column(pass.offsets, tiles_, view, column.n0, column.n);
    return view;
  }

  // The band's rows, as many at a time as the widest tile is high: f(part).
  template <class F>
  void for_each_slab(const Block& band, F&& f) const {
    // Slabs end where panels do.
    const Index segment = blocking_.pack_a    ? (a_by_rows() ? band.m : tile_rows())
                          : product_.a.panels ? product_.a.segment()
                                              : band.m;
    const Index vectors = ceil_div(product_.b.panels ? std::min(product_.b.segment(), band.n) : band.n, tiles_.lanes);
    const Index most = tiles_.rows[ceil_div(vectors, ceil_div(vectors, widest())) - 1];
    for (Index begin = 0; begin < band.m; begin += segment) {
      const Index length = std::min(segment, band.m - begin), unit = tiles_.row_unit;
      const Split slabs(ceil_div(length, unit), ceil_div(length, most));
      for (Index i = 0; i < slabs.count(); ++i) {
        const Index first = slabs[i].begin * unit;
        f(Part{begin + first, std::min(slabs[i].size * unit, length - first)});
      }
    }
  }

  // The packed panel that begins with this row.
  char* a_panel(const Block& block, const Pass& pass, Index row) const {
    return block.a + row * (a_by_rows() ? a_outer_stride(pass.steps) : pass.steps * unit_);
  }

  PanelView a_view(const Block& block, const Pass& pass, Index row) const {
    if (!blocking_.pack_a) return product_.a.view(packed_, block.m0 + row, pass.step);
    const Index height = panel_rows(), within = row % height, outer_stride = a_outer_stride(pass.steps);
    return {a_panel(block, pass, row - within) + within * outer_stride, outer_stride, height * unit_};
  }

  const Product& product_;
  const TileEpilogue& epilogue_;
  DenseKernels kernels_;
  const TileSet& tiles_;
  Packed packed_;
  ByteOffsets offsets_;
  Index group_, unit_, acc_bytes_;
  void* workspace_;  // the caller's, or null
  Index workspace_given_;
  ParallelFor parallel_for_;
  Index steps_ = 0, fold_ = 0;
  const char* why_threads_ = "";
  bool pads_ = false;       // with zeros behind the last k
  bool calls_out_ = false;  // to the caller's function
  bool direct_ = false;     // the sums are C's own elements
  bool zero_ = false;       // they start from nothing
  static constexpr Index kFetched = 4, kStreamed = 64;
  bool streams_b_ = false;  // panels, each read once
  bool fetches_c_ = false;
  DenseBlocking blocking_;
  Index rows_ = 0, cols_ = 0;  // blocks
};

// Calls f with the run of a product.
template <class F>
void with_run(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& resolved, F&& f) {
  const Product product = oriented(a, b, c, resolved);
  GemmOptions options = resolved;
  if (options.accumulate == Accumulate::fold_then_add && options.fold_depth == 0)
    options.fold_depth = options.array.height;
  if (product.transposed) options = transposed_ends(options);
  const TileEpilogue epilogue(product.c, options);
  f(DenseRun(product, epilogue, options));
}

}  // namespace

void multiply_dense(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& resolved,
                    Explanation* instead) {
  if (instead != nullptr) return with_run(a, b, c, resolved, [&](const DenseRun& run) { run.explain(*instead); });
  const Index least = resolved.workspace == nullptr ? 0 : dense_workspace_bytes(a, b, c, resolved);
  with_run(a, b, c, resolved, [&](const DenseRun& run) { run.run(least); });
}

Index dense_workspace_bytes(const DenseOperand& a, const DenseOperand& b, const Matrix& c,
                            const GemmOptions& resolved) {
  Index bytes = 0;
  if (c.rows == 0 || c.cols == 0 || a.k == 0 || resolved.alpha == 0) return bytes;
  const auto count = [&](const DenseRun& run) { bytes = std::max(bytes, run.workspace_bytes()); };
  with_run(a, b, c, resolved, count);
  // Within a parallel region the call will have one thread, and other blocks.
  GemmOptions alone = resolved;
  alone.threads = 1;
  with_run(a, b, c, alone, count);
  return bytes;
}

void finish_without_product(const Matrix& c, const GemmOptions& resolved) {
  constexpr Index kSide = 32;  // 8 KiB of sums, on the stack
  const TileEpilogue epilogue(c, resolved);
  const Index down = ceil_div(c.rows, kSide), across = ceil_div(c.cols, kSide);
  const auto tile = [&](Index item) {
    alignas(kLine) double sums[kSide * kSide];
    const Index m0 = item / across * kSide, m1 = std::min(m0 + kSide, c.rows);
    const Index n0 = item % across * kSide, n1 = std::min(n0 + kSide, c.cols);
    epilogue.begin(m0, m1, n0, n1, sums, kSide);
    epilogue.end(m0, m1, n0, n1, sums, kSide);
  };
  const Index tiles = down * across;
  const int threads = static_cast<int>(std::min<Index>(thread_count(resolved, c.rows * c.cols), tiles));
  SharedItems items(tiles);
  run_team(resolved.parallel_for, threads, [&](int /*worker*/) { items.for_each(tile); });
}

}  // namespace septet::detail
