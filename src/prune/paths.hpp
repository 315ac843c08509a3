// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What can be removed from the weights of a layer, tile by tile: nested states, cheapest removal first.
#pragma once

#include "price.hpp"
#include "scores.hpp"

#include <memory>
#include <vector>

namespace septet::network::pruning {

/// Of a tile, after a removal or more.
struct State {
  Index cost = 0;   ///< Price
  double left = 0;  ///< sum of the scores of the weights that are there
};

/// Refers to the scores of its layer. Tiles are apart from each other, and together all of the layer.
class Paths {
 public:
  Paths() = default;
  Paths(const Paths&) = delete;
  Paths& operator=(const Paths&) = delete;
  virtual ~Paths() = default;
  virtual Index tiles() const = 0;
  /// The first one: nothing is removed; the last one: everything is. Neither cost nor what is left ever grows.
  virtual std::vector<State> states(Index tile) const = 0;
  /// One group of the tile alone: of each number of weights that there is, the one with the greatest score.
  virtual std::vector<State> single_groups(Index tile) const = 0;
  /// Clears what a state of states(), or behind them of single_groups(), does not have. mask: of the layer's weights.
  virtual void remove(Index tile, Index state, std::uint8_t* mask) const = 0;
};

/// A group that may be the only one to stay.
struct Group {
  Index index = 0;
  double score = 0;
  Index weights = 0;
};
/// Of each number of weights the one with the greatest score, ascending; of equal ones the first.
std::vector<Group> greatest_by_weights(const std::vector<Group>& groups);

/// Whole vectors, those with the least scores first (where weights are the price, scores per weight): columns of
/// m-tiles of `height` rows, or rows of k-tiles of `height` columns.
enum class Vectors : std::uint8_t { columns, rows };
std::unique_ptr<Paths> vector_paths(const Scores& scores, Vectors vectors, Index height, const Price& price);

/// m-tiles of `height` rows under csOS: columns that share a step lose the lesser of two weights in a row (Kung,
/// McDanel, Zhang, ASPLOS 2019), and steps go as a whole; a step less with every state, each time where that
/// loses least.
std::unique_ptr<Paths> combined_paths(const Scores& scores, Index height, int lanes, const Price& price);

/// Blocks, or 1 x 1 single weights: one tile, those with the least score per weight first.
std::unique_ptr<Paths> block_paths(const Scores& scores, const BlockShape& block);

/// n of m neighbours in a row stay, those with the greatest scores; the last ones of a row may be fewer than m.
void keep_neighbours(const Scores& scores, const GroupShape& group, std::uint8_t* mask);

}  // namespace septet::network::pruning
