// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks as tables of layers: one line each, in columns separated by commas. docs/layer_tables.md lists the kinds,
// told apart by their headers.
#pragma once

#include "transformer_table.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::io {

struct TableOptions {
  Index batch = 1;   ///< so many inputs instead of the one that a table is of
  Index tokens = 0;  ///< of one input; of a table with several lengths of sequences: this one. 0: what the table says
  std::optional<Architecture> architecture;  ///< of a transformer; nothing: by its name
};

struct LayerTable {
  std::vector<network::Layer> layers;
  Index inputs = 1;  ///< images, sequences, samples that go through together
  Index tokens = 0;  ///< of all of them; 0: no language model
};

/// Products with the weights as A: a table's right operand, transposed. What is no product has the operations and
/// bytes of its vector work, but no cycles. Throws Error, which names the file, the line, the column and the cause.
LayerTable read_layer_table(const std::string& path, const TableOptions& options = {});

/// What every reader ends with: layers for `options.batch` inputs, bytes of parameters, and totals within 64 bits.
/// Throws Error about `path`.
void finish_table(const std::string& path, const TableOptions& options, LayerTable& table);

}  // namespace septet::io
