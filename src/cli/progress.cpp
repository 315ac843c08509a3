// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include "text_table.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
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
      start_(Clock::now()),
      next_(start_ + kPause),
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
  if (!first_) first_ = done, start_ = now;
  if (!terminal_ || now < next_) return;
  next_ = now + kPause;
  shown_ = true;
  const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  const std::string line = fmt::format("\r{}: {} {} of {} ({}){}\033[K", label_, unit_, grouped(done), grouped(total),
                                       percent(share), rest(done, total));
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

std::string ProgressLine::rest(Index done, Index total) const {
  if (done <= *first_) return "";
  const std::chrono::duration<double> taken = Clock::now() - start_;
  const double each = taken.count() / static_cast<double>(done - *first_);
  return ", " + duration(each * static_cast<double>(total - done)) + " left";
}

std::string duration(double seconds) {
  const auto whole = static_cast<Index>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", grouped(whole / 3600), whole % 3600 / 60);
}

}  // namespace septet::cli
