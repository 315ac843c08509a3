// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "paths.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::network::pruning {
namespace {

// Of a layer: beyond, some blocks go at once.
constexpr Index kMostStates = Index{1} << 16;

struct Block {
  double score_per_weight = 0;
  Index index = 0;  // among those of all groups

  bool operator<(const Block& other) const {
    return score_per_weight != other.score_per_weight ? score_per_weight < other.score_per_weight : index < other.index;
  }
};

class BlockPaths : public Paths {
 public:
  BlockPaths(const Scores& scores, const BlockShape& shape)
      : scores_(scores),
        shape_(shape),
        down_(detail::ceil_div(scores.m, shape.rows)),
        across_(detail::ceil_div(scores.k, shape.cols)),
        weights_(static_cast<std::size_t>(scores.groups * down_ * across_), 0) {
    std::vector<double> sums(weights_.size(), 0);
    each_element([&](std::size_t block, std::size_t element) {
      sums[block] += scores.values[element], weights_[block] += scores.values[element] > 0;
    });
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (weights_[i] > 0) blocks_.push_back({sums[i] / weights_[i], static_cast<Index>(i)});
    }
  }

  Index tiles() const override { return 1; }

  std::vector<State> states(Index /*tile*/) const override {
    std::vector<Block> blocks = blocks_;
    std::sort(blocks.begin(), blocks.end());
    const auto count = static_cast<Index>(blocks.size());
    Index removed = count, weights = 0;
    double left = 0;
    std::vector<State> states(static_cast<std::size_t>(count == 0 ? 1 : full_states(count) + 2));
    for (Index state = static_cast<Index>(states.size()) - 1; state >= 0; --state) {
      for (const Index to = removed_by(state, count); removed > to; --removed) {
        const Block& block = blocks[static_cast<std::size_t>(removed) - 1];
        const Index in_block = weights_[static_cast<std::size_t>(block.index)];
        weights += in_block, left += block.score_per_weight * static_cast<double>(in_block);
      }
      states[static_cast<std::size_t>(state)] = {weights, left};
    }
    return states;
  }

  std::vector<State> single_groups(Index /*tile*/) const override {
    std::vector<State> states;
    for (const Group& block : singles()) states.push_back({block.weights, block.score});
    return states;
  }

  void remove(Index /*tile*/, Index state, std::uint8_t* mask) const override {
    std::vector<Block> blocks = blocks_;
    const auto count = static_cast<Index>(blocks.size());
    const Index single = count == 0 ? -1 : state - (full_states(count) + 2);
    const Index removed = single >= 0 ? count : removed_by(state, count);
    if (removed < count) std::nth_element(blocks.begin(), blocks.begin() + removed, blocks.end());
    std::vector<bool> gone(weights_.size(), false);
    for (Index i = 0; i < removed; ++i) {
      gone[static_cast<std::size_t>(blocks[static_cast<std::size_t>(i)].index)] = true;
    }
    if (single >= 0) gone[static_cast<std::size_t>(singles()[static_cast<std::size_t>(single)].index)] = false;
    each_element([&](std::size_t block, std::size_t element) {
      if (gone[block]) mask[element] = 0;
    });
  }

 private:
  // States but for the last two, one block and none.
  static Index full_states(Index blocks) { return detail::ceil_div(blocks - 1, at_once(blocks)); }
  static Index at_once(Index blocks) { return detail::ceil_div(blocks, kMostStates); }
  static Index removed_by(Index state, Index blocks) {
    if (blocks == 0) return 0;
    const Index full = full_states(blocks);
    return state < full ? state * at_once(blocks) : state - full + blocks - 1;
  }

  std::vector<Group> singles() const {
    std::vector<Group> groups;
    groups.reserve(blocks_.size());
    for (const Block& block : blocks_) {
      const Index in_block = weights_[static_cast<std::size_t>(block.index)];
      groups.push_back({block.index, block.score_per_weight * static_cast<double>(in_block), in_block});
    }
    return greatest_by_weights(groups);
  }

  // f(block, index among the layer's weights)
  template <class F>
  void each_element(F&& f) const {
    std::size_t element = 0;
    for (Index row = 0; row < scores_.groups * scores_.m; ++row) {
      const Index line = row / scores_.m * down_ + row % scores_.m / shape_.rows;
      for (Index column = 0; column < scores_.k; ++column) {
        f(static_cast<std::size_t>(line * across_ + column / shape_.cols), element++);
      }
    }
  }

  const Scores& scores_;
  const BlockShape shape_;
  const Index down_, across_;          // blocks of a group
  std::vector<Block> blocks_;          // live ones
  std::vector<std::int32_t> weights_;  // by block, of all groups
};

}  // namespace

std::unique_ptr<Paths> block_paths(const Scores& scores, const BlockShape& block) {
  return std::make_unique<BlockPaths>(scores, block);
}

void keep_neighbours(const Scores& scores, const GroupShape& group, std::uint8_t* mask) {
  std::vector<std::size_t> members;
  for (std::size_t row = 0; row < scores.values.size(); row += static_cast<std::size_t>(scores.k)) {
    for (Index j = 0; j < scores.k; j += group.m) {
      members.clear();
      for (Index i = j; i < std::min<Index>(j + group.m, scores.k); ++i) {
        members.push_back(row + static_cast<std::size_t>(i));
      }
      std::stable_sort(members.begin(), members.end(),
                       [&](std::size_t a, std::size_t b) { return scores.values[a] > scores.values[b]; });
      for (std::size_t i = static_cast<std::size_t>(group.n); i < members.size(); ++i) mask[members[i]] = 0;
    }
  }
}

}  // namespace septet::network::pruning
