// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"

#include "align.hpp"
#include "scores.hpp"
#include "side_by_side.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <numeric>

namespace septet::network::pruning {
namespace {

// [m][k], k = … * size + channel, as [channel][m][…].
template <class T>
std::vector<T> by_channel(const std::vector<T>& values, Index k, Index size) {
  std::vector<T> result;
  result.reserve(values.size());
  const auto count = static_cast<Index>(values.size());
  for (Index channel = 0; channel < size; ++channel) {
    for (Index row = 0; row < count; row += k) {
      for (Index j = channel; j < k; j += size) result.push_back(values[static_cast<std::size_t>(row + j)]);
    }
  }
  return result;
}

// What a set of channels is ordered for: matrices with a row for each, of scores as shares of a layer's energy. Those
// whose tiles are as high as the first one's lie side by side.
class Wishes {
 public:
  Wishes(const Network& network, const ChannelSet& set, const PruneOptions& options,
         const std::vector<PrunedLayer>& pruned)
      : network_(network), size_(set.size), options_(options) {
    const auto has_step = [&](const std::vector<Index>& steps, Index step) {
      return std::binary_search(steps.begin(), steps.end(), step);
    };
    for (const PrunedLayer& layer : pruned) {
      if (has_step(set.writers, layer.step)) add_rows(layer);
    }
    for (const PrunedLayer& layer : pruned) {
      if (has_step(set.readers, layer.step)) add_columns(layer);
    }
  }

  std::vector<Index> order() const {
    Index cols = 0;
    for (const auto& matrix : matrices_) cols += static_cast<Index>(matrix.size()) / size_;
    std::vector<double> scores;
    scores.reserve(static_cast<std::size_t>(size_ * cols));
    for (Index i = 0; i < size_; ++i) {
      for (const auto& matrix : matrices_) {
        const auto width = static_cast<std::ptrdiff_t>(matrix.size()) / size_;
        scores.insert(scores.end(), matrix.begin() + i * width, matrix.begin() + (i + 1) * width);
      }
    }
    return aligned_rows(scores, size_, cols, tile_ == 0 ? size_ : tile_, kept_columns_);
  }

 private:
  // Rows, columns that what is removed has in common; 0: just one.
  Index rows_of(const PrunedLayer& layer) const {
    if (options_.groups == PruneGroups::blocks) return options_.block.rows;
    const CostOptions& cost = options_.cost;
    if (cost.gemm.dataflow == Dataflow::sIS) return 0;
    return layer.dataflow == Dataflow::sWS ? cost.gemm.array.width : cost.gemm.array.height;
  }
  Index columns_of(const PrunedLayer& layer) const {
    const bool blocks = options_.groups == PruneGroups::blocks;
    const Index columns = blocks ? options_.block.cols : options_.cost.gemm.array.height;
    // Tiles are cut from all of K: only these have channels of the same places in the window.
    return (blocks || layer.dataflow == Dataflow::sIS) && size_ % columns == 0 ? columns : 0;
  }

  bool take(Index tile) {
    if (tile_ == 0) tile_ = tile;
    return tile != 0 && tile == tile_;
  }
  Scores scores_at(Index step) const {
    static const std::vector<double> kNone;
    const auto i = static_cast<std::size_t>(step);
    Scores scores =
        scores_of(network_, network_.steps[i], options_.statistics.empty() ? kNone : options_.statistics[i]);
    const double energy = std::accumulate(scores.values.begin(), scores.values.end(), 0.);
    for (double& score : scores.values) score = energy > 0 ? score / energy : 0;
    return scores;
  }

  void add_rows(const PrunedLayer& layer) {
    if (!take(rows_of(layer))) return;
    matrices_.push_back(scores_at(layer.step).values);
    count_columns(layer);
  }
  void add_columns(const PrunedLayer& layer) {
    if (!take(columns_of(layer))) return;
    const Scores scores = scores_at(layer.step);
    matrices_.push_back(by_channel(scores.values, scores.k, size_));
    count_columns(layer);
  }
  // What a tile would do with if its rows all kept the same columns. A layer that has lost nothing says nothing yet,
  // but might lose some in another order: half.
  void count_columns(const PrunedLayer& layer) {
    const Index left = layer.weights - layer.zeros;
    kept_columns_ += detail::ceil_div(layer.zeros > 0 ? left : left / 2, size_);
  }

  const Network& network_;
  const Index size_;
  const PruneOptions& options_;
  Index tile_ = 0, kept_columns_ = 0;
  std::vector<std::vector<double>> matrices_;
};

}  // namespace

Orders aligned_orders(const Network& network, const std::vector<ChannelSet>& channels, const PruneOptions& options,
                      const std::vector<PrunedLayer>& pruned) {
  Orders orders(channels.size());
  side_by_side(channels.size(),
               [&](std::size_t s) { orders[s] = Wishes(network, channels[s], options, pruned).order(); });
  return orders;
}

InputStatistics permuted_statistics(const InputStatistics& statistics, const std::vector<ChannelSet>& channels,
                                    const Orders& orders) {
  InputStatistics result = statistics;
  if (statistics.empty()) return result;
  for (std::size_t s = 0; s < channels.size(); ++s) {
    const auto size = static_cast<std::size_t>(channels[s].size);
    for (const auto* steps : {&channels[s].carriers, &channels[s].readers}) {
      for (const Index step : *steps) {
        const std::vector<double>& before = statistics[static_cast<std::size_t>(step)];
        std::vector<double>& after = result[static_cast<std::size_t>(step)];
        for (std::size_t c = 0; c < before.size(); ++c) {
          after[c] = before[c - c % size + static_cast<std::size_t>(orders[s][c % size])];
        }
      }
    }
  }
  return result;
}

}  // namespace septet::network::pruning
