// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Orders of rows: against the best of all orders where there are few, against hidden ones, and never worse than given.
#include "src/prune/align.hpp"

#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

namespace septet::network::pruning {
namespace {

using namespace septet::support;

struct Problem {
  std::vector<double> scores;
  Index rows = 0, cols = 0, tile = 0, kept_columns = 0;

  double kept(const std::vector<Index>& order) const {
    return kept_score(scores, rows, cols, tile, kept_columns, order);
  }
  std::vector<Index> aligned() const { return aligned_rows(scores, rows, cols, tile, kept_columns); }
  std::vector<Index> given() const {
    std::vector<Index> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), Index{0});
    return order;
  }
};

Problem random_problem(Rng& rng, Index most_rows, Index most_cols) {
  Problem problem;
  problem.rows = rng.between(1, most_rows), problem.cols = rng.between(1, most_cols);
  problem.tile = rng.between(1, 8), problem.kept_columns = rng.between(0, problem.cols + 1);
  const double zeros = rng.pick({0., 0., 0.5, 0.9, 1.});
  for (Index i = 0; i < problem.rows * problem.cols; ++i) {
    problem.scores.push_back(rng.chance(zeros) ? 0 : rng.unit() * rng.unit());
  }
  return problem;
}

std::string describe(const Problem& p) {
  std::string text;
  for (const Index number : {p.rows, p.cols, p.tile, p.kept_columns}) text += std::to_string(number) + " ";
  return text;
}

// The definition, word by word.
double plain_kept(const Problem& p, const std::vector<Index>& order) {
  std::vector<double> sums;
  for (Index first = 0; first < p.rows; first += p.tile) {
    for (Index j = 0; j < p.cols; ++j) {
      double sum = 0;
      for (Index i = first; i < std::min(first + p.tile, p.rows); ++i) {
        sum += p.scores[static_cast<std::size_t>(order[static_cast<std::size_t>(i)] * p.cols + j)];
      }
      sums.push_back(sum);
    }
  }
  std::sort(sums.begin(), sums.end(), std::greater<>());
  const std::size_t tiles = sums.size() / static_cast<std::size_t>(p.cols);
  sums.resize(std::min(sums.size(), tiles * static_cast<std::size_t>(p.kept_columns)));
  return std::accumulate(sums.begin(), sums.end(), 0.);
}

void check_order(const Problem& p, std::vector<Index> order) {
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (static_cast<Index>(i) % p.tile != 0) CHECK(order[i - 1] < order[i]);
  }
  std::sort(order.begin(), order.end());
  CHECK(order == p.given());
}

// Rows of one kind have their scores in columns of its own, as many as a tile keeps; kinds lie mixed.
Problem hidden_order(Rng& rng, double noise) {
  Problem p;
  const Index kinds = rng.between(2, 6);
  p.tile = rng.between(2, 16), p.kept_columns = rng.between(1, 9);
  p.rows = kinds * p.tile, p.cols = kinds * p.kept_columns;
  std::vector<Index> kind;
  for (Index i = 0; i < p.rows; ++i) kind.push_back(i % kinds);
  for (std::size_t i = kind.size() - 1; i > 0; --i) {
    std::swap(kind[i], kind[static_cast<std::size_t>(rng.below(static_cast<Index>(i) + 1))]);
  }
  for (Index i = 0; i < p.rows; ++i) {
    for (Index j = 0; j < p.cols; ++j) {
      const bool own = j / p.kept_columns == kind[static_cast<std::size_t>(i)];
      p.scores.push_back((own ? 0.5 + rng.unit() : 0) + noise * rng.unit());
    }
  }
  return p;
}

}  // namespace

TEST_CASE("aligned rows: an order, never worse than the given one, the same at every scale") {
  const std::uint64_t seed = 1001;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  int better = 0;
  for (int i = 0; i < 400; ++i) {
    Problem p = random_problem(rng, 60, 30);
    INFO("problem " << i << ": " << describe(p));
    const std::vector<Index> order = p.aligned();
    check_order(p, order);
    CHECK(p.kept(order) == doctest::Approx(plain_kept(p, order)).epsilon(1e-12));  // sums in another order
    CHECK(p.kept(order) >= p.kept(p.given()));
    better += p.kept(order) > p.kept(p.given()) ? 1 : 0;
    for (double& score : p.scores) score *= 0.125;  // exact
    CHECK(p.aligned() == order);
  }
  CHECK(better > 100);
}

TEST_CASE("aligned rows: hidden tiles are found") {
  const std::uint64_t seed = 1002;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  for (int i = 0; i < 60; ++i) {
    const Problem clean = hidden_order(rng, 0);
    INFO("problem " << i << ": " << describe(clean));
    const double all = std::accumulate(clean.scores.begin(), clean.scores.end(), 0.);
    CHECK(clean.kept(clean.aligned()) == doctest::Approx(all).epsilon(1e-12));
    const Problem noisy = hidden_order(rng, 0.1);
    const double kept = noisy.kept(noisy.aligned());
    // What the rows' own columns have is at least what is in them without noise: 1 on average, of 1 + 0.05 * kinds.
    CHECK(kept > 0.7 * std::accumulate(noisy.scores.begin(), noisy.scores.end(), 0.));
  }
}

TEST_CASE("aligned rows: near the best of all orders") {
  const std::uint64_t seed = 1003;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  double found = 0, best_of_all = 0;
  for (int i = 0; i < 40; ++i) {
    Problem p = random_problem(rng, 7, 6);
    p.tile = rng.between(2, 3);
    std::vector<Index> order = p.given();
    double best = 0;
    do best = std::max(best, p.kept(order));
    while (std::next_permutation(order.begin(), order.end()));
    const double kept = p.kept(p.aligned());
    CHECK(kept <= best * (1 + 1e-12));
    found += kept, best_of_all += best;
  }
  MESSAGE("kept " << found << " of " << best_of_all);
  CHECK(found > 0.99 * best_of_all);
}

}  // namespace septet::network::pruning
