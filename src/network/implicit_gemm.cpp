// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "implicit_gemm.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/quad.hpp"
#include "linear_epilogue.hpp"
#include "src/cache_sizes.hpp"
#include "src/dense_operand.hpp"
#include "src/epilogue.hpp"
#include "src/threads.hpp"
#include "src/workspace.hpp"

#include <optional>

namespace septet::network {
namespace {

using detail::ceil_div;
using kernels::TileCall;
using kernels::TileSet;

// Positions of a block: few enough that their inputs and sums stay in a second-level cache, so many that the weights,
// which pass by once for each block, are used often. The large ones are of bytes.
constexpr Index kBlock = 112, kLargeBlock = 256;
// Channels of a part: rows of sums long enough to be finished quickly.
constexpr Index kPartPanels = 8;
// Steps between two visits to the sums.
constexpr Index kSteps = 512;
constexpr Index kJoinedSteps = 1536;
constexpr Index kLine = 64;
// Channels of a panel. With AVX-512 two vectors by 14 rows: fewer bytes of weights per multiply-add than three by 9.
constexpr Index kWidth = 32;
constexpr Index kUnit = 4;  // bytes of a step of one channel
constexpr Index kStep = kWidth * kUnit;
constexpr Index kFetched = 4;  // steps of weights that are fetched into the first level

constexpr Index on_line(Index bytes) { return ceil_div(bytes, kLine) * kLine; }

const kernels::QuadKernels* quads() { return kernels::large_quad_kernels(); }
const TileSet& float_tiles() { return kernels::kernel_set(kernels::arithmetic_for(Type::f32, Mac::fused)).tiles; }

ImageRows rows_of(const ImplicitGemm::Shape& shape, bool x_has_border) {
  return {shape.x, shape.window, shape.groups, x_has_border, shape.x.type == Type::f32 ? 1 : kUnit};
}

// What the tiles of f32 can do to their sums.
bool ends_in_kernel(Activation activation) { return activation == Activation::none || activation == Activation::relu; }

// Of a tile from this channel and position on.
kernels::TileEnd end_of(kernels::TileEnd end, Index channel, Index position) {
  if (end.bias != nullptr) end.bias += channel;
  if (end.residual != nullptr) end.residual += position * end.residual_row / kUnit + channel;
  return end;
}

}  // namespace

// What the blocks of one run share.
struct ImplicitGemm::Call {
  const char* data;  // what the kernels read
  Tensor* y;
  std::vector<detail::TileEpilogue> ends;  // of each group
  bool plain;                              // … and nothing happens to them behind the kernels
  bool ends_in_kernel = false;             // the kernels finish them, as `end` says, of output 0 at position 0
  kernels::TileEnd end;
  Index blocks, parts, part;  // items: blocks x groups x parts of so many panels
};

ImplicitGemm::ImplicitGemm(const Shape& shape, bool x_has_border, const Border& y_border)
    : linear_(shape.linear),
      rows_(rows_of(shape, x_has_border)),
      y_border_(y_border),
      groups_(shape.groups),
      outputs_(linear_->outputs() / groups_),
      k_(rows_.taps() * rows_.run()),
      type_(shape.x.type),
      steps_(ceil_div(k_, type_ == Type::f32 ? 1 : kUnit)) {
  const bool bytes = type_ != Type::f32;
  tiles_ = bytes ? &quads()->tiles[type_ == Type::s8 ? 1 : 0][1] : &float_tiles();
  width_ = std::min(kWidth, tiles_->most_vectors * tiles_->lanes);
  while (kWidth % width_ != 0) width_ -= tiles_->lanes;  // no tile reaches from panel to panel
  cut();
  plan_passes();
  pack_weights();
  if (type_ != Type::f32) take_bias(shape.x.quantisation.zero_point);
}

bool ImplicitGemm::readable(const Shape& shape) {
  if (shape.x.type == Type::f32) return float_tiles().has_runs;
  const TensorInfo& weight = shape.linear->weight->info();
  return quads() != nullptr && quads()->any_signs && weight.type == Type::s8 && weight.quantisation.zero_point == 0 &&
         ImageRows::fits(shape.x, shape.window, shape.groups, kUnit);
}

bool ImplicitGemm::takes_border(const Shape& shape) { return !rows_of(shape, false).widened(); }

// Runs in one go if they are short, or in pieces if they are long.
void ImplicitGemm::plan_passes() {
  const Index run = rows_.run() * size_of(type_) / kUnit, taps = rows_.taps();
  const Index together = taps > 1 && rows_.evenly() && taps * run <= kJoinedSteps ? taps : 1;
  const Index pieces = together > 1 ? 1 : ceil_div(run, kSteps);
  for (Index tap = 0; tap < taps; tap += together) {
    for (Index p = 0; p < pieces; ++p) {
      const Index s0 = p * run / pieces, s1 = (p + 1) * run / pieces;
      Pass pass;
      pass.offset = rows_.offset(tap) + s0 * kUnit, pass.step0 = tap * run + s0, pass.steps = s1 - s0;
      pass.runs = together, pass.a_run = together > 1 ? rows_.offset(1) : 0;
      pass.first = tap == 0 && p == 0, pass.last = tap + together == taps && p + 1 == pieces;
      passes_.push_back(pass);
    }
  }
}

// With zeros for the channels that the image has not, if it is read with more; of bytes.
std::vector<char> ImplicitGemm::padded_weights() const {
  const TensorInfo& info = linear_->weight->info();
  const Index channels = rows_.channels(), own = info.elements() / (groups_ * outputs_) * channels / k_;
  if (info.elements() == groups_ * outputs_ * k_) return {};
  std::vector<char> padded(static_cast<std::size_t>(outputs_ * k_), 0);
  for (Index i = 0; i < info.elements() / own; ++i) {
    std::copy_n(linear_->weight->as<char>() + i * own, own, padded.data() + i * channels);
  }
  return padded;
}

void ImplicitGemm::pack_weights() {
  const bool bytes = type_ != Type::f32;
  const kernels::Arithmetic arithmetic = kernels::arithmetic_for(Type::f32, Mac::fused);
  const auto packed = bytes ? kernels::Packed::s8 : kernels::packed_of(arithmetic);
  const auto pack = bytes ? quads()->pack : kernels::kernel_set(arithmetic).pack;
  const Index panels = ceil_div(outputs_, kWidth), panel_bytes = steps_ * kWidth * kUnit;
  weights_ = detail::AlignedBuffer(static_cast<std::size_t>(packed_bytes()));
  char* to = reinterpret_cast<char*>(weights_.data());
  const Type type = linear_->weight->info().type;
  const std::vector<char> padded = padded_weights();
  const char* all = padded.empty() ? linear_->weight->as<char>() : padded.data();
  for (Index g = 0; g < groups_; ++g) {
    const char* data = all + g * outputs_ * k_ * size_of(type);
    const auto rows = detail::DenseOperand::rows_of(ConstMatrix(data, type, outputs_, k_, k_, 1), 0);
    for (Index p = 0; p < panels; ++p, to += panel_bytes) {
      rows.pack(pack, packed, p * kWidth, std::min(kWidth, outputs_ - p * kWidth), 0, steps_, kWidth, to, nullptr);
    }
  }
}

// sum (x - z) w = sum x w - z sum w
void ImplicitGemm::take_bias(int zero_point) {
  const Index own = linear_->weight->info().elements() / linear_->outputs();
  for (Index o = 0; o < linear_->outputs(); ++o) {
    std::uint32_t sum = 0;
    for (Index k = 0; k < own; ++k) sum += static_cast<std::uint32_t>(linear_->weight->as<std::int8_t>()[o * own + k]);
    const std::uint32_t bias = linear_->bias ? static_cast<std::uint32_t>(linear_->bias->as<std::int32_t>()[o]) : 0;
    bias_.push_back(static_cast<std::int32_t>(bias - static_cast<std::uint32_t>(zero_point) * sum));
  }
}

Index ImplicitGemm::packed_bytes() const { return groups_ * ceil_div(outputs_, kWidth) * steps_ * kWidth * kUnit; }

bool ImplicitGemm::adds_in_place(Activation activation) const {
  return type_ == Type::f32 && y_border_.empty() && passes_.size() == 1 && ends_in_kernel(activation);
}

void ImplicitGemm::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const {
  Call call;
  const bool bytes = type_ != Type::f32;
  call.y = &y;
  const Index places = place(rows_.n() - 1) + 1;
  const Index n = rows_.n(), all = groups_ * outputs_;
  for (Index g = 0; g < groups_; ++g) {
    GemmOptions options;
    options.epilogue = transposed(epilogue_of(*linear_, y.info(), g * outputs_, outputs_, places));
    options.epilogue.activation = activation;
    if (bytes) options.epilogue.bias = per_column(bias_.data() + g * outputs_, places, outputs_);
    if (residual != nullptr) {
      options.epilogue.residual = ConstMatrix(residual->as<float>() + g * outputs_, Type::f32, n, outputs_, all, 1);
    }
    auto* data = static_cast<char*>(y.data()) + g * outputs_ * size_of(y.info().type);
    call.ends.emplace_back(Matrix(data, y.info().type, places, outputs_, all, 1), options);
  }
  call.ends_in_kernel = !bytes && ends_in_kernel(activation);
  if (call.ends_in_kernel) {
    call.end.bias = linear_->bias ? linear_->bias->as<float>() : nullptr;
    call.end.residual = residual != nullptr ? residual->as<float>() : nullptr;
    call.end.residual_row = all * kUnit, call.end.relu = activation == Activation::relu;
  }
  call.plain = call.ends_in_kernel || (direct() && call.ends[0].plain());

  const double macs = static_cast<double>(n) * static_cast<double>(all) * static_cast<double>(k_);
  int threads = detail::thread_count({}, static_cast<Index>(macs), static_cast<double>(n * (all + k_) + all * k_));
  const Index all_panels = ceil_div(outputs_, kWidth);
  call.blocks = static_cast<Index>(blocks_.size());
  call.part = std::min(kPartPanels, all_panels);
  constexpr Index kItemsPerThread = 8;
  while (call.part > 1 && call.blocks * groups_ * ceil_div(all_panels, call.part) < kItemsPerThread * threads) {
    --call.part;
  }
  call.parts = ceil_div(all_panels, call.part);
  const Index items = call.blocks * groups_ * call.parts;
  threads = static_cast<int>(std::min<Index>(threads, items));

  const Index each = direct() ? 0 : on_line(most_rows_ * call.part * kWidth * kUnit);
  const detail::Workspace workspace(on_line(rows_.padded_bytes()) + each * threads);
  call.data = x.as<char>();
  if (rows_.padded()) {
    call.data = workspace.data();
    constexpr Index kRows = 8;  // handed out together
    detail::SharedItems copies(ceil_div(rows_.padded_rows(), kRows));
    const int copiers = detail::thread_count({}, 0, static_cast<double>(rows_.padded_bytes()) / sizeof(float));
    detail::run_team({}, copiers, [&](int) {
      copies.for_each([&](Index item) {
        const Index end = std::min(rows_.padded_rows(), (item + 1) * kRows);
        for (Index row = item * kRows; row < end; ++row) rows_.copy_row(x, row, workspace.data());
      });
    });
  }
  detail::SharedItems shared(items);
  char* const memory = workspace.data() + on_line(rows_.padded_bytes());
  detail::run_team({}, threads, [&](int worker) {
    shared.for_each([&](Index item) { block(call, item, memory + worker * each); });
    if (bytes && quads()->release != nullptr) quads()->release();
  });
}

Index ImplicitGemm::place(Index n) const {
  if (y_border_.empty()) return n;
  const Index q = n % rows_.out_width(), row = n / rows_.out_width();
  const Index p = row % rows_.out_height(), b = row / rows_.out_height();
  const Border& border = y_border_;
  return ((b * (rows_.out_height() + border.top + border.bottom) + p + border.top) *
              (rows_.out_width() + border.left + border.right) +
          q + border.left);
}

// Blocks of positions, each in tiles that are nearly equal within a stretch.
void ImplicitGemm::cut() {
  if (!direct()) return cut_whole_tiles();
  const Index n = rows_.n(), most = tiles_->rows[ceil_div(width_, tiles_->lanes) - 1];
  const Index stretch = y_border_.empty() ? rows_.stretch() : rows_.out_width();
  const Index count = ceil_div(n, kBlock);
  for (Index b = 0; b < count; ++b) {
    std::vector<Slab>& slabs = blocks_.emplace_back();
    const Index n1 = (b + 1) * n / count;
    for (Index at = b * n / count; at < n1;) {
      const Index end = std::min(n1, (at / stretch + 1) * stretch), size = ceil_div(end - at, ceil_div(end - at, most));
      slabs.push_back({rows_.start(at), 0, size, at, place(at), {{0, size, place(at)}}});
      at += size;
    }
  }
}

// The positions of a line, image row by image row where their places in y are not one run.
std::vector<ImplicitGemm::Piece> ImplicitGemm::rows_of_line(Index line, bool wide) const {
  const Index width = rows_.out_width(), height = rows_.out_height();
  if (!wide && y_border_.empty()) return {{0, rows_.stretch(), line * rows_.stretch()}};
  std::vector<Piece> pieces;
  const Index rows = wide ? height : rows_.stretch() / width, distance = wide ? rows_.wide() : width;
  for (Index p = 0; p < rows; ++p) pieces.push_back({p * distance, width, place((line * rows + p) * width)});
  return pieces;
}

// Tiles of bytes take as long for some rows as for all: lines are cut into whole ones, the last of which may begin
// within the one before it, or reach beyond the line where there is something to read.
void ImplicitGemm::cut_whole_tiles() {
  const Index unit = tiles_->row_unit, most = tiles_->rows[ceil_div(width_, tiles_->lanes) - 1];
  const bool wide = rows_.wide() > 0;
  const Index positions = wide ? rows_.out_height() * rows_.out_width() : rows_.stretch();  // of a line
  std::vector<Slab> all;
  for (Index line = 0; line < rows_.n() / positions; ++line) {
    const std::vector<Piece> pieces = rows_of_line(line, wide);
    const Index length = pieces.back().row + pieces.back().size, n0 = line * positions;
    for (Index at = 0; at < length; at += most) {
      const Index needed = std::min(most, length - at), whole = ceil_div(needed, unit) * unit;
      const Index begin = whole <= length ? std::min(at, length - whole) : at;
      Slab slab{rows_.start(n0) + begin * rows_.step(), 0, whole, 0, 0, {}};
      if (begin + whole > length && !rows_.reaches(n0, begin + whole)) slab.rows = needed;
      for (const Piece& piece : pieces) {
        const Index first = std::max(at, piece.row), last = std::min(at + needed, piece.row + piece.size);
        if (first < last) slab.pieces.push_back({first - begin, last - first, piece.place + first - piece.row});
      }
      if (!slab.pieces.empty()) all.push_back(std::move(slab));
    }
  }
  const auto tiles = static_cast<Index>(all.size()), count = ceil_div(tiles * most, kLargeBlock);
  for (Index b = 0; b < count; ++b) {
    std::vector<Slab>& slabs = blocks_.emplace_back();
    Index row = 0;
    for (Index i = b * tiles / count; i < (b + 1) * tiles / count; ++i) {
      slabs.push_back(std::move(all[static_cast<std::size_t>(i)]));
      slabs.back().first = row, row += slabs.back().rows;
    }
    most_rows_ = std::max(most_rows_, row);
  }
}

// One item: positions by channels [m0, m1) of a group.
struct ImplicitGemm::Block {
  Index m0, m1, group;
  const std::vector<Slab>* slabs;
  const char *inputs, *weights;
  char* sums;  // of channel m0
  Index c_row;
  enum class Sums { in_y, of_block, of_slab } where;  // each at its place; or memory of a block's, or of a tile's

