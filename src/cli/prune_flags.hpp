// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The flags of `septet prune`, and which of them go together.
#pragma once

#include "options.hpp"
#include "septet/network/prune.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct PruneFlags {
  Flags flags;                    ///< a: the model or the matrix; output: a folder or a file
  std::optional<Index> columns;   ///< --columns
  std::string mask;               ///< --mask
  network::PruneOptions options;  ///< all but `cost` and `statistics`
  std::string goal;               ///< the flag that says it, and its value: "--speedup 4"; empty: none
  std::vector<std::string> inputs;
  std::vector<double> curves;      ///< --curves, speed-ups; empty: none are asked for
  std::vector<ArrayShape> arrays;  ///< of the curves
  std::string labels, points;      ///< files; empty: none

  /// The operand is a matrix, not a model.
  bool is_matrix() const;
  /// Of a model.
  std::string index() const;
  bool has_goal() const { return !goal.empty(); }
  network::CostOptions cost() const;
  /// The columns of B that a matrix of weights is multiplied with.
  Index columns_of_b() const { return columns.value_or(flags.gemm.array.width); }
};

void add_prune_flags(CLI::App& verb, PruneFlags& given);
void check_prune_flags(const PruneFlags& given);

}  // namespace septet::cli
