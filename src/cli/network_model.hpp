// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The MODEL of a command line: a network with weights, or shapes alone.
#pragma once

#include "network_flags.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct NetworkModel {
  std::string name;
  std::vector<network::Layer> layers;       ///< with --vector-lanes' cycles; of `network`, they refer to its weights
  Index batch = 1;                          ///< inputs that go through together
  Index tokens = 0;                         ///< of all of them; 0: no language model
  std::optional<network::Network> network;  ///< nothing: a table, shapes alone
  std::optional<io::TransformerRun> transformer;
  std::vector<io::EmbeddingTable> tables;  ///< of a recommendation model
};

/// Throws Error: what cannot be read, flags that are not such a model's.
NetworkModel read_model(const NetworkFlags& given);

}  // namespace septet::cli
