// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The command line of bench_gemm.
#pragma once

#include "bench/measure.hpp"
#include "bench/peers/peer.hpp"
#include "bench/problem.hpp"

#include <map>
#include <string>
#include <vector>

namespace septet::bench {

struct Options {
  std::vector<std::string> files;
  std::string filter;
  Setting setting;
  MeasureOptions measuring;
  int repeats = 1;
  InstructionLimit limit = InstructionLimit::all;
  std::vector<std::string> peers;                ///< empty: all
  std::map<std::string, std::string> libraries;  ///< peer to path
  std::string json;
  bool details = false;
  bool list = false;

  bool wants_peer(const std::string& name) const;
  PeerSettings peer_settings(const std::string& name) const;
  /// Of all files, those whose name contains the filter. Throws if there is none.
  std::vector<Shape> shapes() const;
};

/// -1: go on; otherwise the exit code, everything having been said.
int parse(int argc, char** argv, Options& options);

}  // namespace septet::bench
