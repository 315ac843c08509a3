// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ImagesLayer of bytes, four multiplied at a time (kernels/quad_blocks.hpp). The fours of a strip of rows are any four
// of its live columns: lines of images are interleaved anyway, and need not be neighbours for it.
//
// Inputs multiply unsigned: x' = x, or x + 128 of s8; with z' the zero point moved likewise,
// sum w (x' - z') = sum w x' - z' sum w, over what the outputs of a class meet.
#include "byte_images.hpp"
#include "row_weights.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/quad.hpp"
#include "kernels/quad_blocks.hpp"
#include "share.hpp"
#include "src/panels.hpp"
#include "src/workspace.hpp"
#include "window_taps.hpp"

#include <limits>
#include <numeric>

namespace septet::network {
namespace {

using detail::ceil_div;
using kernels::kBlockHeights;
using kernels::kLineBytes;

constexpr Index kHeights[] = {8, 16, 32};  // of strips
constexpr Index kLanes = 16;               // of s32
constexpr Index kTileVectors = 2;          // of tiles' sums
constexpr Index kPositions = 4;            // whose sums are requantised together
constexpr Index kSum = sizeof(std::int32_t);
constexpr Index kQuadBytes = 4 * kLineBytes;

using Weights = RowWeights<std::int8_t>;

// Strips of so many rows, multiplied in tile registers or in vectors.
struct Way {
  Index height = 0;
  bool tiles = false;
};

// Cycles for one position: fours are interleaved; multiplied, 64 images with each row; sums end. Tiles take whole
// registers of 16 rows by 16 fours.
double cost_of(Index quads, Index rows, bool tiles) {
  constexpr double kInterleaved = 10, kCall = 60, kTileCall = 150;
  const auto interleaved = kInterleaved * static_cast<double>(quads);
  if (!tiles)
    return interleaved + 2. * static_cast<double>(quads * rows) + kCall * static_cast<double>(ceil_div(rows, 8));
  const Index deep = ceil_div(quads, 16), high = ceil_div(rows, 16);
  return interleaved + static_cast<double>(64 * deep * high + 24 * deep + 64 * high) + 2 * kTileCall;
}

Way best_way(const Weights& w, bool has_tiles) {
  Way best;
  double least = std::numeric_limits<double>::infinity();
  for (const Index height : kHeights) {
    double costs[2] = {0, 0};
    for (Index m = 0; m < w.rows; m += height) {
      const Index end = std::min(m + height, w.rows);
      Index live = 0;
      for (Index k = 0; k < w.cols; ++k) live += w.is_live(m, end, k);
      for (const bool tiles : {false, true}) costs[tiles] += cost_of(ceil_div(live, 4), end - m, tiles);
    }
    for (const bool tiles : {false, true}) {
      if (costs[tiles] < least && (has_tiles || !tiles)) least = costs[tiles], best = {height, tiles};
    }
  }
  return best;
}

// The weights that the outputs of a class meet.
struct Lists {
  struct Strip {
    Index first, quads;  // of `index`, in fours
    Index values;        // where its weights begin
  };
  std::vector<Strip> strips;
  std::vector<std::int32_t> index;  // four live columns a quad, filled up with one again
  std::vector<std::int8_t> values;  // of a strip: [quad][row][4]; for tiles [row][quad][4], in whole registers
  std::vector<std::int32_t> bias;   // with what the inputs' zero point adds
};

class ByteImages : public ImagesLayer {
 public:
  ByteImages(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros);
  void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const override;
  bool adds_in_place() const override { return false; }
  Format format() const override { return zeros_ == Zeros::kept ? Format::dense : Format::bsr; }
  Index packed_bytes() const override;

