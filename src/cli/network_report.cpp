// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_report.hpp"

#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::cli {
namespace {

using network::Layer;
using network::LayerCost;
using network::LayerRun;

double utilization_of(const NetworkReport& report, const Totals& totals) {
  const ArrayShape& array = report.options.gemm.array;
  const double pe_cycles = static_cast<double>(array.height * array.width) * static_cast<double>(totals.cycles_array);
  return pe_cycles > 0 ? static_cast<double>(totals.macs_useful) / pe_cycles : 0;
}

Json layer_json(const NetworkReport& report, std::size_t i) {
  const Layer& layer = report.layers[i];
  const LayerCost& cost = report.costs[i];
  Json json;
  json["name"] = layer.name;
  json["op"] = layer.op;
  json["count"] = layer.product.count;
  json["m"] = layer.product.m, json["n"] = layer.product.n, json["k"] = layer.product.k;
  json["parameters"] = layer.parameters;
  json["dataflow"] = cost.dataflow == Dataflow::automatic ? Json(nullptr) : Json(name(cost.dataflow));
  json["joined"] = cost.joined;
  json["cycles_total"] = cost.cycles;
  json["cycles_vector"] = cost.vector.cycles;
  emulation::for_each_count(cost.array, [&](const char* key, Index value) { json[key] = value; });
  json["utilization"] = cost.array.utilization;
  if (cost.array.memory.system.given()) json["cycles_with_memory"] = cost.array.memory.cycles_with_memory;
  json["vector_simple_operations"] = cost.vector.simple_operations;
  json["vector_special_operations"] = cost.vector.special_operations;
  json["vector_reads_bytes"] = cost.vector.reads_bytes;
  json["vector_writes_bytes"] = cost.vector.writes_bytes;
  json["moved_bytes"] = cost.moved_bytes;
  json["energy_pj"] = cost.energy_pj;
  json["cycles_by_dataflow"] = Json::object();
  for (const LayerCost& one : report.each[i]) json["cycles_by_dataflow"][name(one.dataflow)] = one.array_cycles();
  for (const bool sparse : {false, true}) {
    const LayerCost* best = least(report.each[i], sparse);
    json[sparse ? "cycles_best_sparse" : "cycles_best_dense"] = best ? Json(best->array_cycles()) : Json(nullptr);
  }
  if (!report.runs.empty()) json["seconds"] = report.runs[i].seconds;
  if (!report.prepared.empty()) {
    const network::PreparedStep& step = report.prepared[i];
    json["weight_format"] = step.product ? Json(name(step.format)) : Json(nullptr);
    json["weight_packed_bytes"] = step.product ? Json(step.packed_bytes) : Json(nullptr);
  }
  return json;
}

}  // namespace

Totals totals_of(const NetworkReport& report) {
  Totals totals;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const LayerCost& cost = report.costs[i];
    totals.cycles += cost.cycles;
    totals.cycles_vector += cost.vector.cycles, totals.cycles_array += cost.array_cycles();
    totals.parameters += report.layers[i].parameters;
    totals.macs_dense += cost.array.macs_dense, totals.macs_issued += cost.array.macs_issued;
    totals.macs_useful += cost.array.macs_useful;
    totals.reads_a_words += cost.array.reads_a_words, totals.reads_b_words += cost.array.reads_b_words;
    totals.reads_c_words += cost.array.reads_c_words, totals.writes_c_words += cost.array.writes_c_words;
    totals.moved_bytes += cost.moved_bytes, totals.energy_pj += cost.energy_pj;
    totals.cycles_by_op[report.layers[i].op] += cost.cycles;
    if (!report.runs.empty()) totals.seconds += report.runs[i].seconds;
    const LayerCost *dense = least(report.each[i], false), *sparse = least(report.each[i], true);
    if (dense == nullptr || sparse == nullptr) continue;
    totals.cycles_best_dense += dense->array_cycles(), totals.cycles_best_sparse += sparse->array_cycles();
  }
  totals.utilization = utilization_of(report, totals);
  totals.latency_seconds = static_cast<double>(totals.cycles) / report.clock_hz;
  return totals;
}

const LayerCost* least(const std::vector<LayerCost>& each, bool sparse) {
  const LayerCost* best = nullptr;
  for (const LayerCost& cost : each) {
    if (is_sparse(cost.dataflow) == sparse && (best == nullptr || cost.cycles < best->cycles)) best = &cost;
  }
  return best;
}

std::string dataflow_text(const LayerCost& cost) {
  if (cost.dataflow == Dataflow::automatic) return "";
  return name(cost.dataflow) + std::string(cost.joined ? " joined" : "");
}

std::string zeros_text(const NetworkReport& report, std::size_t layer) {
  const network::Product& p = report.layers[layer].product;
  const auto weights = static_cast<double>(p.m * p.k * p.count);
  if (!(weights > 0)) return "";
  return fmt::format("{:.0f}%", 100 * (1 - static_cast<double>(report.costs[layer].array.nnz) / weights));
}

double times(Index more, Index fewer) { return fewer > 0 ? static_cast<double>(more) / static_cast<double>(fewer) : 0; }

