// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The progress line: on a terminal only, at most ten times a second, gone at the end; with the time that the rest will
// take if it is like what has been done since the line was first shown.
#pragma once

#include "septet/emulation/emulate.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace septet::cli {

class ProgressLine {
 public:
  /// `label` comes before the count of units.
  explicit ProgressLine(std::string label, std::string unit = "fold");
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// What emulate() is to call; empty where nobody looks.
  emulation::Progress callback();
  /// The same by hand.
  void show(Index done, Index total);

 private:
  std::string rest(Index done, Index total) const;

  std::string label_, unit_;
  std::chrono::steady_clock::time_point start_, next_;
  std::optional<Index> first_;  // done when the line was first asked for: not this process' work
  bool terminal_ = false;
  bool shown_ = false;
};

/// "3 s", "2 min 05 s", "1 h 30 min".
std::string duration(double seconds);

}  // namespace septet::cli
