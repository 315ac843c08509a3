// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The progress line: on a terminal only, at most ten times a second, gone at the end.
#pragma once

#include "septet/emulation/emulate.hpp"

#include <chrono>
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
  std::string label_, unit_;
  std::chrono::steady_clock::time_point next_;
  bool terminal_ = false;
  bool shown_ = false;
};

}  // namespace septet::cli
