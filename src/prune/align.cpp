// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "align.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace septet::network::pruning {
namespace {

constexpr Index kTilesTried = 8;       // for a row: on trained layers all of them together do not find more
constexpr double kMostSteps = 5e8;     // of swaps: a second or two
constexpr double kLeastShare = 1e-12;  // of all scores: what a swap has to add, or rounding would go on for ever

struct Rows {
  const std::vector<double>& scores;
  Index count, cols, tile, kept_columns;

  const double* operator[](Index row) const { return scores.data() + row * cols; }
  Index tiles() const { return (count + tile - 1) / tile; }
  Index kept() const { return std::min(kept_columns, cols) * tiles(); }  // of all tiles' columns
};

// [tile][column]: sums of the rows' scores.
std::vector<double> column_sums(const Rows& rows, const std::vector<Index>& order) {
  std::vector<double> sums(static_cast<std::size_t>(rows.tiles() * rows.cols), 0.);
  for (Index i = 0; i < rows.count; ++i) {
    const double* row = rows[order[static_cast<std::size_t>(i)]];
    double* into = sums.data() + i / rows.tile * rows.cols;
    for (Index j = 0; j < rows.cols; ++j) into[j] += row[j];
  }
  return sums;
}

// Of a row, in the first `count` of these columns. Four sums, so that none waits for the other.
double sum_at(const double* row, const std::vector<Index>& columns, Index count) {
  double sums[4] = {0, 0, 0, 0};
  const Index* column = columns.data();
  Index j = 0;
  for (; j + 4 <= count; j += 4) {
    for (Index lane = 0; lane < 4; ++lane) sums[lane] += row[column[j + lane]];
  }
  for (; j < count; ++j) sums[0] += row[column[j]];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double sum_of_largest(std::vector<double> values, Index count) {
  std::nth_element(values.begin(), values.begin() + count, values.end(), std::greater<>());
  return std::accumulate(values.begin(), values.begin() + count, 0.);
}

// The rows of a tile ascend.
void sort_tiles(std::vector<Index>& order, Index tile) {
  for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(tile)) {
    const std::size_t last = std::min(first + static_cast<std::size_t>(tile), order.size());
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(last));
  }
}

// ---- tiles one by one

class Builder {
 public:
  explicit Builder(const Rows& rows) : rows_(rows), left_(static_cast<std::size_t>(rows.count)) {
    std::iota(left_.begin(), left_.end(), Index{0});
    columns_.resize(static_cast<std::size_t>(rows.cols));
    std::iota(columns_.begin(), columns_.end(), Index{0});
  }

  // The row with the highest score begins a tile; the one with the highest score in the tile's best columns goes on.
  std::vector<Index> operator()() {
    std::vector<Index> order;
    while (!left_.empty()) {
      sums_.assign(static_cast<std::size_t>(rows_.cols), 0.);
      order.push_back(take(rows_.cols));
      for (Index i = 1; i < rows_.tile && !left_.empty(); ++i) {
        const Index kept = std::min(rows_.kept_columns, rows_.cols);
        std::nth_element(columns_.begin(), columns_.begin() + kept, columns_.end(), [&](Index a, Index b) {
          const double sum_a = sums_[static_cast<std::size_t>(a)], sum_b = sums_[static_cast<std::size_t>(b)];
          return sum_a != sum_b ? sum_a > sum_b : a < b;
        });
        order.push_back(take(kept));
      }
    }
    return order;
  }

 private:
  // The row, of those left, that has most in the first `count` of the columns; of equals, the first.
  Index take(Index count) {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      const double sum = sum_at(rows_[left_[i]], columns_, count);
      if (sum > most) most = sum, best = i;
    }
    const Index taken = left_[best];
    left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(best));
    for (Index j = 0; j < rows_.cols; ++j) sums_[static_cast<std::size_t>(j)] += rows_[taken][j];
    return taken;
  }

  const Rows& rows_;
  std::vector<Index> left_;     // ascending
  std::vector<Index> columns_;  // the tile's best ones first
  std::vector<double> sums_;
};

// ---- swaps

// At a threshold: a column of a tile that has more stays. What is above it, summed up, changes with a swap in the
// columns of two tiles alone; and with the threshold times the number of columns that stay it bounds kept_score().
class Swaps {
 public:
  Swaps(const Rows& rows, std::vector<Index> order)
      : rows_(rows), order_(std::move(order)), excess_(column_sums(rows, order_)) {
    least_ = kLeastShare * std::accumulate(excess_.begin(), excess_.end(), 0.);
    std::vector<double> sorted = excess_;
    std::nth_element(sorted.begin(), sorted.begin() + rows.kept(), sorted.end(), std::greater<>());
    const double threshold = sorted[static_cast<std::size_t>(rows.kept())];
    for (double& sum : excess_) sum -= threshold;
    for (Index tile = 0; tile < rows.tiles(); ++tile) above_.push_back(above_of(tile));
    gains_.resize(static_cast<std::size_t>(rows.tiles() * rows.count));
    is_stale_.assign(static_cast<std::size_t>(rows.tiles()), true);
  }

  // Until no swap that is looked at helps, or `steps` have been used up.
  std::vector<Index> operator()(double& steps) {
    while (steps > 0 && pass(steps)) {
    }
    return order_;
  }

 private:
  // With another row, if the columns that stay were the same.
  struct Candidate {
    double gain;
    Index place;
  };

  Index tile_of(Index place) const { return place / rows_.tile; }
  const double* row_at(Index place) const { return rows_[order_[static_cast<std::size_t>(place)]]; }
  double* excess_of(Index tile) { return excess_.data() + tile * rows_.cols; }
  double& gain_of(Index tile, Index place) { return gains_[static_cast<std::size_t>(tile * rows_.count + place)]; }

