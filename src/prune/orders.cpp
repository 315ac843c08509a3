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

// Rows that share what is removed.
Index tile_of(const PruneOptions& options, Dataflow dataflow) {
  if (options.groups == PruneGroups::blocks) return options.block.rows;
  const ArrayShape& array = options.cost.gemm.array;
  return dataflow == Dataflow::sWS ? array.width : array.height;
}

// Columns of a tile with a weight that stays, on average, rounded up.
Index live_columns(const PrunedLayer& layer, const Scores& scores, Index tile) {
  Index live = 0;
  for (Index first = 0; first < scores.m; first += tile) {
    const Index last = std::min(first + tile, scores.m);
    for (Index j = 0; j < scores.k; ++j) {
      Index row = first;
      while (row < last && layer.mask[scores.index(0, row, j)] == 0) ++row;
      live += row < last ? 1 : 0;
    }
  }
  return detail::ceil_div(live, detail::ceil_div(scores.m, tile));
}

// Matrices of writers side by side.
struct SideBySide {
  Index rows = 0, cols = 0, tile = 0, kept_columns = 0;
  std::vector<double> scores;

  void add(const Scores& more, Index live) {
    const double energy = std::accumulate(more.values.begin(), more.values.end(), 0.);
    std::vector<double> joined;
    joined.reserve(scores.size() + more.values.size());
    for (Index i = 0; i < rows; ++i) {
      joined.insert(joined.end(), scores.begin() + i * cols, scores.begin() + (i + 1) * cols);
      for (Index j = 0; j < more.k; ++j) joined.push_back(energy > 0 ? more.at(0, i, j) / energy : 0);
    }
    scores = std::move(joined), cols += more.k, kept_columns += live;
  }
};

const PrunedLayer* find(const std::vector<PrunedLayer>& pruned, Index step) {
  const auto layer =
      std::find_if(pruned.begin(), pruned.end(), [&](const PrunedLayer& one) { return one.step == step; });
  return layer == pruned.end() ? nullptr : &*layer;
}

std::vector<Index> aligned_order(const Network& network, const ChannelSet& set, const PruneOptions& options,
                                 const std::vector<PrunedLayer>& pruned) {
  SideBySide writers;
  writers.rows = set.size;
  for (const Index step : set.writers) {
    const PrunedLayer* layer = find(pruned, step);
    if (layer == nullptr) continue;
    const auto i = static_cast<std::size_t>(step);
    const Scores scores = scores_of(network, network.steps[i],
                                    options.statistics.empty() ? std::vector<double>() : options.statistics[i]);
    if (writers.tile == 0) writers.tile = tile_of(options, layer->dataflow);
    const Index live = live_columns(*layer, scores, writers.tile);
    writers.add(scores, live < scores.k ? live : detail::ceil_div(scores.k, 2));
  }
  if (writers.tile == 0) return given_order(set);
  return aligned_rows(writers.scores, writers.rows, writers.cols, writers.tile, writers.kept_columns);
}

}  // namespace

Orders aligned_orders(const Network& network, const std::vector<ChannelSet>& channels, const PruneOptions& options,
                      const std::vector<PrunedLayer>& pruned) {
  Orders orders(channels.size());
  side_by_side(channels.size(),
               [&](std::size_t s) { orders[s] = aligned_order(network, channels[s], options, pruned); });
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
