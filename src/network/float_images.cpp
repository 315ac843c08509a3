// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ImagesLayer of f32, with the kernels of sparse blocks and rows (kernels/rows.hpp): one chain per output, k ascending.
#include "float_images.hpp"

#include "float_steps.hpp"
#include "kernels/dispatch.hpp"
#include "row_weights.hpp"
#include "share.hpp"
#include "src/panels.hpp"
#include "window_taps.hpp"

#include <limits>

namespace septet::network {
namespace {

using kernels::BlocksCall;
using kernels::RowsCall;
using kernels::RowSet;

// What a multiply-add takes in strips of kBlockHeights[…] rows, which share loads; a single row has one load each.
constexpr double kCosts[kernels::kBlockHeightCount] = {1, 1.05, 1.2, 1.6};
constexpr Index kFloat = sizeof(float);

const RowSet& row_kernels() { return kernels::row_set(kernels::arithmetic_for(Type::f32, Mac::fused)); }

// What the kernels can do to their sums.
bool ends_in_kernel(Activation activation) { return activation == Activation::none || activation == Activation::relu; }

using Weights = RowWeights<float>;

int height_of(Index rows, int tallest) {
  int height = tallest;
  while (kernels::kBlockHeights[height] > rows) ++height;
  return height;
}

// f(first row, height) for strips that together are all rows.
template <class F>
void for_strips(Index rows, int tallest, F&& f) {
  for (Index m = 0; m < rows;) {
    const int height = height_of(rows - m, tallest);
    f(m, height);
    m += kernels::kBlockHeights[height];
  }
}

// The height of strips that takes the least time.
int best_height(const Weights& w) {
  int best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int tallest = 0; tallest < kernels::kBlockHeightCount; ++tallest) {
    double cost = 0;
    for_strips(w.rows, tallest, [&](Index m, int height) {
      const Index rows = kernels::kBlockHeights[height];
      Index live = 0;
      for (Index k = 0; k < w.cols; ++k) live += w.is_live(m, m + rows, k);
      cost += static_cast<double>(live * rows) * kCosts[height];
    });
    if (cost < least) least = cost, best = tallest;
  }
  return best;
}

// The weights that the outputs of a class meet.
struct Lists {
  std::vector<Index> begin{0};      // of each strip: its first column
  std::vector<std::int32_t> index;  // live columns
  std::vector<float> values;        // a strip's column by column
};

class FloatImages : public ImagesLayer {
 public:
  FloatImages(const ImplicitGemm::Shape& shape, Zeros zeros);
  void run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const override;
  bool adds_in_place() const override { return true; }
  Format format() const override {
    return zeros_ == Zeros::kept ? Format::dense : tallest_ == kSingle ? Format::csr : Format::bsr;
  }
  Index packed_bytes() const override;

 private:
  static constexpr int kSingle = kernels::kBlockHeightCount - 1;  // strips of one row

  struct Place {
    const float* x;
    float* y;
  };
  Lists list(const Weights& weights, Index of_class) const;
  void strips(const Lists& lists, const Place& place, kernels::RowEnd end) const;
  void strip(BlocksCall call, int height, kernels::RowEnd end) const;
  void rows(const Lists& lists, const Place& place, kernels::RowEnd end) const;

