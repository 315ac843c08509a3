// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "implicit_gemm.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/quad.hpp"
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
// which pass by once for each block, are used often.
constexpr Index kBlock = 112;
// Channels of a part: rows of sums long enough to be finished quickly.
constexpr Index kPartPanels = 6;
// Steps between two visits to the sums.
constexpr Index kSteps = 512;
constexpr Index kLine = 64;

constexpr Index on_line(Index bytes) { return ceil_div(bytes, kLine) * kLine; }

const kernels::QuadKernels* quads() { return kernels::large_quad_kernels(); }

// Tiles of positions: a piece of a stretch.
struct Slab {
  Index start;        // bytes, in what is read
  Index first, size;  // positions, counted from the block's first
};

// [n0, n1) in pieces of at most `most`, nearly equal within a stretch.
void cut(const ImageRows& rows, Index n0, Index n1, Index most, std::vector<Slab>& slabs) {
  slabs.clear();
  for (Index n = n0; n < n1;) {
    const Index end = std::min(n1, (n / rows.stretch() + 1) * rows.stretch());
    for (Index pieces = ceil_div(end - n, most); pieces > 0; --pieces) {
      const Index size = ceil_div(end - n, pieces);
      slabs.push_back({rows.start(n), n - n0, size});
      n += size;
    }
  }
}

}  // namespace

// What the blocks of one run share.
struct ImplicitGemm::Call {
  const TileSet* tiles;
  const char* data;  // what the kernels read
  Tensor* y;
  std::vector<detail::TileEpilogue> ends;  // of each group
  bool direct;                             // y's elements are the sums
  bool plain;                              // … and nothing happens to them
  Index unit;                              // bytes of a step
  Index blocks, parts, part;               // items: blocks x groups x parts of so many panels
};

ImplicitGemm::ImplicitGemm(const Linear& linear, const Window& window, Index groups, const TensorInfo& x)
    : linear_(linear),
      rows_(x, window, groups),
      groups_(groups),
      outputs_(linear.outputs() / groups),
      k_(rows_.taps() * rows_.run()),
      type_(x.type) {
  const Tensor& weight = *linear.weight;
  PackOptions options;
  options.format = Format::dense;
  for (Index g = 0; g < groups; ++g) {
    const auto* data = static_cast<const std::byte*>(weight.data()) + g * outputs_ * k_ * size_of(weight.info().type);
    weights_.push_back(pack(ConstMatrix(data, weight.info().type, outputs_, k_, k_, 1), options));
  }
  if (type_ == Type::f32) return;
  // sum (x - z) w = sum x w - z sum w
  const auto zero_point = static_cast<std::uint32_t>(x.quantisation.zero_point);
  for (Index o = 0; o < linear.outputs(); ++o) {
    std::uint32_t sum = 0;
    for (Index k = 0; k < k_; ++k) sum += static_cast<std::uint32_t>(weight.as<std::int8_t>()[o * k_ + k]);
    const std::uint32_t bias = linear.bias ? static_cast<std::uint32_t>(linear.bias->as<std::int32_t>()[o]) : 0;
    bias_.push_back(static_cast<std::int32_t>(bias - zero_point * sum));
  }
}

bool ImplicitGemm::readable() const {
  if (type_ == Type::f32) return true;
  constexpr Index kQuad = 4;
  const TensorInfo& weight = linear_.weight->info();
  return quads() != nullptr && quads()->any_signs && weight.type == Type::s8 && weight.quantisation.zero_point == 0 &&
         rows_.run() % kQuad == 0;
}

Index ImplicitGemm::packed_bytes() const {
  Index bytes = 0;
  for (const PackedMatrix& weights : weights_) bytes += weights.footprint().values;
  return bytes;
}

