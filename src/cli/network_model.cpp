// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_model.hpp"

#include "errors.hpp"
#include "io/config_list.hpp"
#include "io/layer_table.hpp"
#include "io/network_index.hpp"
#include "io/recommendation_config.hpp"

#include <cstring>
#include <utility>

namespace septet::cli {
namespace {

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

constexpr const char* kModel = "model:";

io::LayerTable read_config(const NetworkFlags& given) {
  const std::string& path = given.flags.a;
  const io::ConfigList list(path);
  const io::JsonObject json = list.named(given.config);
  if (io::is_transformer_config(json)) {
    refuse_flags(given, {"--table-type"}, "is of recommendation models alone");
    return io::transformer_layers(path, io::read_transformer_config(json), given.table);
  }
  refuse_flags(given, {"--phase", "--context"}, "is of a transformer's configuration alone");
  return io::read_recommendation_config(json, given.table_type, given.table);
}

// A table, and the vector unit's work in another one.
io::LayerTable read_layers(const NetworkFlags& given) {
  io::LayerTable table = io::read_layer_table(given.flags.a, given.table);
  if (given.vector_work.empty()) return table;
  io::TableOptions options;
  options.batch = table.inputs;
  for (network::Layer& layer : io::read_layer_table(given.vector_work, options).layers) {
    if (!layer.work) refuse(given.vector_work, "is no table of the vector unit's work");
    table.layers.push_back(std::move(layer));
  }
  return table;
}

// Shapes alone, or nothing: then it is a network.
std::optional<io::LayerTable> read_table(const NetworkFlags& given) {
  const std::string& path = given.flags.a;
  const bool model = path.rfind(kModel, 0) == 0;
  const bool configurations = !model && ends_with(path, ".json") && io::is_config_list(path);
  if ((model || configurations || ends_with(path, ".csv")) && given.table.compression.bits > 8) {
    refuse("--weight-bits", "1 to 8: the weights of tables and models are bytes");
  }
  if (!configurations) refuse_flags(given, {"--config", "--table-type"}, "is of configurations (.json) alone");
  const bool lines = ends_with(path, ".csv");
  if (!lines) refuse_flags(given, {"--vector-work"}, "is of tables of layers (.csv) alone");
  if (configurations) return read_config(given);
  if (model) {
    return io::transformer_layers(path, io::transformer_by_name(path.substr(std::strlen(kModel))), given.table);
  }
  refuse_flags(given, {"--phase", "--context"}, "is of a transformer's configuration alone");
  if (lines) return read_layers(given);
  refuse_flags(given, {"--batch", "--architecture"}, "is of tables of layers; a network's shapes say it");
  refuse_flags(given, {"--weight-sparsity", "--weight-pattern", "--group"},
               "is of tables of layers; a network has its weights");
  return {};
}

NetworkModel model_of(const NetworkFlags& given, io::LayerTable table) {
  NetworkModel model;
  model.name = given.flags.a;
  if (!given.config.empty()) model.name += ": " + given.config;
  model.layers = std::move(table.layers), model.batch = table.inputs, model.tokens = table.tokens;
  for (network::Layer& layer : model.layers) layer.vector = network::with_cycles(layer.vector, given.vector);
  model.transformer = std::move(table.transformer), model.tables = std::move(table.tables);
  return model;
}

NetworkModel model_of(const NetworkFlags& given, network::Network network) {
  NetworkModel model;
  model.network = std::move(network);
  model.name = model.network->name;
  model.layers = network::layers_of(*model.network, given.vector);
  for (network::Layer& layer : model.layers) {
    if (layer.weights.data != nullptr) layer.weight_bits = given.table.compression.bits;
  }
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
