// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "paths.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <queue>

namespace septet::network::pruning {
namespace {

/// The steps of an m-tile, in the order of their columns. A step's weights are, row by row, the one with the greatest
/// score of all its columns; of equal ones the first.
class Steps {
 public:
  Steps(const Scores& scores, Index group, Index first_row, Index rows, int lanes)
      : scores_(scores), group_(group), first_row_(first_row), rows_(rows), lanes_(lanes) {
    for (Index column = 0; column < scores.k; ++column) add(column);
    seen_.resize(static_cast<std::size_t>(scores.k));
    std::vector<Move> moves;
    moves.reserve(steps_.size());
    for (std::int32_t step = 0; step < static_cast<std::int32_t>(steps_.size()); ++step) {
      moves.push_back(cheapest(step));
    }
    moves_ = Queue(Costlier(), std::move(moves));
  }

  Index steps() const { return live_; }
  Index weights() const { return weights_; }
  /// A step less; what that loses. There is one.
  double lose_one() {
    Move move = moves_.top();
    for (; !is_current(move); move = moves_.top()) moves_.pop();
    moves_.pop();
    --live_;
    if (move.merges) {
      merge(move.step);
    } else {
      drop(move.step);
    }
    return move.lost;
  }
  /// Clears what of the tile is in no step.
  void keep(std::uint8_t* mask) const {
    std::fill_n(mask + scores_.index(group_, first_row_, 0), rows_ * scores_.k, std::uint8_t{0});
    for (std::size_t step = 0; step < steps_.size(); ++step) {
      if (steps_[step].columns == 0) continue;
      for (Index row = 0; row < rows_; ++row) {
        const Weight& weight = weights_of(static_cast<std::int32_t>(step))[row];
        if (weight.score > 0) mask[scores_.index(group_, first_row_ + row, weight.column)] = 1;
      }
    }
  }

 private:
  struct Weight {
    double score = 0;  // 0: none
    std::int32_t column = 0;
  };
  struct Step {
    std::int32_t before = -1, after = -1;  // neighbours
    std::int32_t columns = 0;              // that have a weight; 0: the step is gone
    std::int32_t change = 0;               // of the step, or of the one behind it
    double score = 0;
  };
  struct Move {
    double lost = 0;
    std::int32_t step = 0;
    std::int32_t change = 0;
    bool merges = false;  // with the step behind it; else the step goes
  };
  struct Costlier {
    bool operator()(const Move& a, const Move& b) const {
      if (a.lost != b.lost) return a.lost > b.lost;
      return a.merges != b.merges ? b.merges : a.step > b.step;
    }
  };

  using Queue = std::priority_queue<Move, std::vector<Move>, Costlier>;

  Weight* weights_of(std::int32_t step) { return table_.data() + step * rows_; }
  const Weight* weights_of(std::int32_t step) const { return table_.data() + step * rows_; }
  Step& at(std::int32_t step) { return steps_[static_cast<std::size_t>(step)]; }

  // A step of its own, if it is live.
  void add(Index column) {
    const std::size_t begin = table_.size();
    Step step;
    for (Index row = 0; row < rows_; ++row) {
      const double score = scores_.at(group_, first_row_ + row, column);
      table_.push_back({score, static_cast<std::int32_t>(column)});
      step.score += score, step.columns |= score > 0, weights_ += score > 0;
    }
    if (step.columns == 0) return table_.resize(begin);
    step.before = static_cast<std::int32_t>(live_++) - 1;
    if (step.before >= 0) steps_.back().after = step.before + 1;
    steps_.push_back(step);
  }

  // To merge it with the step behind it loses no more than to drop it.
  Move cheapest(std::int32_t step) {
    const Step& s = at(step);
    if (s.after < 0 || s.columns + at(s.after).columns > lanes_) return {s.score, step, s.change, false};
    const Weight *a = weights_of(step), *b = weights_of(s.after);
    double lost = 0;
    for (Index row = 0; row < rows_; ++row) lost += std::min(a[row].score, b[row].score);
    return {lost, step, s.change, true};
  }
  void renew(std::int32_t step) {
    if (step < 0) return;
    ++at(step).change;
    moves_.push(cheapest(step));
  }
  bool is_current(const Move& move) { return at(move.step).columns > 0 && at(move.step).change == move.change; }

  // Out of the list: its neighbours have others now.
  void unlink(std::int32_t gone) {
    const std::int32_t before = at(gone).before, after = at(gone).after;
    if (before >= 0) at(before).after = after;
    if (after >= 0) at(after).before = before;
    at(gone).columns = 0;
  }
  void drop(std::int32_t step) {
    for (Index row = 0; row < rows_; ++row) weights_ -= weights_of(step)[row].score > 0;
    unlink(step);
    renew(at(step).before);
  }