  char* sums_of(const Slab& slab) const {
    return sums + (where == Sums::in_y ? slab.place : where == Sums::of_block ? slab.first : 0) * c_row;
  }
};

// A tile's sums take one pass's steps. What lies `ahead` is fetched meanwhile.
void ImplicitGemm::tile(const Call& call, const Block& block, const Pass& pass, Index m, std::size_t i,
                        const Ahead& ahead) const {
  const Slab& slab = (*block.slabs)[i];
  const Index cols = std::min(width_, block.m1 - m);
  TileCall tile;
  tile.steps = pass.steps, tile.runs = pass.runs, tile.a_run = pass.a_run;
  tile.a = block.inputs + pass.offset + slab.start, tile.a_row = rows_.step(), tile.a_step = kUnit;
  tile.b = block.weights + (m / kWidth * steps_ + pass.step0) * kStep + m % kWidth * kUnit;
  tile.b_step = kStep, tile.b_ahead = kFetched * kStep;
  tile.c = block.sums_of(slab) + (m - block.m0) * kUnit, tile.c_row = block.c_row;
  tile.rows = slab.rows, tile.cols = cols;
  tile.zero = pass.first;
  tile.ahead = ahead.data, tile.ahead_step = ceil_div(ahead.bytes, pass.steps * pass.runs);
  tile.next_c = ahead.c;
  kernels::TileEnd end;
  if (pass.last && call.ends_in_kernel) {
    end = end_of(call.end, block.group * outputs_ + m, slab.n);
    tile.end = &end;
  }
  tiles_->run[ceil_div(cols, tiles_->lanes) - 1][slab.rows - 1](tile);
}

// All weights of the part in the second-level cache; inputs come and sums go once, in the order in which they lie.
void ImplicitGemm::by_slabs(const Call& call, const Block& block) const {
  const Index panels = ceil_div(block.m1 - block.m0, width_), tiles = panels * static_cast<Index>(passes_.size());
  for (std::size_t i = 0; i < block.slabs->size(); ++i) {
    const bool more = i + 1 < block.slabs->size();
    const Slab& next = (*block.slabs)[more ? i + 1 : i];
    const Index bytes = next.rows * rows_.step() / tiles;
    Ahead ahead{block.inputs + next.start, bytes, nullptr};
    for (Index m = block.m0; m < block.m1; m += width_) {
      if (m + width_ < block.m1) {
        ahead.c = block.sums_of((*block.slabs)[i]) + (m + width_ - block.m0) * kUnit;
      } else {
        ahead.c = more ? block.sums_of(next) : nullptr;
      }
      for (const Pass& pass : passes_) {
        tile(call, block, pass, m, i, ahead);
        ahead.data += bytes;
      }
    }
    finish(call, block, (*block.slabs)[i]);
  }
}

// The inputs of the block in the second-level cache; weights come once, in the order in which they lie.
void ImplicitGemm::by_panels(const Call& call, const Block& block) const {
  for (Index m = block.m0; m < block.m1; m += width_) {
    for (const Pass& pass : passes_) {
      const Index bytes = pass.steps * pass.runs * kStep, piece = bytes / static_cast<Index>(block.slabs->size());
      Ahead ahead{block.weights + (m / kWidth * steps_ + pass.step0) * kStep + bytes, piece, nullptr};
      for (std::size_t i = 0; i < block.slabs->size(); ++i) {
        const bool more = pass.first && i + 1 < block.slabs->size();
        ahead.c = more ? block.sums_of((*block.slabs)[i + 1]) + (m - block.m0) * kUnit : nullptr;
        tile(call, block, pass, m, i, ahead);
        ahead.data += piece;
      }
    }
  }
}

void ImplicitGemm::finish(const Call& call, const Block& block, const Slab& slab) const {
  if (call.plain) return;
  const detail::TileEpilogue& epilogue = call.ends[static_cast<std::size_t>(block.group)];
  for (const Piece& piece : slab.pieces) {
    epilogue.end(piece.place, piece.place + piece.size, block.m0, block.m1,
                 block.sums_of(slab) + piece.row * block.c_row, block.c_row / kUnit);
  }
}

void ImplicitGemm::block(const Call& call, Index item, char* memory) const {
  const Index all = groups_ * outputs_;
  Block block;
  const Index part = item % call.parts;
  block.slabs = &blocks_[static_cast<std::size_t>(item / call.parts / groups_)];
  block.group = item / call.parts % groups_;
  block.m0 = part * call.part * kWidth, block.m1 = std::min(outputs_, block.m0 + call.part * kWidth);
  block.inputs = call.data + block.group * rows_.group_bytes();
  block.weights = reinterpret_cast<const char*>(weights_.data()) + packed_bytes() / groups_ * block.group;
  block.c_row = (direct() ? all : block.m1 - block.m0) * kUnit;
  const bool keeps_weights = outputs_ * steps_ * kUnit <= detail::cache_sizes().l2 / 4;
  block.sums = memory, block.where = keeps_weights ? Block::Sums::of_slab : Block::Sums::of_block;
  if (direct()) {
    block.sums = call.y->as<char>() + (block.group * outputs_ + block.m0) * kUnit, block.where = Block::Sums::in_y;
  }
  if (keeps_weights) return by_slabs(call, block);
  by_panels(call, block);
  for (const Slab& slab : *block.slabs) finish(call, block, slab);
}

}  // namespace septet::network
