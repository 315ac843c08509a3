// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What bench_sparse measured, for people (a table, point by point as it comes, and a summary) and for machines (JSON).
//
//   useful operations   two for every element of A that is not zero and every column of B
//   over dense          how many times the best of our sparse formats goes into the best dense product, ours or a
//   peer's over peers          the same of the best sparse peer share of peak       useful operations per second over
//   those of a loop of multiply-adds on registers share of bandwidth  bytes of the format per second over those of a
//   loop that reads as many automatic           time of the format that the library chose over the best of all of ours,
//   dense included
#pragma once

#include "bench/peers/sparse_peer.hpp"
#include "bench/report.hpp"

namespace septet::bench {

/// `single` is the best of ours again, on one thread.
enum class Kind { format, automatic, dense, peer, single };
const char* name(Kind kind);

/// One candidate at one point.
struct SparseEntry {
  std::string name, implementation;
  Kind kind = Kind::peer;
  bool is_ours = false;
  bool is_right = true;  ///< ours: the bits too
  double bytes = 0;      ///< of A in this format; 0 if not known
  double trial_s = 0;    ///< of a first, short run
  Rounds rounds = {};    ///< seconds per call; empty if it was given up after the trial
};

/// One matrix, one n.
struct Point {
  Shape shape;
  std::string pattern;
  double zeros = 0;  ///< the share that was asked for; of a file, the one that it has
  Index nnz = 0;
  double useful_operations = 0;
  std::string peak_name;
  Rounds peak, bandwidth;  ///< per second, round by round
  std::vector<SparseEntry> entries;
  std::vector<LeftOut> left_out;
  double waited = 0;  ///< as in Measured

  /// The right one with the lowest median; nullptr if there is none.
  const SparseEntry* best(Kind kind) const;
  const SparseEntry* best_of_ours() const;  ///< formats and dense
  std::string title() const;                ///< "conv3_3x3 n 196"
};

struct SparseRun {
  Setting setting;
  MeasureOptions measuring;
  double cache_bytes = 0;
  std::vector<Participant> participants, sparse_participants;
  std::vector<Point> points;
  std::vector<LeftOut> left_out;  ///< whole products
};

std::string sparse_table_header(const Setting& setting);
/// `details`: every candidate on a line of its own below.
std::string sparse_table_row(const Point& point, bool details);
nlohmann::json to_json(const Point& point);
nlohmann::json to_json(const SparseRun& run);

}  // namespace septet::bench
