// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/session.hpp"

#include <sched.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>

namespace septet::bench {

void pin(int threads) {
  if (threads > 1) return;
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::string& text) const {
  if (terminal_) std::cerr << "\r" << text << "\033[K" << std::flush;
}

void write_json(const nlohmann::json& json, const std::string& path) {
  std::ofstream file(path);
  file << json.dump(1) << '\n';
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace septet::bench
