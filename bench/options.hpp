// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The command line of bench_gemm.
#pragma once

#include "bench/common_options.hpp"

namespace septet::bench {

struct Options : CommonOptions {
  int repeats = 1;
  bool details = false;
};

/// -1: go on; otherwise the exit code, everything having been said.
int parse(int argc, char** argv, Options& options);

}  // namespace septet::bench
