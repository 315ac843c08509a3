// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/serving.hpp"

#include "bench/measure.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <sstream>

namespace septet::bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::string times(const Worker& worker, int runs) {
  const auto start = Clock::now();
  const double before = waited_s(worker.threads);
  std::string text;
  for (int i = 0; i < runs; ++i) {
    const auto begin = Clock::now();
    worker.run();
    text += fmt::format("{:.6f} ", ms_since(begin));
  }
  const double waited_ms = (waited_s(worker.threads) - before) * 1e3;
  return text + fmt::format("| {:.6f} {:.6f}", ms_since(start), waited_ms);
}

std::string answer(const Worker& worker, const std::string& line) {
  std::istringstream words(line);
  std::string verb, rest, more;
  words >> verb >> std::ws;
  std::getline(words, rest);
  if (const auto order = worker.orders.find(verb); order != worker.orders.end()) return order->second(rest);
  std::istringstream number(rest);
  int runs = 0;
  if (verb == "run" && number >> runs && runs >= 1 && runs <= kMostRuns && !(number >> more)) {
    return times(worker, runs);
  }
  std::string known = "error: want run N, ";
  for (const auto& order : worker.orders) known += order.first + ", ";
  return known + "quit";
}

}  // namespace

void serve(const Worker& worker) {
  std::cout << "ready septet " SEPTET_VERSION << std::endl;
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    std::cout << answer(worker, line) << std::endl;
  }
}

}  // namespace septet::bench
