// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tables of transformers list their products: what a whole model has beside them follows from its architecture.
#pragma once

#include "csv.hpp"
#include "septet/network/cost.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace septet::io {

/// Whose biases, normalisations and embeddings a table does not list (docs/layer_tables.md).
enum class Architecture : std::uint8_t { none, gpt2, gpt3, gpt_neox, bert };
inline constexpr Architecture kArchitectures[] = {Architecture::none, Architecture::gpt2, Architecture::gpt3,
                                                  Architecture::gpt_neox, Architecture::bert};
const char* name(Architecture architecture);

/// What follows from it.
struct Rules {
  const char* name;
  std::vector<const char*> normalised;  ///< components with a normalisation beside them
  const char* last;                     ///< the component that a whole model ends with
  bool last_biased;
  Index positions, words, segments;  ///< rows of embeddings; words -1: as many as the last component has outputs
  bool behind;                       ///< normalisations are behind components, and behind the embeddings

  bool normalises(const std::string& component) const;
};
const Rules& rules_of(Architecture architecture);

/// By a model's name: "gpt2-xl", "genslm_neox_25M", …; none if it says nothing.
Architecture architecture_of(const std::string& model);

/// A line: all products of a component.
struct TransformerLine {
  std::string model, component;  ///< model: "" where the table has no such column
  Index tokens = 0;
  network::Layer layer;  ///< its parameters: weights alone
};
TransformerLine read_transformer_line(const CsvRow& row);

/// Adds a model's other parameters to those of the lines, all of one length of sequences, by `rules`; a model that is
/// there as a whole, with its head or pooler, gets a layer more, "embeddings", of parameters alone. False: beyond 64
/// bits.
bool add_parameters(const Rules& rules, std::vector<TransformerLine>& lines);

}  // namespace septet::io