 private:
  // Some positions of a class, side by side.
  struct Place {
    const char* x;  // what the first one meets
    Index step;     // bytes to the next one's
    char* y;
    Index count;
  };
  void list_strip(const Weights& weights, Index of_class, Index m0, Index m1, Lists& lists) const;
  void add_bias(const Weights& weights, Index of_class, Lists& lists) const;
  void row(Index block, Index p, const Tensor& x, Tensor& y, char* memory) const;
  void strips(const Lists& lists, const Place& place, char* memory) const;
  // Tiles multiply whole registers, one at least.
  Index depth(Index quads) const {
    return tiles_ != nullptr ? std::max<Index>(1, ceil_div(quads, kLanes)) * kLanes : quads;
  }
  void multiply(const Lists& lists, const Lists::Strip& strip, Index rows, const char* panel, char* sums) const;
  void multiply_tiles(const Lists& lists, const Lists::Strip& strip, Index rows, const char* panel, char* sums) const;
  bool can_end_lines() const;
  void end(const Lists& lists, const Place& place, Index m, Index rows, const char* sums) const;
  void requantise(const Lists& lists, const Place& place, Index m, Index rows, const char* sums) const;

  const Linear* linear_;
  WindowTaps taps_;
  ImageBlocks blocks_;
  const kernels::QuadBlockKernels& kernels_;
  Index outputs_;
  Zeros zeros_;
  bool turns_;                               // inputs' sign
  int zero_point_;                           // … of what is multiplied
  Index height_;                             // of a strip
  const kernels::TileSet* tiles_ = nullptr;  // … which is multiplied so; or null
  bool ends_in_lines_;                       // as LinesEnd can
  kernels::RequantiseCall requantise_;
  std::vector<std::int32_t> quads_;                       // 0, 1, …
  std::vector<int> vectors_[kernels::kBlockHeightCount];  // panels of a line
  std::vector<Lists> lists_;
};

ByteImages::ByteImages(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros)
    : linear_(shape.linear),
      taps_(shape.x, shape.window),
      blocks_(shape.x),
      kernels_(*kernels::quad_block_kernels()),
      outputs_(linear_->outputs()),
      zeros_(zeros),
      turns_(shape.x.type == Type::s8),
      zero_point_(shape.x.quantisation.zero_point + (turns_ ? 128 : 0)) {
  const TensorInfo& info = linear_->weight->info();
  const Weights weights{linear_->weight->as<std::int8_t>(), outputs_, info.elements() / outputs_, zeros};
  const kernels::QuadKernels* large = kernels::large_quad_kernels();
  const Way way = best_way(weights, large != nullptr && large->any_signs);
  height_ = way.height;
  if (way.tiles) tiles_ = &large->tiles[1][0];
  ends_in_lines_ = can_end_lines();
  requantise_.type = y.type, requantise_.count = kLineBytes, requantise_.rounding = linear_->rounding;
  requantise_.zero_point = y.quantisation.zero_point;
  requantise_.low = linear_->low, requantise_.high = linear_->high;
  for (int i = 0; i < kernels::kBlockHeightCount; ++i) {
    const detail::PanelWidths panels(kLineBytes, kLanes, kernels_.vectors[i]);
    for (Index p = 0; p < panels.count; ++p) vectors_[i].push_back(panels.of(p));
  }
  quads_.resize(static_cast<std::size_t>(ceil_div(weights.cols, 4)));
  std::iota(quads_.begin(), quads_.end(), 0);
  for (Index i = 0; i < taps_.classes(); ++i) {
    Lists& lists = lists_.emplace_back();
    for (Index m = 0; m < outputs_; m += height_) list_strip(weights, i, m, std::min(m + height_, outputs_), lists);
    add_bias(weights, i, lists);
  }
}

void ByteImages::list_strip(const Weights& w, Index of_class, Index m0, Index m1, Lists& lists) const {
  std::vector<Index> live;  // columns of the weights
  taps_.for_each(of_class, [&](Index k, Index at) {
    if (!w.is_live(m0, m1, k)) return;
    live.push_back(k);
    lists.index.push_back(static_cast<std::int32_t>(at));
  });
  while (lists.index.size() % 4 != 0) lists.index.push_back(lists.index.back());
  const auto count = static_cast<Index>(live.size());
  const Index quads = ceil_div(count, 4), rows = m1 - m0, deep = depth(quads);
  const auto values = static_cast<Index>(lists.values.size());
  lists.strips.push_back({static_cast<Index>(lists.index.size()) / 4 - quads, quads, values});
  lists.values.resize(static_cast<std::size_t>(values + deep * rows * 4), 0);
  for (Index i = 0; i < count; ++i) {
    for (Index r = 0; r < rows; ++r) {
      const Index place = tiles_ != nullptr ? r * deep + i / 4 : i / 4 * rows + r;
      lists.values[static_cast<std::size_t>(values + place * 4 + i % 4)] =
          w.data[(m0 + r) * w.cols + live[static_cast<std::size_t>(i)]];
    }
  }
}

void ByteImages::add_bias(const Weights& w, Index of_class, Lists& lists) const {
  for (Index m = 0; m < outputs_; ++m) {
    std::uint32_t sum = 0;  // modulo 2^32, like everything
    taps_.for_each(of_class, [&](Index k, Index /*at*/) { sum += static_cast<std::uint32_t>(w.data[m * w.cols + k]); });
    const std::uint32_t bias = linear_->bias ? static_cast<std::uint32_t>(linear_->bias->as<std::int32_t>()[m]) : 0;
    lists.bias.push_back(static_cast<std::int32_t>(bias - static_cast<std::uint32_t>(zero_point_) * sum));
  }
}

Index ByteImages::packed_bytes() const {
  std::size_t bytes = 0;
  for (const Lists& lists : lists_) {
    bytes += lists.strips.size() * sizeof(Lists::Strip) + lists.values.size() +
             (lists.index.size() + lists.bias.size()) * sizeof(std::int32_t);
  }
  return static_cast<Index>(bytes);
}

void ByteImages::run(const Tensor& x, const Tensor* /*residual*/, Activation /*activation*/, Tensor& y) const {
  const Index items = blocks_.count * taps_.out_height(), step = outputs_ * kLineBytes;
  const auto stored = static_cast<Index>(lists_.front().values.size());
  const int threads =
      threads_for(items, items * taps_.out_width() * stored * kLineBytes, items * taps_.out_width() * step);
  const Index each = depth(static_cast<Index>(quads_.size())) * kQuadBytes + kPositions * height_ * kLineBytes * kSum;
  const detail::Workspace workspace(each * threads);
  detail::SharedItems shared(items);
  detail::run_team({}, threads, [&](int worker) {
    char* memory = workspace.data() + worker * each;
    shared.for_each([&](Index item) { row(item / taps_.out_height(), item % taps_.out_height(), x, y, memory); });
    if (tiles_ != nullptr) kernels::large_quad_kernels()->release();
  });
}

// A row of outputs: positions of one class together.
void ByteImages::row(Index block, Index p, const Tensor& x, Tensor& y, char* memory) const {
  const Index width = taps_.out_width(), step = outputs_ * kLineBytes;
  const char* images = x.as<char>() + block * blocks_.elements * kLineBytes;
  char* out = y.as<char>() + (block * taps_.out_height() + p) * width * step;
  for (Index q = 0; q < width;) {
    const Index of_class = taps_.class_of(p, q);
    Place place{images + taps_.base(p, q) * kLineBytes, 0, out + q * step, 1};
    for (++q; q < width && place.count < kPositions && taps_.class_of(p, q) == of_class; ++q) ++place.count;
    if (place.count > 1) place.step = (taps_.base(p, q - 1) - taps_.base(p, q - 2)) * kLineBytes;
    strips(lists_[static_cast<std::size_t>(of_class)], place, memory);
  }
}

void ByteImages::strips(const Lists& lists, const Place& place, char* memory) const {
  char* sums = memory + depth(static_cast<Index>(quads_.size())) * kQuadBytes;
  Index m = 0;
  for (const Lists::Strip& strip : lists.strips) {
    const Index rows = std::min(height_, outputs_ - m);
    for (Index i = 0; i < place.count; ++i) {
      kernels_.interleave(place.x + i * place.step, lists.index.data() + 4 * strip.first, strip.quads, turns_, memory);
      char* to = sums + i * rows * kLineBytes * kSum;
      tiles_ != nullptr ? multiply_tiles(lists, strip, rows, memory, to) : multiply(lists, strip, rows, memory, to);
    }
    ends_in_lines_ ? end(lists, place, m, rows, sums) : requantise(lists, place, m, rows, sums);
    m += rows;
  }
}

// Behind the strip's last quad weights are zeros, whatever the panel holds.
void ByteImages::multiply_tiles(const Lists& lists, const Lists::Strip& strip, Index rows, const char* panel,
                                char* sums) const {
  kernels::TileCall call;
  call.steps = depth(strip.quads), call.a = lists.values.data() + strip.values;
  call.a_row = call.steps * 4, call.a_step = 4;
  call.b_step = kQuadBytes, call.c_row = kLineBytes * kSum;
  call.rows = rows, call.cols = kTileVectors * kLanes, call.zero = true;
  for (Index image = 0; image < kLineBytes; image += call.cols) {
    call.b = panel + image * 4, call.c = sums + image * kSum;
    tiles_->run[kTileVectors - 1][rows - 1](call);
  }
}

void ByteImages::multiply(const Lists& lists, const Lists::Strip& strip, Index rows, const char* panel,
                          char* sums) const {
  kernels::BlocksCall call;
  call.step = rows, call.block_idx = quads_.data(), call.blocks = strip.quads;
  call.b_step = kQuadBytes, call.c_row = kLineBytes * kSum, call.zero = true;
  const std::int8_t* values = lists.values.data() + strip.values;
  for (Index i = 0; i < rows;) {
    int height = 0;
    while (kBlockHeights[height] > rows - i) ++height;
    call.values = values + 4 * i;
    Index image = 0;
    for (const int vectors : vectors_[height]) {
      call.cols = vectors * kLanes;
      call.b = panel + image * 4, call.c = sums + (i * kLineBytes + image) * kSum;
      kernels_.run[1][height][vectors - 1](call);
      image += call.cols;
    }
    i += kBlockHeights[height];
  }
}

bool ByteImages::can_end_lines() const {
  const std::vector<std::int32_t>&multiplier = linear_->multiplier, &shift = linear_->shift;
  if (linear_->rounding == Rounding::fp32_nearest_even) return true;
  return linear_->rounding == Rounding::gemmlowp_double &&
         std::all_of(shift.begin(), shift.end(), [](std::int32_t s) { return s <= -2 && s >= -22; }) &&
         std::all_of(multiplier.begin(), multiplier.end(), [](std::int32_t m) { return m >= 0; });
}

void ByteImages::end(const Lists& lists, const Place& place, Index m, Index rows, const char* sums) const {
  kernels::LinesEnd call;
  call.sums = reinterpret_cast<const std::int32_t*>(sums), call.out = place.y + m * kLineBytes;
  call.positions = place.count, call.rows = rows, call.step = outputs_ * kLineBytes;
  call.bias = lists.bias.data() + m;
  if (linear_->rounding == Rounding::fp32_nearest_even) {
    call.scale = linear_->scale.data() + m;
  } else {
    call.multiplier = linear_->multiplier.data() + m, call.shift = linear_->shift.data() + m;
  }
  call.is_signed = requantise_.type == Type::s8;
  call.zero_point = requantise_.zero_point, call.low = requantise_.low, call.high = requantise_.high;
  kernels_.end(call);
}

void ByteImages::requantise(const Lists& lists, const Place& place, Index m, Index rows, const char* sums) const {
  kernels::RequantiseCall call = requantise_;
  call.rows = place.count, call.sums_row = rows * kLineBytes, call.out_row = outputs_ * kLineBytes;
  for (Index i = m; i < m + rows; ++i) {
    call.sums = reinterpret_cast<const std::int32_t*>(sums) + (i - m) * kLineBytes;
    call.out = place.y + i * kLineBytes;
    call.bias = {lists.bias.data() + i, true};
    if (linear_->rounding == Rounding::fp32_nearest_even) {
      call.scale = {linear_->scale.data() + i, true};
    } else {
      call.multiplier = {linear_->multiplier.data() + i, true}, call.shift = {linear_->shift.data() + i, true};
    }
    kernels::epilogue_kernels().requantise(call);
  }
  for (Index i = 0; i < place.count; ++i) kernels_.reorder(place.y + (i * outputs_ + m) * kLineBytes, rows);
}

}  // namespace

std::unique_ptr<ImagesLayer> byte_images(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros) {
  const TensorInfo& weight = shape.linear->weight->info();
  const bool known = weight.type == Type::s8 && weight.quantisation.zero_point == 0 && size_of(y.type) == 1;
  if (!known || kernels::quad_block_kernels() == nullptr) return nullptr;
  return std::make_unique<ByteImages>(shape, y, zeros);
}

}  // namespace septet::network
