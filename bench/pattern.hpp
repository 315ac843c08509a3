// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where a sparse matrix has elements: made to a share of zeros, or read from a file.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::bench {

struct Pattern {
  Index rows = 0, cols = 0;
  std::vector<std::uint8_t> kept;  ///< row-major; 0 or 1

  bool has(Index i, Index j) const { return kept[static_cast<std::size_t>(i * cols + j)] != 0; }
  Index nnz() const;
};

/// How a pattern is made, by name: "uniform"; "8x1", "16x1", "4x4", "1x4": blocks of rows x columns that are there or
/// not, cut at the edges; "2:4": so many of every group of neighbours in a row.
struct PatternKind {
  std::string name = "uniform";
  Index block_rows = 1, block_cols = 1;
  int group_n = 0, group_m = 0;

  /// The share of zeros is in the name.
  bool is_grouped() const { return group_m > 0; }
};
/// Throws std::invalid_argument.
PatternKind pattern_named(const std::string& name);

/// Exactly `zeros` of the blocks are zero (to the nearest number of them), each set of that many equally likely. A
/// grouped kind takes its own share. Always the same.
Pattern make_pattern(const PatternKind& kind, Index rows, Index cols, double zeros);

/// Of a .mtx, .smtx or .npy file: what it stores and is not zero. Throws std::runtime_error.
Pattern read_pattern(const std::string& path);

/// The .mtx and .smtx files in and below a directory, or the file itself, in order. Throws std::runtime_error.
std::vector<std::string> pattern_files(const std::string& path);

}  // namespace septet::bench
