// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the command lines of bench_gemm and bench_sparse have in common.
#pragma once

#include "bench/measure.hpp"
#include "bench/peers/peer.hpp"
#include "bench/problem.hpp"

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;  // seconds to compile, for files that define flags only
}

namespace septet::bench {

struct CommonOptions {
  std::vector<std::string> files;
  std::string filter;
  Setting setting;
  MeasureOptions measuring;
  InstructionLimit limit = InstructionLimit::all;
  std::vector<std::string> peers;                ///< empty: all
  std::map<std::string, std::string> libraries;  ///< peer to path
  std::string json;
  bool list = false;

  bool wants_peer(const std::string& name) const;
  PeerSettings peer_settings(const std::string& name) const;
  /// Of all files, those whose name contains the filter. Throws if there is none.
  std::vector<Shape> shapes() const;
};

/// Names in one line, with commas between.
std::string joined(const std::vector<std::string>& names);

void add_shapes(CLI::App& app, CommonOptions& options, const std::string& default_file);
void add_type(CLI::App& app, CommonOptions& options, const std::vector<std::string>& known);
void add_threads(CLI::App& app, CommonOptions& options);
/// `known`: the names that --peers and --library take.
void add_peers(CLI::App& app, CommonOptions& options, const std::vector<std::string>& known);
void add_rounds(CLI::App& app, CommonOptions& options);
void add_output(CLI::App& app, CommonOptions& options);

/// -1: go on; otherwise the exit code, everything having been said.
int parse(CLI::App& app, int argc, char** argv, CommonOptions& options);

}  // namespace septet::bench