void ImplicitGemm::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const {
  Call call;
  const bool bytes = type_ != Type::f32;
  call.tiles = bytes ? &quads()->tiles[type_ == Type::s8 ? 1 : 0][1]
                     : &kernels::kernel_set(kernels::arithmetic_for(Type::f32, Mac::fused)).tiles;
  call.y = &y, call.direct = !bytes, call.unit = 4;
  const Index n = rows_.n(), all = groups_ * outputs_;
  for (Index g = 0; g < groups_; ++g) {
    GemmOptions options;
    Epilogue& e = options.epilogue;
    if (bytes) {
      e.bias = per_column(bias_.data() + g * outputs_, n, outputs_);
      Requantise& r = e.requantise;
      r.multiplier = per_column(linear_.multiplier.data() + g * outputs_, n, outputs_);
      r.shift = per_column(linear_.shift.data() + g * outputs_, n, outputs_);
      r.zero_point = y.info().quantisation.zero_point, r.rounding = linear_.rounding;
      r.low = linear_.low, r.high = linear_.high;
    } else {
      if (linear_.bias) e.bias = per_column(linear_.bias->as<float>() + g * outputs_, n, outputs_);
      if (residual != nullptr) {
        e.residual = ConstMatrix(residual->as<float>() + g * outputs_, Type::f32, n, outputs_, all, 1);
      }
      e.activation = activation;
    }
    auto* data = static_cast<char*>(y.data()) + g * outputs_ * size_of(y.info().type);
    call.ends.emplace_back(Matrix(data, y.info().type, n, outputs_, all, 1), options);
  }
  call.plain = call.direct && call.ends[0].plain();

  const double macs = static_cast<double>(n) * static_cast<double>(all) * static_cast<double>(k_);
  int threads = detail::thread_count({}, static_cast<Index>(macs), static_cast<double>(n * (all + k_) + all * k_));
  const Index panels = weights_[0].storage()->panels().height();
  const Index all_panels = ceil_div(outputs_, panels);
  call.blocks = ceil_div(n, kBlock);
  call.part = std::min(kPartPanels, all_panels);
  constexpr Index kItemsPerThread = 8;
  while (call.part > 1 && call.blocks * groups_ * ceil_div(all_panels, call.part) < kItemsPerThread * threads) {
    --call.part;
  }
  call.parts = ceil_div(all_panels, call.part);
  const Index items = call.blocks * groups_ * call.parts;
  threads = static_cast<int>(std::min<Index>(threads, items));

  const Index each = call.direct ? 0 : on_line(ceil_div(n, call.blocks) * call.part * panels * 4);
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

void ImplicitGemm::block(const Call& call, Index item, char* memory) const {
  const Index n = rows_.n(), all = groups_ * outputs_;
  const Index part = item % call.parts, group = item / call.parts % groups_, number = item / call.parts / groups_;
  const Index n0 = number * n / call.blocks, n1 = (number + 1) * n / call.blocks;
  const detail::DensePanels panels = weights_[0].storage()->panels();
  const Index m0 = part * call.part * panels.height(), m1 = std::min(outputs_, m0 + call.part * panels.height());
  const char* weights = reinterpret_cast<const char*>(weights_[group].storage()->bytes.data());
  const Index element = size_of(type_);
  const char* data = call.data + group * rows_.group_bytes();
  const Index ld = call.direct ? all : m1 - m0;
  char* sums = memory;
  if (call.direct) sums = static_cast<char*>(call.y->data()) + (n0 * all + group * outputs_ + m0) * 4;

  const TileSet& tiles = *call.tiles;
  std::vector<Slab> slabs;
  Index cut_for = 0;
  const Index run_steps = rows_.run() * element / call.unit, chunks = ceil_div(run_steps, kSteps);
  for (Index m = m0; m < m1; m += tiles.most_vectors * tiles.lanes) {
    const Index panel = m / panels.height(), wide = panels.rows(panel);
    const Index cols = std::min(tiles.most_vectors * tiles.lanes, panel * panels.height() + wide - m);
    const Index vectors = ceil_div(cols, tiles.lanes), most = tiles.rows[vectors - 1];
    if (cut_for != most) cut(rows_, n0, n1, most, slabs), cut_for = most;
    TileCall tile;
    tile.b_step = wide * call.unit, tile.b_ahead = 4 * tile.b_step;
    tile.a_row = rows_.step(), tile.a_step = call.unit;
    tile.c_row = ld * 4, tile.cols = cols;
    tile.zero = true;
    for (Index tap = 0; tap < rows_.taps(); ++tap) {
      for (Index c = 0; c < chunks; ++c) {
        const Index s0 = c * run_steps / chunks, s1 = (c + 1) * run_steps / chunks;
        tile.steps = s1 - s0;
        const char* b = weights + panels.offset(m, (tap * run_steps + s0) * (call.unit / element));
        tile.b = b;
        // What comes next lies behind: fetched meanwhile, a piece by each tile.
        const Index bytes = tile.steps * tile.b_step, piece = bytes / static_cast<Index>(slabs.size());
        tile.ahead_step = ceil_div(piece, tile.steps);
        const char* a = data + rows_.offset(tap) + s0 * call.unit;
        const char* ahead = b + bytes;
        for (const Slab& slab : slabs) {
          tile.a = a + slab.start, tile.rows = slab.size;
          tile.c = sums + slab.first * tile.c_row + (m - m0) * 4;
          tile.ahead = ahead, ahead += piece;
          tiles.run[vectors - 1][slab.size - 1](tile);
        }
        tile.zero = false;
      }
    }
  }
  if (!call.plain) call.ends[static_cast<std::size_t>(group)].end(n0, n1, m0, m1, sums, ld);
}

}  // namespace septet::network
