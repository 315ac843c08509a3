// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "implicit_gemm.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/quad.hpp"
#include "linear_epilogue.hpp"
#include "share.hpp"
#include "src/cache_sizes.hpp"
#include "src/dense_operand.hpp"
#include "src/epilogue.hpp"
#include "src/threads.hpp"
#include "src/workspace.hpp"

#include <algorithm>

namespace septet::network {
namespace {

using detail::ceil_div;
using kernels::TileCall;
using kernels::TileSet;

// Channels of a part: rows of sums long enough to be finished quickly.
constexpr Index kPartPanels = 8;
constexpr Index kItemsPerThread = 4;  // so that they end together
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
  // An item: `at_once` blocks, and of a group one of `parts` parts of `part` panels.
  Index at_once, parts, part;
};

ImplicitGemm::ImplicitGemm(const Shape& shape, bool x_has_border, const Border& y_border)
    : linear_(shape.linear),
      rows_(shape.x, shape.window, shape.groups, x_has_border, shape.x.type == Type::f32 ? 1 : kUnit),
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

bool ImplicitGemm::takes_border(const Shape& shape) {
  const Index unit = shape.x.type == Type::f32 ? 1 : kUnit;
  return !ImageRows(shape.x, shape.window, shape.groups, false, unit).widened();
}

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
  weights_ = detail::AlignedBuffer::in_large_pages(static_cast<std::size_t>(packed_bytes()));
  char* to = reinterpret_cast<char*>(weights_.data());
  const Type type = linear_->weight->info().type;
  const std::vector<char> padded = padded_weights();
  const char* all = padded.empty() ? linear_->weight->as<char>() : padded.data();
  const Index pieces = groups_ * panels;
  share(pieces, threads_for(pieces, 0, packed_bytes() / kUnit), [&](Index piece, int /*worker*/) {
    const char* data = all + piece / panels * outputs_ * k_ * size_of(type);
    const auto rows = detail::DenseOperand::rows_of(ConstMatrix(data, type, outputs_, k_, k_, 1), 0);
    const Index first = piece % panels * kWidth, count = std::min(kWidth, outputs_ - first);
    rows.pack(pack, packed, first, count, 0, steps_, kWidth, to + piece * panel_bytes, nullptr);
  });
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

ImplicitGemm::Call ImplicitGemm::call_for(const Tensor* residual, Activation activation, Tensor& y) const {
  Call call;
  call.y = &y;
  const Index n = rows_.n(), all = groups_ * outputs_, places = place(n - 1) + 1;
  for (Index g = 0; g < groups_; ++g) {
    GemmOptions options;
    options.epilogue = transposed(epilogue_of(*linear_, y.info(), g * outputs_, outputs_, places));
    options.epilogue.activation = activation;
    if (!direct()) options.epilogue.bias = per_column(bias_.data() + g * outputs_, places, outputs_);
    if (residual != nullptr) {
      options.epilogue.residual = ConstMatrix(residual->as<float>() + g * outputs_, Type::f32, n, outputs_, all, 1);
    }
    auto* data = static_cast<char*>(y.data()) + g * outputs_ * size_of(y.info().type);
    call.ends.emplace_back(Matrix(data, y.info().type, places, outputs_, all, 1), options);
  }
  call.ends_in_kernel = direct() && ends_in_kernel(activation);
  if (call.ends_in_kernel) {
    call.end.bias = linear_->bias ? linear_->bias->as<float>() : nullptr;
    call.end.residual = residual != nullptr ? residual->as<float>() : nullptr;
    call.end.residual_row = all * kUnit, call.end.relu = activation == Activation::relu;
  }
  call.plain = call.ends_in_kernel || (direct() && call.ends[0].plain());
  return call;
}

// Who has a panel of many weights does all positions with it; who has some positions does many channels with them.
Index ImplicitGemm::share_out(Call& call, int threads) const {
  const Index panels = ceil_div(outputs_, kWidth), blocks = static_cast<Index>(blocks_.size());
  const bool by_parts = !keeps_weights() && groups_ * panels >= kItemsPerThread * threads;
  call.part = by_parts ? 1 : std::min(kPartPanels, panels);
  call.at_once = by_parts ? blocks : 1;
  const auto items = [&] { return blocks / call.at_once * groups_ * ceil_div(panels, call.part); };
  while (call.part > 1 && items() < kItemsPerThread * threads && items() % threads != 0) --call.part;
  call.parts = ceil_div(panels, call.part);
  return items();
}

void ImplicitGemm::pad(const Tensor& x, char* to) const {
  constexpr Index kRows = 8;  // handed out together
  const Index rows = rows_.padded_rows(), pieces = ceil_div(rows, kRows);
  share(pieces, threads_for(pieces, 0, rows_.padded_bytes() / kUnit), [&](Index piece, int /*worker*/) {
    for (Index row = piece * kRows; row < std::min(rows, (piece + 1) * kRows); ++row) rows_.copy_row(x, row, to);
  });
}

void ImplicitGemm::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const {
  Call call = call_for(residual, activation, y);
  const Index n = rows_.n(), all = groups_ * outputs_;
  const int wanted = detail::thread_count({}, n * all * k_, static_cast<double>(n * (all + k_) + all * k_));
  const Index items = share_out(call, wanted);
  const int threads = static_cast<int>(std::min<Index>(wanted, items));

  const Index padded = on_line(rows_.padded_bytes());
  const Index each = direct() ? 0 : on_line(most_rows_ * call.part * kWidth * kUnit);
  const detail::Workspace workspace(padded + each * threads);
  if (rows_.padded()) pad(x, workspace.data());
  call.data = rows_.padded() ? workspace.data() : x.as<char>();
  detail::SharedItems shared(items);
  detail::run_team({}, threads, [&](int worker) {
    char* memory = workspace.data() + padded + worker * each;
    shared.for_each([&](Index item) {
      const Index b = item / (groups_ * call.parts) * call.at_once, part = item % (groups_ * call.parts);
      for (Index i = b; i < b + call.at_once; ++i) block(call, blocks_[static_cast<std::size_t>(i)], part, memory);
    });
    if (!direct() && quads()->release != nullptr) quads()->release();
  });
}

// Do all weights of a group stay in a part of the second-level cache?
bool ImplicitGemm::keeps_weights() const { return outputs_ * steps_ * kUnit <= detail::cache_sizes().l2 / 4; }

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

void ImplicitGemm::block(const Call& call, const std::vector<Slab>& slabs, Index item, char* memory) const {
  const Index all = groups_ * outputs_;
  Block block;
  const Index part = item % call.parts;
  block.slabs = &slabs, block.group = item / call.parts;
  block.m0 = part * call.part * kWidth, block.m1 = std::min(outputs_, block.m0 + call.part * kWidth);
  block.inputs = call.data + block.group * rows_.group_bytes();
  block.weights = reinterpret_cast<const char*>(weights_.data()) + packed_bytes() / groups_ * block.group;
  block.c_row = (direct() ? all : block.m1 - block.m0) * kUnit;
  block.sums = memory, block.where = keeps_weights() ? Block::Sums::of_slab : Block::Sums::of_block;
  if (direct()) {
    block.sums = call.y->as<char>() + (block.group * outputs_ + block.m0) * kUnit, block.where = Block::Sums::in_y;
  }
  if (keeps_weights()) return by_slabs(call, block);
  by_panels(call, block);
  for (const Slab& slab : *block.slabs) finish(call, block, slab);
}

}  // namespace septet::network
