// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A worker that scripts/bench.sh starts beside other programs' workers: a line on stdin, a line on stdout, until "quit"
// or the end.
//
//   run N     milliseconds of each of N runs, a bar, those of all together, and for how many threads waited for a core
#pragma once

#include <functional>
#include <map>
#include <string>

namespace septet::bench {

constexpr int kMostRuns = 1000000;

/// An answer to what follows an order's name.
using Request = std::function<std::string(const std::string& rest)>;

struct Worker {
  std::function<void()> run;              ///< what is timed
  int threads = 1;                        ///< that it takes
  std::map<std::string, Request> orders;  ///< beside "run N"
};

/// Says "ready septet" and the version, then answers. What is not understood is answered as well, "error: …", for the
/// other side waits.
void serve(const Worker& worker);

}  // namespace septet::bench
