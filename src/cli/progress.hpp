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
  /// `label` comes before the count of folds.
  explicit ProgressLine(std::string label);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// What emulate() is to call; empty where nobody looks.
  emulation::Progress callback();

 private:
  void show(Index done, Index total);

  std::string label_;
  std::chrono::steady_clock::time_point next_;
  bool terminal_ = false;
  bool shown_ = false;
};

}  // namespace septet::cli
