// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network` says of a recommendation model's embedding tables (docs/language.md): what they hold, and what
// is read of them at the rate at which the model runs.
#pragma once

#include "io/layer_table.hpp"
#include "network_report.hpp"
#include "partition_report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct EmbeddingReport {
  std::vector<io::EmbeddingTable> tables;  ///< empty: no recommendation model's configuration
};

/// `partition`: null of one array.
Json embedding_json(const NetworkReport& report, const EmbeddingReport& embedding, const PartitionReport* partition);
std::string embedding_table(const NetworkReport& report, const EmbeddingReport& embedding,
                            const PartitionReport* partition);
/// A part of a page of HTML.
std::string embedding_html(const NetworkReport& report, const EmbeddingReport& embedding,
                           const PartitionReport* partition);

}  // namespace septet::cli
