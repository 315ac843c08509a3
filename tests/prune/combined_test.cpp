// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// csOS: what is left of an m-tile combines into as few steps as the path says, or fewer, and a plain statement of the
// path, over all moves each time, has the same.
#include "connected.hpp"
#include "src/prune/curve.hpp"
#include "support/pattern.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace septet::network {
namespace {

using namespace septet::support;

// A tile's steps, each the columns of a step, and which of the weights are left: the page's two moves, tried one by
// one.
class PlainSteps {
 public:
  PlainSteps(std::vector<double> scores, Index rows, Index cols, int lanes)
      : scores_(std::move(scores)), rows_(rows), cols_(cols), lanes_(lanes) {
    for (Index column = 0; column < cols; ++column) {
      if (live(column)) steps_.push_back({column});
    }
  }
  Index steps() const { return static_cast<Index>(steps_.size()); }
  const std::vector<double>& scores() const { return scores_; }
  double left() const {
    double sum = 0;
    for (const double score : scores_) sum += score;
    return sum;
  }
  void lose_one() {
    double least = 0;
    std::vector<double> scores;
    std::vector<std::vector<Index>> steps;
    for (const bool merges : {true, false}) {
      for (std::size_t s = 0; s + (merges ? 1 : 0) < steps_.size(); ++s) {
        PlainSteps next = *this;
        if (!(merges ? next.merge(s) : next.drop(s))) continue;
        const double lost = left() - next.left();
        if (!steps.empty() && lost >= least) continue;
        least = lost, scores = next.scores_, steps = next.steps_;
        if (steps.empty()) steps.emplace_back();  // the last one is gone
      }
    }
    scores_ = scores, steps_ = steps;
    if (steps_.size() == 1 && steps_[0].empty()) steps_.clear();
  }

 private:
  double& at(Index row, Index column) { return scores_[static_cast<std::size_t>(row * cols_ + column)]; }
  bool live(Index column) {
    for (Index row = 0; row < rows_; ++row) {
      if (at(row, column) > 0) return true;
    }
    return false;
  }
  bool drop(std::size_t s) {
    for (const Index column : steps_[s]) {
      for (Index row = 0; row < rows_; ++row) at(row, column) = 0;
    }
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(s));
    return true;
  }
  bool merge(std::size_t s) {
    std::vector<Index> columns = steps_[s];
    columns.insert(columns.end(), steps_[s + 1].begin(), steps_[s + 1].end());
    if (columns.size() > static_cast<std::size_t>(lanes_)) return false;
    for (Index row = 0; row < rows_; ++row) {
      Index most = columns[0];
      for (const Index column : columns) most = at(row, column) > at(row, most) ? column : most;
      for (const Index column : columns) at(row, column) = column == most ? at(row, column) : 0;
    }
    steps_[s].clear();
    for (const Index column : columns) {
      if (live(column)) steps_[s].push_back(column);
    }
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(s) + 1);
    return true;
  }

  std::vector<double> scores_;
  Index rows_, cols_;
  int lanes_;
  std::vector<std::vector<Index>> steps_;
};

// Of one tile of m rows, by steps.
std::unique_ptr<pruning::Paths> paths_of(const pruning::Scores& scores, int lanes, const Network& network) {
  CostOptions options;
  options.gemm.array = {scores.m, 1};
  pruning::Price price;
  throw_if_error(pruning::Price::cycles(layers_of(network, {})[0], options, Dataflow::csOS, price));
  return pruning::combined_paths(scores, scores.m, lanes, price);
}

TEST_CASE("a path of combined columns is the cheapest move each time") {
  const std::uint64_t seed = 111;
  Rng rng(seed);
  for (int i = 0; i < 150; ++i) {
    INFO("seed " << seed << ", tile " << i);
    const Index m = rng.between(1, 5), k = rng.between(1, 8);
    const auto lanes = static_cast<int>(rng.between(1, 4));
    const Network network = connected({random_connected(rng, m, k, 1, rng.pick({0.2, 0.5, 0.8}))});
    const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
    const auto paths = paths_of(scores, lanes, network);
    const std::vector<pruning::State> states = paths->states(0);
    PlainSteps plain(scores.values, m, k, lanes);
    REQUIRE(static_cast<Index>(states.size()) == plain.steps() + 1);
    for (std::size_t state = 0; state < states.size(); ++state) {
      CHECK(states[state].left == doctest::Approx(plain.left()).epsilon(1e-12));  // at most 40 sums
      std::vector<std::uint8_t> mask(scores.values.size(), 1), want;
      if (state > 0) paths->remove(0, static_cast<Index>(state), mask.data());
      for (std::size_t w = 0; w < mask.size(); ++w) {
        want.push_back(plain.scores()[w] > 0);
        if (state == 0) mask[w] = scores.values[w] > 0;
      }
      CHECK(mask == want);
      if (state + 1 < states.size()) plain.lose_one();
    }
  }
}

TEST_CASE("what is left combines into no more steps than the path says") {
  const std::uint64_t seed = 112;
  Rng rng(seed);
  for (int i = 0; i < 40; ++i) {
    INFO("seed " << seed << ", tile " << i);
    const Index m = rng.between(1, 16), k = rng.between(1, 40);
    Combine combine;
    combine.lanes = static_cast<int>(rng.between(1, 8));
    const Network network = connected({random_connected(rng, m, k, 1, rng.pick({0.0, 0.5, 0.9}))});
    const pruning::Scores scores = pruning::scores_of(network, network.steps[0], {});
    const auto paths = paths_of(scores, combine.lanes, network);
    const auto states = static_cast<Index>(paths->states(0).size());
    for (Index state = 1; state < states; ++state) {
      std::vector<std::uint8_t> mask(scores.values.size(), 1);
      paths->remove(0, state, mask.data());
      Pattern pattern(m, k);
      for (std::size_t w = 0; w < mask.size(); ++w) {
        if (mask[w] != 0) CHECK(scores.values[w] > 0);
        pattern.marks[w] = mask[w];
      }
      const auto steps = static_cast<Index>(combine_columns(pattern, 0, m, combine).size());
      CHECK(steps <= states - 1 - state);
      if (state + 1 < states) CHECK(steps > 0);
    }
  }
}

}  // namespace
}  // namespace septet::network
