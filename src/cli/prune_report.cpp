// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_report.hpp"

#include "network_report.hpp"
#include "septet/network/permute.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::cli {
namespace {

using network::PrunedLayer;
using network::PruneGoal;
using network::PruneGroups;
using network::Pruning;

const network::Step& step_of(const PruneReport& report, const PrunedLayer& layer) {
  return report.pruning.network.steps[static_cast<std::size_t>(layer.step)];
}

void put_counts(Json& json, const PruneCounts& counts) {
  json["weights"] = counts.weights, json["zeros"] = counts.zeros;
  json["sparsity"] = share_of(counts.zeros, counts.weights);
  json["kept"] = counts.kept;
  json["cycles_dense"] = counts.cycles_dense, json["cycles"] = counts.cycles;
  json["speedup"] = counts.cycles > 0 ? Json(times(counts.cycles_dense, counts.cycles)) : Json(nullptr);
}

Json layer_json(const PruneReport& report, std::size_t i) {
  const PrunedLayer& layer = report.pruning.layers[i];
  const network::Product p = network::product_of(report.pruning.network, step_of(report, layer));
  Json json;
  json["name"] = step_of(report, layer).name;
  json["count"] = p.count, json["m"] = p.m, json["n"] = p.n, json["k"] = p.k;
  json["dataflow_dense"] = name(layer.dense_dataflow), json["dataflow"] = name(layer.dataflow);
  put_counts(json, counts_of(layer));
  json["mask_file"] = report.mask_files.empty() ? Json(nullptr) : Json(report.mask_files[i]);
  return json;
}

// Of sets of channels that have moved.
Json orders_json(const Pruning& pruning) {
  Json json = Json::array();
  if (!is_permuted(pruning)) return json;
  const auto names = [&](const std::vector<Index>& steps) {
    Json list = Json::array();
    for (const Index step : steps) list.push_back(pruning.network.steps[static_cast<std::size_t>(step)].name);
    return list;
  };
  const std::vector<network::ChannelSet> channels = network::channels_of(pruning.network);
  for (std::size_t s = 0; s < channels.size(); ++s) {
    const std::vector<Index>& order = pruning.orders[s];
    if (std::is_sorted(order.begin(), order.end())) continue;
    json.push_back(
        {{"rows_of", names(channels[s].writers)}, {"columns_of", names(channels[s].readers)}, {"order", order}});
  }
  return json;
}

}  // namespace

const char* goal_name(PruneGoal goal) {
  switch (goal) {
    case PruneGoal::sparsity:
      return "sparsity";
    case PruneGoal::cycles:
      return "cycles";
    case PruneGoal::speedup:
      return "speedup";
    case PruneGoal::kept:
      return "kept";
  }
  return "";
}

std::string times_text(Index more, Index fewer) { return fewer > 0 ? fmt::format("{:.2f}x", times(more, fewer)) : "-"; }

bool is_permuted(const Pruning& pruning) {
  return std::any_of(pruning.orders.begin(), pruning.orders.end(),
                     [](const auto& order) { return !std::is_sorted(order.begin(), order.end()); });
}

double share_of(Index part, Index whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string groups_text(const network::PruneOptions& options) {
  switch (options.groups) {
    case PruneGroups::dataflow:
      return "auto";
    case PruneGroups::weights:
      return "weights";
    case PruneGroups::neighbours:
      return fmt::format("{}:{}", options.group.n, options.group.m);
    case PruneGroups::blocks:
      return fmt::format("block:{}x{}", options.block.rows, options.block.cols);
  }
  return "";
}

std::string product_text(const network::Network& network, Index step) {
  const network::Product p = network::product_of(network, network.steps[static_cast<std::size_t>(step)]);
  return fmt::format("{}x{}x{}{}", p.m, p.k, p.n, p.count > 1 ? fmt::format(" x{}", p.count) : "");
}

std::string reached_text(PruneGoal goal, const PruneCounts& pruning) {
  switch (goal) {
    case PruneGoal::sparsity:
      return percent(share_of(pruning.zeros, pruning.weights)) + " zeros";
    case PruneGoal::cycles:
      return grouped(pruning.cycles) + " cycles";
    case PruneGoal::speedup:
      if (pruning.cycles == 0) return "no cycles";
      return fmt::format("{:.4g} times", times(pruning.cycles_dense, pruning.cycles));
    case PruneGoal::kept:
      return percent(pruning.kept) + " of the energy";
  }
  return "";
}

Json prune_json(const PruneReport& report) {
  const network::PruneOptions& options = report.options;
  Json json;
  json["network"] = report.name;
  json["goal"] = goal_name(options.goal), json["goal_value"] = options.value;
  json["per_layer"] = options.per_layer;
  json["met"] = report.pruning.met;
  json["group"] = groups_text(options);
  json["dataflow"] = name(options.cost.gemm.dataflow);
  json["array_height"] = options.cost.gemm.array.height, json["array_width"] = options.cost.gemm.array.width;
  json["timing"] = name(options.cost.array.timing);
  json["permuted"] = is_permuted(report.pruning);
  json["channel_orders"] = orders_json(report.pruning);
  json["calibration_images"] = report.images;
  put_counts(json, counts_of(report.pruning));
  json["layers"] = Json::array();
  for (std::size_t i = 0; i < report.pruning.layers.size(); ++i) json["layers"].push_back(layer_json(report, i));
  return json;
}

std::string prune_table(const PruneReport& report) {
  using Align = TextTable::Align;
  const Pruning& pruning = report.pruning;
  TextTable table({{"layer", Align::left},
                   {"M x K x N", Align::left},
                   {"zeros"},
                   {"energy kept"},
                   {"dataflow", Align::left},
                   {"dense cycles"},
                   {"cycles"},
                   {"times"}});
  const auto add = [&](const auto& counts, const std::string& name, const std::string& shape,
                       const std::string& dataflow) {
    table.add({name, shape, percent(share_of(counts.zeros, counts.weights)), percent(counts.kept), dataflow,
               grouped(counts.cycles_dense), grouped(counts.cycles), times_text(counts.cycles_dense, counts.cycles)});
  };
  for (const PrunedLayer& layer : pruning.layers) {
    add(layer, step_of(report, layer).name, product_text(pruning.network, layer.step), name(layer.dataflow));
  }
  add(pruning, "all products", "", "");
  const ArrayShape& array = report.options.cost.gemm.array;
  return fmt::format("{}, {} x {} array, {} timing, groups: {}\n\n{}\n{}{}: {}, {}\n", report.name, array.height,
                     array.width, name(report.options.cost.array.timing), groups_text(report.options), table.text(),
                     report.goal, report.options.per_layer ? " per layer" : "", pruning.met ? "met" : "not met",
                     reached_text(report.options.goal, counts_of(pruning)));
}

Json sections_json(const PruneSections& sections) {
  Json json;
  json["network"] = sections.name;
  if (sections.pruned) json = prune_json(*sections.pruned);
  if (sections.curves) json["curves"] = curves_json(*sections.curves);
  if (!sections.points.empty()) json["points"] = points_json(sections.points);
  return json;
}

std::string sections_table(const PruneSections& sections) {
  std::vector<std::string> tables;
  if (sections.pruned) tables.push_back(prune_table(*sections.pruned));
  if (sections.curves) tables.push_back(curves_table(*sections.curves));
  if (!sections.points.empty()) tables.push_back(points_table(sections.points));
  return fmt::format("{}", fmt::join(tables, "\n"));
}

}  // namespace septet::cli
