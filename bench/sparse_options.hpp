// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The command line of bench_sparse.
#pragma once

#include "bench/common_options.hpp"
#include "bench/pattern.hpp"

namespace septet::bench {

struct SparseOptions : CommonOptions {
  std::vector<PatternKind> patterns = {PatternKind{}};
  std::vector<double> zeros = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98};
  std::vector<Index> columns = {1, 16, 49, 196, 784, 3136};  ///< n; 0: the layer's own
  std::vector<std::string> matrices;                         ///< pattern files
  std::vector<std::string> formats;                          ///< empty: all
  double largest = 20e9;                                     ///< operations of the dense product
  double give_up = 3;                                        ///< 0: never
  double cache_bytes = 0;
  bool details = false;
};

/// -1: go on; otherwise the exit code, everything having been said.
int parse(int argc, char** argv, SparseOptions& options);

}  // namespace septet::bench
