// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/network_layers.hpp"

#include "bench/measure.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

double total_seconds(const std::vector<LayerTime>& layers) {
  double seconds = 0;
  for (const LayerTime& layer : layers) seconds += layer.seconds;
  return seconds;
}

std::string rate(double operations, double seconds) {
  return operations > 0 && seconds > 0 ? fmt::format("{:.1f}", operations / seconds * 1e-9) : "";
}

std::string shape(const network::Product& product) {
  if (product.count == 0) return "";
  return fmt::format("{}{}x{}x{}", product.count == 1 ? "" : fmt::format("{} times ", product.count), product.m,
                     product.k, product.n);
}

std::string line(const LayerTime& layer, double total) {
  const bool product = layer.form.product;
  return fmt::format("{:28} {:16} {:>18} {:>8} {:>6} {:>9.3f} {:>8} {:>6.1f}%\n", layer.name, layer.op,
                     shape(layer.product), product ? name(layer.form.format) : "",
                     product ? fmt::format("{:.0f}%", 100 * layer.form.zeros) : "", layer.seconds * 1e3,
                     rate(layer.operations(), layer.seconds), 100 * layer.seconds / total);
}

}  // namespace

std::vector<LayerTime> layer_times(network::Session& session, const std::vector<const network::Tensor*>& inputs,
                                   int runs) {
  const network::Network& network = session.network();
  std::vector<std::vector<double>> seconds(network.steps.size());
  std::vector<network::LayerRun> layers;
  for (int i = 0; i < runs; ++i) {
    session.run(inputs, layers);
    for (std::size_t step = 0; step < layers.size(); ++step) seconds[step].push_back(layers[step].seconds);
  }
  std::vector<LayerTime> times;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const network::Step& step = network.steps[i];
    times.push_back({step.name, network::name(step.op), product_of(network, step), session.steps()[i],
                     spread_of(seconds[i]).median});
  }
  return times;
}

std::string table_of(const std::vector<LayerTime>& layers) {
  const double total = total_seconds(layers);
  double operations = 0;
  for (const LayerTime& layer : layers) operations += layer.operations();
  std::string text = fmt::format("{:28} {:16} {:>18} {:>8} {:>6} {:>9} {:>8} {:>7}\n", "layer", "operator", "M x K x N",
                                 "form", "zeros", "ms", "Gop/s", "share");
  for (const LayerTime& layer : layers) text += line(layer, total);
  return text +
         fmt::format("{:28} {:51} {:>9.3f} {:>8} {:>6.1f}%\n", "all", "", total * 1e3, rate(operations, total), 100.0);
}

nlohmann::json to_json(const std::vector<LayerTime>& layers) {
  nlohmann::json json = nlohmann::json::array();
  for (const LayerTime& layer : layers) {
    json.push_back({{"name", layer.name}, {"operator", layer.op}, {"ms", layer.seconds * 1e3}});
    if (!layer.form.product) continue;
    json.back().update({{"m", layer.product.m},
                        {"n", layer.product.n},
                        {"k", layer.product.k},
                        {"count", layer.product.count},
                        {"operations", layer.operations()},
                        {"form", name(layer.form.format)},
                        {"packed_bytes", layer.form.packed_bytes},
                        {"zeros", layer.form.zeros}});
  }
  return json;
}

}  // namespace septet::bench
