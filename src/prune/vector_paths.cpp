// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "paths.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <map>

namespace septet::network::pruning {
namespace {

class VectorPaths : public Paths {
 public:
  VectorPaths(const Scores& scores, Vectors vectors, Index height, const Price& price)
      : scores_(scores), columns_(vectors == Vectors::columns), height_(height), price_(price) {}

  Index tiles() const override { return scores_.groups * tiles_of_group(); }

  std::vector<State> states(Index tile) const override {
    const std::vector<Group> vectors = ascending(tile);
    std::vector<State> states(vectors.size() + 1);
    Index live = 0, weights = 0;
    double left = 0;
    states.back() = {price_(0, 0), 0};
    for (std::size_t i = vectors.size(); i-- > 0;) {
      weights += vectors[i].weights, left += vectors[i].score;
      states[i] = {price_(++live, weights), left};
    }
    return states;
  }

  std::vector<State> single_groups(Index tile) const override {
    std::vector<State> states;
    for (const Group& vector : greatest_by_weights(ascending(tile))) {
      states.push_back({price_(1, vector.weights), vector.score});
    }
    return states;
  }

  void remove(Index tile, Index state, std::uint8_t* mask) const override {
    const std::vector<Group> vectors = ascending(tile);
    const auto count = static_cast<Index>(vectors.size());
    std::vector<bool> removed(static_cast<std::size_t>(columns_ ? scores_.k : scores_.m), false);
    for (Index i = 0; i < std::min(state, count); ++i) {
      removed[static_cast<std::size_t>(vectors[static_cast<std::size_t>(i)].index)] = true;
    }
    if (state > count) {
      const Group one = greatest_by_weights(vectors)[static_cast<std::size_t>(state - count - 1)];
      removed[static_cast<std::size_t>(one.index)] = false;
    }
    each_element(tile, [&](Index vector, std::size_t element) {
      if (removed[static_cast<std::size_t>(vector)]) mask[element] = 0;
    });
  }

 private:
  Index tiles_of_group() const { return detail::ceil_div(columns_ ? scores_.m : scores_.k, height_); }

  // f(vector, index among the layer's weights) for all elements of a tile, in their order.
  template <class F>
  void each_element(Index tile, F&& f) const {
    const Index group = tile / tiles_of_group(), begin = tile % tiles_of_group() * height_;
    const Index end = std::min(begin + height_, columns_ ? scores_.m : scores_.k);
    const Index first_row = columns_ ? begin : 0, last_row = columns_ ? end : scores_.m;
    const Index first_column = columns_ ? 0 : begin, last_column = columns_ ? scores_.k : end;
    for (Index row = first_row; row < last_row; ++row) {
      for (Index column = first_column; column < last_column; ++column) {
        f(columns_ ? column : row, scores_.index(group, row, column));
      }
    }
  }

  // Live ones.
  std::vector<Group> ascending(Index tile) const {
    std::vector<Group> vectors(static_cast<std::size_t>(columns_ ? scores_.k : scores_.m));
    for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i].index = static_cast<Index>(i);
    each_element(tile, [&](Index vector, std::size_t element) {
      Group& v = vectors[static_cast<std::size_t>(vector)];
      v.score += scores_.values[element], v.weights += scores_.values[element] > 0;
    });
    vectors.erase(std::remove_if(vectors.begin(), vectors.end(), [](const Group& v) { return v.weights == 0; }),
                  vectors.end());
    const auto rank = [this](const Group& v) {
      return price_.counts_weights() ? v.score / static_cast<double>(v.weights) : v.score;
    };
    std::sort(vectors.begin(), vectors.end(), [&](const Group& a, const Group& b) {
      return rank(a) != rank(b) ? rank(a) < rank(b) : a.index < b.index;
    });
    return vectors;
  }

  const Scores& scores_;
  const bool columns_;
  const Index height_;
  const Price price_;
};

}  // namespace

std::vector<Group> greatest_by_weights(const std::vector<Group>& groups) {
  std::map<Index, Group> greatest;
  for (const Group& group : groups) {
    const auto [known, added] = greatest.emplace(group.weights, group);
    if (!added && group.score > known->second.score) known->second = group;
  }
  std::vector<Group> result;
  for (const auto& [weights, group] : greatest) result.push_back(group);
  return result;
}

std::unique_ptr<Paths> vector_paths(const Scores& scores, Vectors vectors, Index height, const Price& price) {
  return std::make_unique<VectorPaths>(scores, vectors, height, price);
}

}  // namespace septet::network::pruning
