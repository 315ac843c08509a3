// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What was measured, for people (a table, row by row as it comes, and a summary) and for machines (JSON).
#pragma once

#include "bench/measure.hpp"
#include "bench/problem.hpp"
#include "bench/roofline.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace septet::bench {

/// One candidate on one shape.
struct Entry {
  std::string name, implementation;
  Role role = Role::peer;
  bool is_right = true;
  Rounds rounds;  ///< seconds per call
};

/// One shape.
struct Row {
  Shape shape;
  double operations = 0;
  std::vector<Entry> entries;
  Roofline::Result roofline;
  double waited = 0;  ///< as in Measured

  const Entry* ours() const;
  const Entry* reference() const;  ///< another product of ours; nullptr if there is none
  const Entry* best_peer() const;  ///< the right one with the lowest median; nullptr if there is none
  double rate(const Entry& entry) const { return operations / spread_of(entry.rounds).median; }
  /// Puts the rounds of another measurement of the same shape behind these.
  void append(const Row& later);
};

/// One library, or why it is not here.
struct Participant {
  std::string name, version, instructions, missing;
};

struct Run {
  Setting setting;
  MeasureOptions measuring;
  std::vector<Participant> participants;
  std::vector<Row> rows;
};

nlohmann::json to_json(const Spread& spread);
nlohmann::json to_json(const std::vector<Participant>& participants);
std::string participants_text(const std::vector<Participant>& participants);
std::string table_header(const Setting& setting);
/// `details`: every candidate on a line of its own below.
std::string table_row(const Row& row, bool details);
/// Mean and worst of the ratios, share of the roofline, what was left out and why.
std::string summary(const Run& run);
nlohmann::json to_json(const Run& run);

}  // namespace septet::bench