Json network_json(const NetworkReport& report) {
  const Totals totals = totals_of(report);
  Json json;
  json["network"] = report.name;
  json["executor"] = report.executor.empty() ? Json(nullptr) : Json(report.executor);
  json["dataflow"] = name(report.options.gemm.dataflow);
  json["weights"] = name(report.options.weights);
  json["array_height"] = report.options.gemm.array.height;
  json["array_width"] = report.options.gemm.array.width;
  json["timing"] = name(report.options.array.timing);
  json["batch"] = report.batch;
  json["clock_hz"] = report.clock_hz;
  json["cycles_total"] = totals.cycles;
  json["cycles_array"] = totals.cycles_array;
  json["cycles_vector"] = totals.cycles_vector;
  json["macs_dense"] = totals.macs_dense, json["macs_issued"] = totals.macs_issued;
  json["macs_useful"] = totals.macs_useful;
  json["utilization"] = totals.utilization;
  json["parameters"] = totals.parameters;
  json["reads_a_words"] = totals.reads_a_words, json["reads_b_words"] = totals.reads_b_words;
  json["reads_c_words"] = totals.reads_c_words, json["writes_c_words"] = totals.writes_c_words;
  json["moved_bytes"] = totals.moved_bytes;
  json["cycles_best_dense"] = totals.cycles_best_dense, json["cycles_best_sparse"] = totals.cycles_best_sparse;
  json["energy_pj"] = totals.energy_pj;
  const double latency = totals.latency_seconds, joules = totals.joules();
  json["latency_seconds"] = latency;
  json["inputs_per_second"] = latency > 0 ? Json(static_cast<double>(report.batch) / latency) : Json(nullptr);
  json["energy_per_input_joules"] = report.batch > 0 ? Json(joules / static_cast<double>(report.batch)) : Json(nullptr);
  // Two operations to a multiply-accumulate that had to be; energy of the products alone.
  json["operations_per_joule"] =
      joules > 0 ? Json(2 * static_cast<double>(totals.macs_useful) / joules) : Json(nullptr);
  if (!report.runs.empty()) json["seconds"] = totals.seconds;
  json["cycles_by_op"] = Json::object();
  for (const auto& [op, cycles] : totals.cycles_by_op) json["cycles_by_op"][op] = cycles;
  json["layers"] = Json::array();
  for (std::size_t i = 0; i < report.layers.size(); ++i) json["layers"].push_back(layer_json(report, i));
  return json;
}

std::string network_table(const NetworkReport& report) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {{"layer", Align::left},
                                            {"operator", Align::left},
                                            {"M x K x N", Align::left},
                                            {"zeros"},
                                            {"dataflow", Align::left},
                                            {"cycles"},
                                            {"vector"},
                                            {"utilised"},
                                            {"energy"}};
  if (!report.prepared.empty()) columns.push_back({"kept as", Align::left});
  if (!report.runs.empty()) columns.push_back({"time"});
  TextTable table(columns);
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const Layer& layer = report.layers[i];
    const LayerCost& cost = report.costs[i];
    const network::Product& p = layer.product;
    const bool product = p.count > 0;
    std::vector<std::string> cells = {
        layer.name,
        layer.op,
        product ? fmt::format("{}x{}x{}{}", p.m, p.k, p.n, p.count > 1 ? fmt::format(" x{}", p.count) : "") : "",
        zeros_text(report, i),
        dataflow_text(cost),
        product ? grouped(cost.array_cycles()) : "",
        product ? "" : grouped(cost.vector.cycles),
        product ? percent(cost.array.utilization) : "",
        product ? fmt::format("{:.3g} uJ", cost.energy_pj * 1e-6) : ""};
    if (!report.prepared.empty()) cells.push_back(product ? name(report.prepared[i].format) : "");
    if (!report.runs.empty()) cells.push_back(milliseconds(report.runs[i].seconds));
    table.add(std::move(cells));
  }
  const Totals totals = totals_of(report);
  const ArrayShape& array = report.options.gemm.array;
  std::string text =
      fmt::format("{}, {} x {} array, {} timing{}\n\n{}\n", report.name, array.height, array.width,
                  name(report.options.array.timing),
                  report.executor.empty() ? std::string() : ", run on the " + report.executor, table.text());
  text += fmt::format("{} cycles: {} on the array ({} of it useful), {} on the vector unit\n", grouped(totals.cycles),
                      grouped(totals.cycles_array), percent(totals.utilization), grouped(totals.cycles_vector));
  text += fmt::format("{} MACs, {} of them done; {} parameters\n", grouped(totals.macs_dense),
                      grouped(totals.macs_issued), grouped(totals.parameters));
  text += fmt::format("at {:.4g} MHz: {} for a batch of {}, {:.4g} uJ for the products\n", report.clock_hz * 1e-6,
                      milliseconds(totals.latency_seconds), report.batch, totals.energy_pj * 1e-6);
  if (!report.runs.empty()) text += fmt::format("run in {}\n", milliseconds(totals.seconds));
  return text;
}

}  // namespace septet::cli
