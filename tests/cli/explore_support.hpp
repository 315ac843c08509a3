// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A folder with a table of small layers and a sweep over it.
#pragma once

#include "cli_test_support.hpp"

#include <map>
#include <string>
#include <vector>

namespace septet::cli::test {

struct ExploreFolder {
  ExploreFolder() {
    folder.write("t.csv",
                 "Layer, M, N, K\nfirst, 49, 24, 40\nsecond, 1, 10, 64\nthird, 60, 33, 17\nfourth, 49, 24, 40\n");
    folder.write("sweep.json",
                 R"({"arrays": ["4x4", "4x8", "8x8"], "dataflows": ["auto", "dOS", "dWS", "sOS"],
                     "buffer_total": ["4K", 8192], "splits": 4, "bandwidths": [2, 0], "precisions": ["s8", "s8/4"],
                     "sparsities": ["own", 0.75], "seed": 5})");
  }

  Folder folder;
};

/// What `explore t.csv --sweep sweep.json` looks at.
inline constexpr Index kSweepMachines = 3 * 2 * 2 * (2 * 4) * 2, kSweepDesigns = kSweepMachines * 4;

using CsvCells = std::map<std::string, std::string>;
/// Lines of a table by their columns' names.
std::vector<CsvCells> csv_rows(const std::string& text);

}  // namespace septet::cli::test
