// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Transformers by their configuration (docs/language.md): by name, or from a list in JSON, and the layers that they are
// for so many tokens.
#pragma once

#include "transformer_table.hpp"

#include <string>
#include <vector>

namespace septet::io {

class JsonObject;
struct LayerTable;
struct TableOptions;

struct TransformerModel {
  std::string name;
  Architecture architecture = Architecture::gpt2;
  Index width = 0, heads = 0, layers = 0, feed_forward = 0;
  Index words = 0, positions = 0;  ///< of the vocabulary; learnt positions
  bool whole = true;               ///< with embeddings, last normalisation, head or pooler; else blocks alone
};

/// prefill: all tokens of a sequence at once; decode: one more token of every sequence.
enum class Phase : std::uint8_t { prefill, decode };
const char* name(Phase phase);

/// What goes through a model: every sequence's `tokens` attend to themselves, to each other (no mask) and to `context`
/// tokens before them, whose keys and values are kept.
struct TransformerRun {
  TransformerModel model;
  Phase phase = Phase::prefill;
  Index sequences = 1, tokens = 1, context = 0;

  Index attended() const { return context + tokens; }
  /// Keys and values of all layers, a byte for each element: of one token.
  Index cache_bytes_per_token() const { return 2 * model.width * model.layers; }
};

/// "gpt2", "gpt2-xl", …: those that are known.
std::vector<std::string> transformer_names();
/// Throws Error, which lists them.
TransformerModel transformer_by_name(const std::string& name);

/// Such a configuration, rather than a recommendation model's.
bool is_transformer_config(const JsonObject& json);
/// Throws Error: keys that are missing or contradict each other.
TransformerModel read_transformer_config(const JsonObject& json);

/// All parameters. Throws Error about `path`: beyond 64 bits.
Index parameters_of(const std::string& path, const TransformerModel& model);

/// The layers of `options`' run, the model's whole depth in each. Throws Error about `path`.
LayerTable transformer_layers(const std::string& path, const TransformerModel& model, const TableOptions& options);

}  // namespace septet::io
