// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which element leaves the array when, and where: dataflows.md, sections 2, 3 and 7, written out over the tests' own
// list of folds. No bandwidth limit.
#pragma once

#include "array_model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <vector>

namespace septet::support {

/// One word that a store unit writes.
struct Stored {
  Index cycle = 0, column = 0, pe_row = 0, fold = 0, step = 0;
  Index m = 0, n = 0;
};

struct StoreOrder {
  std::vector<Fold> folds;
  std::vector<Index> starts;           ///< the cycle of each fold's first MAC
  std::vector<std::vector<Index>> ks;  ///< the k that each fold multiplies
  std::vector<Stored> words;           ///< by cycle, then by column
};

namespace store_order_detail {

/// The largest t_f(m) - t_{f+1}(m) + H over the rows that are live in both, or 0.
inline Index rows_in_both(const Fold& f, const Fold& next, Index height) {
  Index latest = 0;
  for (Index t = 0; t < f.steps; ++t) {
    const auto& rows = next.streamed_rows;
    const auto found = std::find(rows.begin(), rows.end(), f.streamed_rows[static_cast<std::size_t>(t)]);
    if (found != rows.end()) latest = std::max(latest, t - static_cast<Index>(found - rows.begin()) + height);
  }
  return latest;
}

}  // namespace store_order_detail

inline StoreOrder store_order(const ArrayProblem& problem) {
  const GemmOptions& options = problem.options;
  const Dataflow dataflow = resolve(options.dataflow, options.accumulate, problem.a_is_sparse);
  const Index height = options.array.height, width = options.array.width;
  const bool os = is_output_stationary(dataflow), ws = dataflow == Dataflow::dWS || dataflow == Dataflow::sWS;
  const Index preload = os && options.preload.data == nullptr ? 0 : height, drain = os ? height : 0;
  const Timing timing = problem.array_options.timing;

  StoreOrder order;
  order.folds = array_folds(problem);
  Index begin = 0;
  for (std::size_t f = 0; f < order.folds.size(); ++f) {
    const Fold& fold = order.folds[f];
    if (timing != Timing::overlapped) {
      order.starts.push_back(begin + preload);
      begin += preload + fold.steps + height + width - 2 + (timing == Timing::scalesim ? 0 : drain);
    } else if (f == 0) {
      order.starts.push_back(preload);
    } else {
      const Fold& before = order.folds[f - 1];
      const bool waits =
          dataflow == Dataflow::sIS && options.accumulate == Accumulate::chained && before.n_tile == fold.n_tile;
      const Index gap = std::max({before.steps, preload, before.steps + drain - fold.steps,
                                  waits ? store_order_detail::rows_in_both(before, fold, height) : Index{0}});
      order.starts.push_back(order.starts.back() + gap);
    }
    std::vector<Index> ks(static_cast<std::size_t>(os ? problem.a.cols : fold.rows));
    std::iota(ks.begin(), ks.end(), os ? 0 : fold.k_tile);
    if (dataflow == Dataflow::sWS) {
      const std::vector<Index> live = live_columns(problem.a, fold.m_tile, fold.cols);
      for (Index& k : ks) k = live[static_cast<std::size_t>(k)];
    }
    order.ks.push_back(ks);
    const Index start = order.starts.back(), number = static_cast<Index>(f);
    for (Index w = 0; w < fold.cols; ++w) {
      if (os) {  // row H - 1 comes first
        for (Index j = 0; j < height; ++j) {
          const Index h = height - 1 - j;
          if (h >= fold.rows) continue;
          order.words.push_back(
              {start + fold.steps + height - 1 + w + j, w, h, number, j, fold.m_tile + h, fold.n_tile + w});
        }
        continue;
      }
      for (Index t = 0; t < fold.steps; ++t) {
        const Index m = ws ? fold.m_tile + w : fold.streamed_rows[static_cast<std::size_t>(t)];
        order.words.push_back({start + t + height - 1 + w, w, height - 1, number, t, m, ws ? t : fold.n_tile + w});
      }
    }
  }
  std::sort(order.words.begin(), order.words.end(),
            [](const Stored& x, const Stored& y) { return std::tie(x.cycle, x.column) < std::tie(y.cycle, y.column); });
  return order;
}

}  // namespace septet::support
