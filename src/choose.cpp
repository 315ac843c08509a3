// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "choose.hpp"

#include "arithmetic.hpp"
#include "cache_sizes.hpp"
#include "costs.hpp"
#include "explain.hpp"
#include "formats/slots.hpp"
#include "kernels/expand.hpp"
#include "panels.hpp"

#include <algorithm>
#include <iomanip>
#include <iterator>
#include <limits>

namespace septet::detail {
namespace {

// Smaller matrices are packed as they come: dense as dense, sparse as CSR.
constexpr double kLeastCells = 1024;
// A third-level cache, or memory, is where operands beyond this come from: half of a second-level cache.
constexpr double kNearBytes = 1024.0 * 1024;
constexpr double kUsableCache = 0.75;  // of the second-level cache, beside A and C
// The simpler format, where another one is not worth telling apart.
constexpr double kTie = 1.1;
constexpr BlockShape kBlocks[] = {{2, 1}, {4, 1}, {8, 1}, {16, 1}, {4, 4}, {8, 4}};
constexpr BlockShape kQuadBlocks[] = {{1, 4}, {2, 4}, {4, 4}, {8, 4}, {16, 4}};

struct Candidate {
  Format format;
  Dataflow dataflow;
  BlockShape block;
  double nanoseconds;
};

double between(double x, double x0, double x1, double y0, double y1) { return y0 + (y1 - y0) * (x - x0) / (x1 - x0); }

// Of a panel of `vectors`, from those that were measured.
ListCost panel_cost(const ListCost* measured, int vectors) {
  int i = 0;
  while (i < 2 && kCostVectors[i + 1] < vectors) ++i;
  const auto at = [&](double y0, double y1) {
    return std::max(between(vectors, kCostVectors[i], kCostVectors[i + 1], y0, y1), 0.0);
  };
  return {at(measured[i].element, measured[i + 1].element), at(measured[i].piece, measured[i + 1].piece)};
}

// The sum of f(vectors) over the panels that the columns are cut into.
template <class F>
double over_panels(Index cols, Index lanes, int most, F&& f) {
  const PanelWidths panels(cols, lanes, most);
  const auto wide = static_cast<double>(panels.wide), others = static_cast<double>(panels.count - panels.wide);
  return wide * f(panels.vectors) + (others > 0 ? others * f(panels.vectors - 1) : 0);
}

class Predictor {
 public:
  Predictor(const CsrArrays& a, const PackOptions& options)
      : a_(a), options_(options), costs_(costs_of(a.type)), cols_(options.expected_cols) {}

  Index cols() const { return cols_; }

  // Dense first.
  std::vector<Candidate> all() const {
    std::vector<Candidate> candidates{{Format::dense, Dataflow::dOS, {}, dense()},
                                      {Format::csr, Dataflow::csOS, {}, csr()},
                                      {Format::tcsr, Dataflow::csOS, {}, tcsr()}};
    if (cols_ == 1) candidates.push_back({Format::sell, Dataflow::csOS, {}, sell()});
    const bool expands = cols_ <= kernels::kExpandCols && options_.array.height <= kernels::kExpandRows;
    if (expands && costs_.expand[cols_ - 1].element > 0) {
      candidates.push_back({Format::tsb, Dataflow::sOS, {}, expanded()});
    }
    if (cols_ >= costs_.lanes / 2) {
      const auto consider = [&](const BlockShape& block) {
        candidates.push_back({Format::bsr, Dataflow::csOS, block, bsr(block)});
      };
      if (costs_.bsr_group == 1) std::for_each(std::begin(kBlocks), std::end(kBlocks), consider);
      // In quads, a weight's zero point is 0.
      if (costs_.bsr_group == 4 && options_.zero_point == 0) {
        std::for_each(std::begin(kQuadBlocks), std::end(kQuadBlocks), consider);
      }
    }
    return candidates;
  }

 private:
  double read(double bytes) const { return bytes > kNearBytes ? bytes * costs_.byte : 0; }
  double element_bytes() const { return static_cast<double>(size_of(a_.type)); }

  double dense() const {
    const auto cells = static_cast<double>(a_.rows) * static_cast<double>(a_.cols);
    int i = 0;
    while (i < 7 && kCostCols[i + 1] < cols_) ++i;
    const auto n = static_cast<double>(cols_), n0 = static_cast<double>(kCostCols[i]),
               n1 = static_cast<double>(kCostCols[i + 1]);
    const double each =
        cols_ > kCostCols[8] ? costs_.dense[8] * n / n1 : between(n, n0, n1, costs_.dense[i], costs_.dense[i + 1]);
    return std::max(cells * each, read(cells * element_bytes()));
  }

  double lists(const ListCost* measured, double elements, double pieces) const {
    return over_panels(cols_, costs_.lanes, kCostVectors[3], [&](int vectors) {
      const ListCost cost = panel_cost(measured, vectors);
      return elements * cost.element + pieces * cost.piece;
    });
  }

  double csr() const {
    const auto nnz = static_cast<double>(a_.nnz()), rows = static_cast<double>(a_.rows);
    const ListCost& column = costs_.csr_column;
    const double compute = cols_ == 1 ? nnz * column.element + rows * column.piece : lists(costs_.csr, nnz, rows);
    return std::max(compute, read(nnz * (element_bytes() + 4))) + far_rows(nnz);
  }