  void merge(std::int32_t step) {
    Step& s = at(step);
    const std::int32_t other = s.after;
    Weight *kept = weights_of(step), *lost = weights_of(other);
    s.score = 0, s.columns = 0;
    ++merges_;
    for (Index row = 0; row < rows_; ++row) {
      weights_ -= kept[row].score > 0 && lost[row].score > 0;
      if (lost[row].score > kept[row].score) kept[row] = lost[row];
      s.score += kept[row].score;
      if (kept[row].score > 0) s.columns += is_first(kept[row].column);
    }
    unlink(other);
    renew(step), renew(s.before);
  }
  // Of this merge, of a weight in that column.
  bool is_first(std::int32_t column) {
    Index& seen = seen_[static_cast<std::size_t>(column)];
    return std::exchange(seen, merges_) != merges_;
  }

  const Scores& scores_;
  const Index group_, first_row_, rows_;
  const int lanes_;
  Index live_ = 0, weights_ = 0, merges_ = 0;
  std::vector<Step> steps_;    // by the number of their first column among the live ones
  std::vector<Weight> table_;  // rows_ of each
  std::vector<Index> seen_;    // by column: the last merge that has met it
  Queue moves_;
};

class CombinedPaths : public Paths {
 public:
  CombinedPaths(const Scores& scores, Index height, int lanes, const Price& price)
      : scores_(scores), height_(height), lanes_(lanes), price_(price) {}

  Index tiles() const override { return scores_.groups * detail::ceil_div(scores_.m, height_); }

  std::vector<State> states(Index tile) const override {
    Steps steps = steps_of(tile);
    std::vector<State> states = {{price_(steps.steps(), steps.weights()), 0}};
    while (steps.steps() > 0) {
      const double lost = steps.lose_one();
      states.push_back({price_(steps.steps(), steps.weights()), lost});
    }
    double left = 0;
    for (std::size_t i = states.size(); i-- > 0;) left += std::exchange(states[i].left, left);
    return states;
  }

  std::vector<State> single_groups(Index tile) const override {
    std::vector<State> states;
    for (const Group& column : single_columns(tile)) states.push_back({price_(1, column.weights), column.score});
    return states;
  }

  void remove(Index tile, Index state, std::uint8_t* mask) const override {
    Steps steps = steps_of(tile);
    if (state > steps.steps()) {
      const Group one = single_columns(tile)[static_cast<std::size_t>(state - steps.steps() - 1)];
      return each_element(tile, [&](Index column, std::size_t element) {
        if (column != one.index) mask[element] = 0;
      });
    }
    for (Index i = 0; i < state; ++i) steps.lose_one();
    steps.keep(mask);
  }

 private:
  struct Place {
    Index group = 0, first_row = 0, rows = 0;
  };
  Place place(Index tile) const {
    const Index tiles = detail::ceil_div(scores_.m, height_), first_row = tile % tiles * height_;
    return {tile / tiles, first_row, std::min(height_, scores_.m - first_row)};
  }
  Steps steps_of(Index tile) const {
    const auto [group, first_row, rows] = place(tile);
    return {scores_, group, first_row, rows, lanes_};
  }
  // f(column, index among the layer's weights)
  template <class F>
  void each_element(Index tile, F&& f) const {
    const auto [group, first_row, rows] = place(tile);
    for (Index row = first_row; row < first_row + rows; ++row) {
      for (Index column = 0; column < scores_.k; ++column) f(column, scores_.index(group, row, column));
    }
  }
  // Columns, of which nothing else has fewer weights.
  std::vector<Group> single_columns(Index tile) const {
    std::vector<Group> columns(static_cast<std::size_t>(scores_.k));
    each_element(tile, [&](Index index, std::size_t element) {
      Group& column = columns[static_cast<std::size_t>(index)];
      column.index = index, column.score += scores_.values[element], column.weights += scores_.values[element] > 0;
    });
    columns.erase(std::remove_if(columns.begin(), columns.end(), [](const Group& c) { return c.weights == 0; }),
                  columns.end());
    return greatest_by_weights(columns);
  }

  const Scores& scores_;
  const Index height_;
  const int lanes_;
  const Price price_;
};

}  // namespace

std::unique_ptr<Paths> combined_paths(const Scores& scores, Index height, int lanes, const Price& price) {
  return std::make_unique<CombinedPaths>(scores, height, lanes, price);
}

}  // namespace septet::network::pruning
