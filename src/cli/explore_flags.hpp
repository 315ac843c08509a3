// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The flags of `septet explore`, and which of them go together.
#pragma once

#include "explore_axes.hpp"
#include "explore_run.hpp"
#include "network_flags.hpp"

#include <string>
#include <vector>

namespace septet::cli {

struct ExploreFlags {
  NetworkFlags model;    ///< and the options of everything that is not swept
  Axes axes;             ///< flags' alone
  std::string sweep;     ///< --sweep; empty: none
  std::string hardware;  ///< --hardware; empty: none
  std::string journal;   ///< --journal; empty: by -o
  std::vector<std::string> merge;
  Shard shard;  ///< --shard
  double slowdown = 1.1;
  emulation::AreaTable area;

  Flags& flags() { return model.flags; }
  const Flags& flags() const { return model.flags; }
  /// Empty: none is kept.
  std::string journal_path() const;
  /// The designs as a table, rather than a shard's.
  bool whole() const { return !flags().has("--shard"); }
};

void add_explore_flags(CLI::App& verb, ExploreFlags& given);

/// Whatever can be said before anything is read.
void check_explore_flags(const ExploreFlags& given);

}  // namespace septet::cli
