// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_model.hpp"

#include "errors.hpp"
#include "io/layer_table.hpp"
#include "io/network_index.hpp"
#include "io/recommendation_config.hpp"

#include <utility>

namespace septet::cli {
namespace {

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

// Shapes alone, or nothing: then it is a network.
std::optional<io::LayerTable> read_table(const NetworkFlags& given) {
  const std::string& path = given.flags.a;
  const bool configurations = ends_with(path, ".json") && io::is_recommendation_config(path);
  if (!configurations) refuse_flags(given, {"--config", "--table-type"}, "is of configurations (.json) alone");
  if (configurations) return io::read_recommendation_config(path, given.config, given.table_type, given.table);
  if (ends_with(path, ".csv")) return io::read_layer_table(path, given.table);
  refuse_flags(given, {"--batch", "--architecture"}, "is of tables of layers; a network's shapes say it");
  return {};
}

NetworkModel model_of(const NetworkFlags& given, io::LayerTable table) {
  NetworkModel model;
  model.name = given.flags.a;
  if (!given.config.empty()) model.name += ": " + given.config;
  model.layers = std::move(table.layers), model.batch = table.inputs, model.tokens = table.tokens;
  for (network::Layer& layer : model.layers) layer.vector = network::with_cycles(layer.vector, given.vector);
  return model;
}

NetworkModel model_of(const NetworkFlags& given, network::Network network) {
  NetworkModel model;
  model.network = std::move(network);
  model.name = model.network->name;
  model.layers = network::layers_of(*model.network, given.vector);
  if (!model.network->inputs.empty()) {
    const network::TensorInfo& input = model.network->tensors[static_cast<std::size_t>(model.network->inputs[0])];
    if (!input.shape.empty()) model.batch = input.dim(0);
  }
  const bool fits = !__builtin_mul_overflow(given.table.tokens, model.batch, &model.tokens);
  if (!fits) refuse("--tokens", "of all inputs are beyond 64 bits");
  return model;
}

}  // namespace

NetworkModel read_model(const NetworkFlags& given) {
  std::optional<io::LayerTable> table = read_table(given);
  return table ? model_of(given, *std::move(table)) : model_of(given, io::read_network(given.flags.a));
}

}  // namespace septet::cli
