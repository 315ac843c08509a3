// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include "text_table.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace septet::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPause(100);

}  // namespace

// Nothing before the first pause is over: short work shows no flicker.
ProgressLine::ProgressLine(std::string label, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      next_(Clock::now() + kPause),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

emulation::Progress ProgressLine::callback() {
  if (!terminal_) return {};
  return [this](Index done, Index total) { show(done, total); };
}

void ProgressLine::show(Index done, Index total) {
  const auto now = Clock::now();
  if (!terminal_ || now < next_) return;
  next_ = now + kPause;
  shown_ = true;
  const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  const std::string line =
      fmt::format("\r{}: {} {} of {} ({})\033[K", label_, unit_, grouped(done), grouped(total), percent(share));
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace septet::cli
