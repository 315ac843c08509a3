// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The points of a sparse run put together: medians, means and worst cases over matrices and numbers of columns.
#pragma once

#include "bench/sparse_report.hpp"

namespace septet::bench {

/// One number, or none where what it compares is missing.
using Values = std::vector<double>;

/// How many times the best of our formats goes into the best of a kind, round by round, the median. `single`: what more
/// threads gain.
Values over(const Point& point, Kind kind);
/// Of the best of our formats, both.
Values share_of_peak(const Point& point);
Values share_of_bandwidth(const Point& point);
Values automatic_over_best(const Point& point);

/// A figure of several points.
struct Statistic {
  struct Case {
    std::string name;
    double value;
  };
  std::string what;     ///< "over dense, n >= 49", …
  std::string pattern;  ///< empty: all of them
  double zeros = -1;    ///< negative: all of them
  bool high_is_worse = false;
  std::vector<Case> cases = {};

  double median() const;
  double geometric_mean() const;
  const Case& worst() const;
};
/// None of them is without a case.
std::vector<Statistic> sparse_statistics(const SparseRun& run);

std::string sparse_summary(const SparseRun& run);
nlohmann::json sparse_summary_json(const SparseRun& run);

}  // namespace septet::bench
