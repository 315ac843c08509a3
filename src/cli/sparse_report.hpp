// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network --sparse-over-dense` says: how much quicker a network's products are with sparse weights.
#pragma once

#include "network_report.hpp"
#include "network_times.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// On this CPU.
struct SparseTimes {
  Index runs = 0;                                ///< of each form
  std::vector<network::LayerRun> dense, sparse;  ///< medians, one per step
  std::vector<network::PreparedStep> steps;      ///< of the sparse form
};

/// Dense and sparse runs in turn. Throws Error; CheckFailed where their outputs differ.
SparseTimes time_sparse_over_dense(const network::Network& network, const std::vector<const network::Tensor*>& inputs,
                                   Index runs);

/// A product, or all of them: how long with either form. Nothing: not measured, or no dataflow of the kind fits.
struct SparseOverDense {
  std::optional<Index> cycles_dense, cycles_sparse;
  std::optional<double> seconds_dense, seconds_sparse;

  std::optional<double> cycles_ratio() const;  ///< dense / sparse
  std::optional<double> seconds_ratio() const;
};
/// `times`: null: none.
SparseOverDense sparse_over_dense(const NetworkReport& report, const SparseTimes* times, std::size_t layer);
/// Cycles of the products; seconds of all steps.
SparseOverDense sparse_over_dense(const NetworkReport& report, const SparseTimes* times);

Json sparse_json(const NetworkReport& report, const SparseTimes* times);
std::string sparse_table(const NetworkReport& report, const SparseTimes* times);

}  // namespace septet::cli
