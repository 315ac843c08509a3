// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a report on a network may have beside its layers: a section each in the JSON, the table and the page.
#pragma once

#include "embedding_report.hpp"
#include "language_report.hpp"
#include "numerics.hpp"
#include "partition_report.hpp"
#include "sparse_report.hpp"
#include "training_report.hpp"

#include <optional>

namespace septet::cli {

/// Of those that were asked for.
struct NetworkSections {
  std::optional<PartitionReport> partition;
  std::optional<Numerics> numerics;
  bool sparse_over_dense = false;
  std::optional<TrainingReport> training;
  std::optional<SparseTimes> times;  ///< of it, on this CPU
  std::optional<LanguageReport> language;
  EmbeddingReport embedding;

  const SparseTimes* sparse_times() const { return times ? &*times : nullptr; }
  const PartitionReport* parts() const { return partition ? &*partition : nullptr; }
};

}  // namespace septet::cli
