// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet bench` is asked to measure, and how.
#pragma once

#include "cli/verbs.hpp"
#include "patterns.hpp"
#include "septet/spmm.hpp"

#include <string>
#include <vector>

namespace septet::cli {

enum class Cache : std::uint8_t { warm, cold };
const char* name(Cache cache);

struct MatrixShape {
  Index m = 0, k = 0;
};

/// --library NAME=PATH.
struct LibraryPath {
  std::string name;
  std::string path;
};

/// The axes, all against all; then the method.
struct BenchSettings {
  std::vector<Format> formats;
  std::vector<double> sparsities;
  std::vector<PatternKind> patterns;  ///< empty: none but the files
  std::vector<std::string> matrices;  ///< files; shape and sparsity are theirs
  std::vector<MatrixShape> shapes;
  std::vector<Index> columns;  ///< N
  std::vector<Type> types;
  std::vector<int> threads;
  std::vector<Cache> caches;

  PatternOptions pattern_options;
  PackOptions packing;  ///< block, slice, group, tile_cols, array and combine of the formats
  std::vector<LibraryPath> libraries;

  int rounds = 7;
  double burst_s = 2e-3;
  std::uint64_t seed = 1;
  Index sweep_bytes = 0;  ///< 0: by the caches
  std::string target;     ///< empty: the best

  std::string json, csv, report;  ///< empty: none; "-" (the first two): stdout
  bool details = false;
};

/// Adds the flags; they fill `settings`, which gets the defaults of what is not given from complete().
void add_settings(CLI::App& verb, BenchSettings& settings);
/// After parsing: defaults, and flags that exclude each other. Throws Error.
void complete(BenchSettings& settings);

}  // namespace septet::cli