  const Linear* linear_;
  WindowTaps taps_;
  ImageBlocks blocks_;
  const RowSet& kernels_;
  Index outputs_;
  Zeros zeros_;
  int tallest_;                                               // strip, of kBlockHeights
  std::vector<int> vectors_[kernels::kBlockHeightCount + 1];  // panels of a block's images; rows' last
  std::vector<Lists> lists_;
};

FloatImages::FloatImages(const ImplicitGemm::Shape& shape, Zeros zeros)
    : linear_(shape.linear),
      taps_(shape.x, shape.window),
      blocks_(shape.x),
      kernels_(row_kernels()),
      outputs_(linear_->outputs()),
      zeros_(zeros) {
  const TensorInfo& info = linear_->weight->info();
  const Weights weights{linear_->weight->as<float>(), outputs_, info.elements() / outputs_, zeros};
  tallest_ = best_height(weights);
  for (int i = 0; i <= kernels::kBlockHeightCount; ++i) {
    const int most = i < kernels::kBlockHeightCount ? kernels_.block_vectors[i] : kernels::kMaxRowVectors;
    const detail::PanelWidths panels(blocks_.at_once, kernels_.lanes, most);
    for (Index p = 0; p < panels.count; ++p) vectors_[i].push_back(panels.of(p));
  }
  for (Index i = 0; i < taps_.classes(); ++i) lists_.push_back(list(weights, i));
}

Lists FloatImages::list(const Weights& w, Index of_class) const {
  Lists lists;
  for_strips(w.rows, tallest_, [&](Index m, int height) {
    const Index rows = kernels::kBlockHeights[height];
    taps_.for_each(of_class, [&](Index k, Index at) {
      if (!w.is_live(m, m + rows, k)) return;
      lists.index.push_back(static_cast<std::int32_t>(at));
      for (Index i = 0; i < rows; ++i) lists.values.push_back(w.data[(m + i) * w.cols + k]);
    });
    lists.begin.push_back(static_cast<Index>(lists.index.size()));
  });
  return lists;
}

Index FloatImages::packed_bytes() const {
  std::size_t bytes = 0;
  for (const Lists& lists : lists_) {
    bytes += lists.begin.size() * sizeof(Index) + lists.index.size() * sizeof(std::int32_t) +
             lists.values.size() * sizeof(float);
  }
  return static_cast<Index>(bytes);
}

void FloatImages::run(const Tensor& x, const Tensor* residual, Activation activation, Tensor& y) const {
  const Index height = taps_.out_height(), width = taps_.out_width(), items = blocks_.count * height;
  const Index x_block = blocks_.elements * blocks_.at_once, step = outputs_ * blocks_.at_once;
  const Index stored = static_cast<Index>(lists_.front().values.size());
  const int threads = threads_for(items, items * width * stored * blocks_.at_once, items * width * step);
  share(items, threads, [&](Index item, int /*worker*/) {
    const Index block = item / height, p = item % height;
    kernels::RowEnd end;
    end.bias = linear_->bias ? linear_->bias->as<float>() : nullptr;
    end.residual_row = blocks_.at_once * kFloat, end.relu = activation == Activation::relu;
    for (Index q = 0; q < width; ++q) {
      const Index at = (item * width + q) * step;
      const Place place{x.as<float>() + block * x_block + taps_.base(p, q) * blocks_.at_once, y.as<float>() + at};
      const Lists& lists = lists_[static_cast<std::size_t>(taps_.class_of(p, q))];
      if (residual != nullptr) end.residual = residual->as<float>() + at;
      tallest_ == kSingle ? rows(lists, place, end) : strips(lists, place, end);
      if (!ends_in_kernel(activation)) activate(activation, place.y, place.y, step);
    }
  });
}

void FloatImages::strips(const Lists& lists, const Place& place, kernels::RowEnd end) const {
  BlocksCall call;
  call.k_end = std::numeric_limits<Index>::max();
  call.b = place.x, call.b_step = call.c_row = end.residual_row, call.zero = true;
  const float* values = lists.values.data();
  std::size_t i = 0;
  for_strips(outputs_, tallest_, [&](Index m, int height) {
    const Index rows = kernels::kBlockHeights[height];
    call.values = values, call.step = rows;
    call.block_idx = lists.index.data() + lists.begin[i], call.blocks = lists.begin[i + 1] - lists.begin[i];
    call.c = place.y + m * blocks_.at_once;
    strip(call, height, end);
    values += call.blocks * rows, ++i;
    if (end.bias != nullptr) end.bias += rows;
    if (end.residual != nullptr) end.residual += rows * blocks_.at_once;
  });
}

// Panel by panel of the images.
void FloatImages::strip(BlocksCall call, int height, kernels::RowEnd end) const {
  call.end = &end;
  Index left = blocks_.at_once;
  for (const int vectors : vectors_[height]) {
    const Index images = std::min(vectors * kernels_.lanes, left);
    call.cols = images, left -= images;
    kernels_.blocks[height][vectors - 1](call);
    call.b = static_cast<const float*>(call.b) + images, call.c = static_cast<float*>(call.c) + images;
    if (end.residual != nullptr) end.residual += images;
  }
}

// One after the other.
void FloatImages::rows(const Lists& lists, const Place& place, kernels::RowEnd end) const {
  RowsCall call;
  call.values = lists.values.data(), call.index = lists.index.data(), call.row_ptr = lists.begin.data();
  call.rows = outputs_, call.b_step = call.c_row = end.residual_row, call.zero = true, call.end = &end;
  Index image = 0;
  for (const int vectors : vectors_[kernels::kBlockHeightCount]) {
    call.cols = std::min(vectors * kernels_.lanes, blocks_.at_once - image);
    call.b = place.x + image, call.c = place.y + image;
    kernels_.rows32_ends[vectors - 1](call);
    image += call.cols;
    if (end.residual != nullptr) end.residual += call.cols;
  }
}

}  // namespace

std::unique_ptr<ImagesLayer> float_images(const ImplicitGemm::Shape& shape, Zeros zeros) {
  return std::make_unique<FloatImages>(shape, zeros);
}

}  // namespace septet::network
