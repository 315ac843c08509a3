// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks as tables of layers: one line each, in columns separated by commas. docs/layer_tables.md lists the kinds,
// told apart by their headers.
#pragma once

#include "septet/network/compression.hpp"
#include "transformer_model.hpp"
#include "transformer_table.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::io {

struct TableOptions {
  Index batch = 1;   ///< so many inputs instead of the one that a table is of
  Index tokens = 0;  ///< of one input; of a table with several lengths of sequences: this one. 0: what the table says
  std::optional<Architecture> architecture;  ///< of a transformer; nothing: by its name
  Phase phase = Phase::prefill;              ///< of a transformer's configuration
  std::optional<Index> context;              ///< … tokens before those that go through
  network::Compression compression;          ///< of weights (of a transformer's configuration: those of its blocks)
  Index scale_group = 0;                     ///< weights of a row that share a scale; 0: their scales cost nothing
};

/// An embedding table of a recommendation model.
struct EmbeddingTable {
  std::size_t layer = 0;  ///< which of the layers it is
  Index rows = 0, width = 0, row_bytes = 0;
  Index lookups = 0;  ///< of a sample
};

struct LayerTable {
  std::vector<network::Layer> layers;
  Index inputs = 1;                           ///< images, sequences, samples that go through together
  Index tokens = 0;                           ///< of all of them; 0: no language model
  std::optional<TransformerRun> transformer;  ///< of a configuration
  std::vector<EmbeddingTable> tables;         ///< of a recommendation model
};

/// Products with the weights as A: a table's right operand, transposed. What is no product has the operations and
/// bytes of its vector work, but no cycles. Throws Error, which names the file, the line, the column and the cause.
LayerTable read_layer_table(const std::string& path, const TableOptions& options = {});

/// What every reader ends with: layers for `options.batch` inputs, bytes of parameters, totals within 64 bits, and
/// weights compressed. Throws Error about `path`.
void finish_table(const std::string& path, const TableOptions& options, LayerTable& table);

}  // namespace septet::io