  bool pass(double& steps) {
    find_gains(steps);
    bool any = false;
    for (Index i = 0; i < rows_.count && steps > 0; ++i) {
      steps -= static_cast<double>(rows_.count);
      for (const Candidate& candidate : candidates_of(i)) {
        steps -= static_cast<double>(rows_.cols);
        if (tile_of(i) == tile_of(candidate.place) || gain_of_swap(i, candidate.place) <= least_) continue;
        swap(i, candidate.place), any = true;
      }
    }
    return any;
  }

  // By tile and place: what the row there has in the columns of the tile that stay. Known of tiles without a change.
  void find_gains(double& steps) {
    for (Index tile = 0; tile < rows_.tiles(); ++tile) {
      if (!is_stale_[static_cast<std::size_t>(tile)]) continue;
      std::vector<Index> kept;
      for (Index j = 0; j < rows_.cols; ++j) {
        if (excess_of(tile)[j] > 0) kept.push_back(j);
      }
      const auto count = static_cast<Index>(kept.size());
      for (Index i = 0; i < rows_.count; ++i) gain_of(tile, i) = sum_at(row_at(i), kept, count);
      is_stale_[static_cast<std::size_t>(tile)] = false;
      steps -= static_cast<double>(rows_.count) * static_cast<double>(count);
    }
  }
  // The best of every other tile, and the best tiles of those.
  std::vector<Candidate> candidates_of(Index i) {
    std::vector<Candidate> candidates;
    const Index from = tile_of(i);
    for (Index tile = 0; tile < rows_.tiles(); ++tile) {
      if (tile == from) continue;
      Candidate best{-std::numeric_limits<double>::infinity(), 0};
      for (Index p = tile * rows_.tile; p < std::min((tile + 1) * rows_.tile, rows_.count); ++p) {
        const double gain = gain_of(tile, i) - gain_of(from, i) + gain_of(from, p) - gain_of(tile, p);
        if (gain > best.gain) best = {gain, p};
      }
      candidates.push_back(best);
    }
    const auto count = std::min<std::ptrdiff_t>(kTilesTried, static_cast<std::ptrdiff_t>(candidates.size()));
    std::partial_sort(
        candidates.begin(), candidates.begin() + count, candidates.end(),
        [](const Candidate& a, const Candidate& b) { return a.gain != b.gain ? a.gain > b.gain : a.place < b.place; });
    candidates.resize(static_cast<std::size_t>(count));
    return candidates;
  }

  double above_of(Index tile) {
    double sum = 0;
    for (Index j = 0; j < rows_.cols; ++j) sum += std::max(excess_of(tile)[j], 0.);
    return sum;
  }
  double gain_of_swap(Index a, Index b) {
    const double *row_a = row_at(a), *row_b = row_at(b);
    const double *excess_a = excess_of(tile_of(a)), *excess_b = excess_of(tile_of(b));
    double above = 0;
    for (Index j = 0; j < rows_.cols; ++j) {
      const double change = row_b[j] - row_a[j];
      above += std::max(excess_a[j] + change, 0.) + std::max(excess_b[j] - change, 0.);
    }
    return above - above_[static_cast<std::size_t>(tile_of(a))] - above_[static_cast<std::size_t>(tile_of(b))];
  }
  void swap(Index a, Index b) {
    double *excess_a = excess_of(tile_of(a)), *excess_b = excess_of(tile_of(b));
    for (Index j = 0; j < rows_.cols; ++j) {
      const double change = row_at(b)[j] - row_at(a)[j];
      excess_a[j] += change, excess_b[j] -= change;
    }
    std::swap(order_[static_cast<std::size_t>(a)], order_[static_cast<std::size_t>(b)]);
    for (Index tile = 0; tile < rows_.tiles(); ++tile) std::swap(gain_of(tile, a), gain_of(tile, b));
    for (const Index tile : {tile_of(a), tile_of(b)}) {
      above_[static_cast<std::size_t>(tile)] = above_of(tile), is_stale_[static_cast<std::size_t>(tile)] = true;
    }
  }

  const Rows& rows_;
  std::vector<Index> order_;
  std::vector<double> excess_;  // [tile][column]: sums above the threshold
  std::vector<double> above_;   // of a tile, all that is
  std::vector<double> gains_;
  std::vector<bool> is_stale_;  // a tile: what gains_ says of it
  double least_ = 0;
};

}  // namespace

double kept_score(const std::vector<double>& scores, Index rows, Index cols, Index tile, Index kept_columns,
                  const std::vector<Index>& order) {
  const Rows r{scores, rows, cols, tile, kept_columns};
  return sum_of_largest(column_sums(r, order), r.kept());
}

std::vector<Index> aligned_rows(const std::vector<double>& scores, Index rows, Index cols, Index tile,
                                Index kept_columns) {
  const Rows r{scores, rows, cols, tile, kept_columns};
  std::vector<Index> best(static_cast<std::size_t>(rows));
  std::iota(best.begin(), best.end(), Index{0});
  if (r.tiles() <= 1 || r.kept() == 0 || kept_columns >= cols) return best;  // all orders are alike
  double most = sum_of_largest(column_sums(r, best), r.kept());
  const auto take = [&](std::vector<Index> order) {
    sort_tiles(order, tile);
    const double score = sum_of_largest(column_sums(r, order), r.kept());
    if (!(score > most)) return false;
    most = score, best = std::move(order);
    return true;
  };
  take(Builder(r)());
  double steps = kMostSteps;
  while (take(Swaps(r, best)(steps))) {  // each at the threshold that the one before has led to
  }
  return best;
}

}  // namespace septet::network::pruning
