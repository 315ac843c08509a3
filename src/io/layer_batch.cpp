// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "layer_table.hpp"

#include <fmt/format.h>

namespace septet::io {
namespace {

using network::Layer;

bool scale(Index& value, Index times) { return !__builtin_mul_overflow(value, times, &value); }

bool repeat(network::VectorCost& cost, Index times) {
  bool fits = true;
  for (Index* count : {&cost.simple_operations, &cost.special_operations, &cost.reads_bytes, &cost.writes_bytes}) {
    Index cycles = *count;
    fits = fits && scale(*count, times) && scale(cycles, 16 * times);  // of any vector unit
  }
  return fits;
}

// More columns beside weights; of activations alone, more products. False: beyond 64 bits.
bool repeat(Layer& layer, Index times) {
  network::Product& product = layer.product;
  const bool weights = layer.op != name(network::Operator(network::MatMul{}));
  Index macs = product.macs();
  bool fits = scale(weights ? product.n : product.count, times) && scale(macs, times) && scale(layer.lookups, times);
  if (layer.convolution) fits = fits && scale(layer.convolution->batch, times);
  if (layer.work) fits = fits && scale(layer.work->x, times) && scale(layer.work->y, times);
  fits = fits && repeat(layer.vector, times);
  return fits && (!layer.gradient || repeat(*layer.gradient, times));
}

void compress_weights(const std::string& path, const TableOptions& options, LayerTable& table) {
  std::vector<Layer> layers;
  bool any = false;
  for (Layer& layer : table.layers) {
    const bool weights = layer.prunable;
    if (weights) {
      const Status status = network::compress(layer, options.compression);
      if (!status.ok()) fail(path, status.message());
      if (layer.product.macs() > Index{1} << 58) fail(path, "totals beyond 64 bits");  // a few per MAC at most
    }
    any = any || weights;
    layers.push_back(std::move(layer));
    if (!weights || options.scale_group == 0) continue;
    layers.push_back(network::scales_of(layers.back(), options.scale_group));
  }
  if (!any) fail(path, "has no weights that could be compressed");
  table.layers = std::move(layers);
}

}  // namespace

void finish_table(const std::string& path, const TableOptions& options, LayerTable& table) {
  if (options.batch != 1 && table.inputs != 1) {
    fail(path, fmt::format("is of {} inputs already: --batch is for what is of one", table.inputs));
  }
  Index macs = 0, parameters = 0, bytes = 0;
  bool fits = scale(table.inputs, options.batch) && scale(table.tokens, options.batch);
  for (Layer& layer : table.layers) {
    if (layer.parameter_bytes == 0) layer.parameter_bytes = layer.parameters;  // weights are bytes
    fits = fits && repeat(layer, options.batch) && !__builtin_add_overflow(macs, layer.product.macs(), &macs) &&
           !__builtin_add_overflow(parameters, layer.parameters, &parameters) &&
           !__builtin_add_overflow(bytes, layer.parameter_bytes, &bytes);
  }
  if (!fits) fail(path, "totals beyond 64 bits");
  if (options.compression.given()) compress_weights(path, options, table);
}

}  // namespace septet::io