  // What csr reads of panels of B that the second-level cache does not hold, every element a row of one of them.
  double far_rows(double nnz) const {
    const auto l2 = static_cast<double>(cache_sizes().l2);
    const auto sum_bytes = static_cast<double>(size_of(accumulator_of(a_.type)));
    return over_panels(cols_, costs_.lanes, kCostVectors[3], [&](int vectors) {
      const double row_bytes = static_cast<double>(vectors * costs_.lanes) * sum_bytes;
      const double held = kUsableCache * l2 / (row_bytes * static_cast<double>(a_.cols));
      // Half of it comes while other rows are multiplied.
      return held < 1 ? nnz * (1 - held) * row_bytes * costs_.byte / 2 : 0;
    });
  }

  double sell() const {
    const auto nnz = static_cast<double>(a_.nnz());
    const auto slices = static_cast<double>(ceil_div(a_.rows, options_.slice.height));
    return std::max(nnz * costs_.sell_column.element + slices * costs_.sell_column.piece,
                    read(nnz * (element_bytes() + 4)));
  }

  double tcsr() const {
    const Index tile = tcsr_tile_cols(a_.rows, a_.cols, a_.nnz(), options_.tile_cols,
                                      options_.expected_cols * size_of(accumulator_of(a_.type)));
    Index pieces = 0;
    for (Index i = 0; i < a_.rows; ++i) {
      Index last = 0;  // the first tile lists every row
      ++pieces;
      for (Index p = a_.row_ptr[i]; p < a_.row_ptr[i + 1]; ++p) {
        const Index t = a_.col_idx[p] / tile;
        pieces += t != last;
        last = t;
      }
    }
    const auto nnz = static_cast<double>(a_.nnz());
    return std::max(lists(costs_.tcsr, nnz, static_cast<double>(pieces)), read(nnz * (element_bytes() + 2)));
  }

  double expanded() const {
    const LiveLists live = live_columns(a_, options_.array.height);
    const ListCost& cost = costs_.expand[cols_ - 1];
    const auto steps = static_cast<double>(live.index.size());
    const double bytes =
        static_cast<double>(a_.nnz()) * element_bytes() + steps * (4 + static_cast<double>(options_.array.height) / 8);
    return std::max(steps * cost.element + static_cast<double>(live.tiles()) * cost.piece, read(bytes));
  }

  double bsr(const BlockShape& block) const {
    const int h = block.rows >= 8 ? 3 : block.rows >= 4 ? 2 : block.rows >= 2 ? 1 : 0;
    const Index strips_per_block = ceil_div(block.rows, kCostHeights[h]);
    Index blocks = 0;
    std::vector<Index> seen(ceil_div(a_.cols, block.cols), -1);
    for (Index i = 0; i < a_.rows; ++i) {
      const Index row = i / block.rows;
      for (Index p = a_.row_ptr[i]; p < a_.row_ptr[i + 1]; ++p) {
        Index& last = seen[a_.col_idx[p] / block.cols];
        blocks += last != row;
        last = row;
      }
    }
    const Index steps_per_block = block.cols / costs_.bsr_group * strips_per_block;
    const double steps = static_cast<double>(blocks) * static_cast<double>(steps_per_block);
    const double strips = static_cast<double>(ceil_div(a_.rows, block.rows) * strips_per_block);
    const double time = over_panels(cols_, costs_.lanes, costs_.bsr_vectors[h], [&](int vectors) {
      // A narrower panel has the same broadcasts.
      const double share = 0.3 + 0.7 * vectors / costs_.bsr_vectors[h];
      return (steps * costs_.bsr[h].element + strips * costs_.bsr[h].piece) * share;
    });
    return std::max(
        time, read(static_cast<double>(blocks) * (static_cast<double>(block.rows * block.cols) * element_bytes() + 4)));
  }

  const CsrArrays& a_;
  const PackOptions& options_;
  const Costs& costs_;
  Index cols_;
};

std::string told_name(const Candidate& c) {
  return c.format == Format::bsr ? joined("bsr ", c.block.rows, "x", c.block.cols) : std::string(name(c.format));
}

std::string milliseconds(double nanoseconds) { return joined(std::setprecision(3), nanoseconds * 1e-6); }

}  // namespace

bool is_open(Index rows, Index cols, const PackOptions& options) {
  return options.format == Format::automatic && options.dataflow == Dataflow::automatic && options.expected_cols > 0 &&
         options.side == Side::left && options.combine.policy == CombinePolicy::in_order &&
         std::max(rows, cols) <= std::numeric_limits<std::int32_t>::max() &&
         static_cast<double>(rows) * static_cast<double>(cols) >= kLeastCells;
}

Choice choose_format(const CsrArrays& a, const PackOptions& options, bool dense_too) {
  const Predictor predictor(a, options);
  std::vector<Candidate> candidates = predictor.all();
  if (!dense_too) candidates.erase(candidates.begin());  // the first
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& x, const Candidate& y) { return x.nanoseconds < y.nanoseconds; });
  const auto csr =
      std::find_if(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.format == Format::csr; });
  const bool tie =
      candidates.front().format == Format::tcsr && csr->nanoseconds <= kTie * candidates.front().nanoseconds;
  if (tie) std::rotate(candidates.begin(), csr, csr + 1);
  const Candidate& best = candidates.front();
  Choice choice;
  choice.options = options;
  choice.options.format = best.format, choice.options.dataflow = best.dataflow;
  if (best.format == Format::bsr) choice.options.block = best.block;
  choice.why =
      joined(told_name(best), ": ", milliseconds(best.nanoseconds), " ms predicted for ", predictor.cols(), " columns");
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    choice.why += joined(i == 1 ? "; " : ", ", told_name(candidates[i]), " ", milliseconds(candidates[i].nanoseconds));
  }
  return choice;
}

}  // namespace septet::detail
