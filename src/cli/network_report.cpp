// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_report.hpp"

#include "errors.hpp"
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
  json["repeats"] = layer.repeats;
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

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// x / y, where there is something to divide by.
Json quotient(double x, double y) { return y > 0 ? Json(x / y) : Json(nullptr); }

void put_items(Json& json, const PerItem& item, const std::string& name) {
  json[name + "s_per_second"] = json_of(item.per_second);
  json["cycles_per_" + name] = json_of(item.cycles);
  json["seconds_per_" + name] = json_of(item.seconds);
  json["energy_per_" + name + "_joules"] = json_of(item.joules);
}

// At the clock; energy and so watts of the products alone.
void put_rates(Json& json, const NetworkReport& report, const Totals& totals) {
  const double latency = totals.latency_seconds, joules = totals.joules();
  json["latency_seconds"] = latency;
  put_items(json, per_item(report, totals, report.batch), "input");
  json["tokens"] = report.tokens > 0 ? Json(report.tokens) : Json(nullptr);
  put_items(json, per_item(report, totals, report.tokens), "token");
  json["operations_per_second"] = quotient(totals.operations(), latency);
  json["watts"] = quotient(joules, latency);
  json["operations_per_joule"] = quotient(totals.operations(), joules);
  if (report.runs.empty()) return;
  json["seconds"] = totals.seconds;
  json["run_inputs_per_second"] = quotient(static_cast<double>(report.batch), totals.seconds);
}

std::string embeddings_text(const Totals& totals) {
  const auto found = totals.parameters_by_op.find(network::name(network::Operator(network::EmbeddingBag{})));
  return found == totals.parameters_by_op.end() ? "" : fmt::format(", {} of them embeddings", grouped(found->second));
}

std::string items_text(const PerItem& item, const char* name) {
  if (!item.cycles) return "";
  return fmt::format("per {}: {:.6g} cycles, {:.4g} us, {:.4g} uJ{}\n", name, *item.cycles, *item.seconds * 1e6,
                     *item.joules * 1e6, item.per_second ? fmt::format("; {:.6g} per second", *item.per_second) : "");
}

}  // namespace

void add_to(Index& sum, Index more, const std::string& model) {
  if (__builtin_add_overflow(sum, more, &sum)) refuse(model, "sums over its layers are beyond 64 bits");
}

Totals totals_of(const NetworkReport& report) {
  Totals totals;
  const auto add = [&](Index& sum, Index more) { add_to(sum, more, report.name); };
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const LayerCost& cost = report.costs[i];
    add(totals.cycles, cost.cycles);
    add(totals.cycles_vector, cost.vector.cycles), add(totals.cycles_array, cost.array_cycles());
    add(totals.parameters, report.layers[i].parameters);
    add(totals.macs_dense, cost.array.macs_dense), add(totals.macs_issued, cost.array.macs_issued);
    add(totals.macs_useful, cost.array.macs_useful);
    add(totals.reads_a_words, cost.array.reads_a_words), add(totals.reads_b_words, cost.array.reads_b_words);
    add(totals.reads_c_words, cost.array.reads_c_words), add(totals.writes_c_words, cost.array.writes_c_words);
    totals.moved_bytes += cost.moved_bytes, totals.energy_pj += cost.energy_pj;
    add(totals.cycles_by_op[report.layers[i].op], cost.cycles);
    add(totals.parameters_by_op[report.layers[i].op], report.layers[i].parameters);
    if (!report.runs.empty()) totals.seconds += report.runs[i].seconds;
    const LayerCost *dense = least(report.each[i], false), *sparse = least(report.each[i], true);
    if (dense == nullptr || sparse == nullptr) continue;
    add(totals.cycles_best_dense, dense->array_cycles()), add(totals.cycles_best_sparse, sparse->array_cycles());
  }
  totals.utilization = utilization_of(report, totals);
  totals.latency_seconds = static_cast<double>(totals.cycles) / report.clock_hz;
  return totals;
}

PerItem per_item(const NetworkReport& report, const Totals& totals, Index items) {
  PerItem result;
  if (items == 0) return result;
  const auto count = static_cast<double>(items);
  result.cycles = static_cast<double>(totals.cycles) / count, result.seconds = *result.cycles / report.clock_hz;
  result.joules = totals.joules() / count;
  if (*result.seconds > 0) result.per_second = 1 / *result.seconds;
  return result;
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
  put_rates(json, report, totals);
  json["cycles_by_op"] = Json::object();
  for (const auto& [op, cycles] : totals.cycles_by_op) json["cycles_by_op"][op] = cycles;
  json["parameters_by_op"] = Json::object();
  for (const auto& [op, parameters] : totals.parameters_by_op) json["parameters_by_op"][op] = parameters;
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
  text += fmt::format("{} MACs, {} of them done; {} parameters{}\n", grouped(totals.macs_dense),
                      grouped(totals.macs_issued), grouped(totals.parameters), embeddings_text(totals));
  text += fmt::format("at {:.4g} MHz: {} for a batch of {}, {:.4g} uJ for the products\n", report.clock_hz * 1e-6,
                      milliseconds(totals.latency_seconds), report.batch, totals.energy_pj * 1e-6);
  if (totals.latency_seconds > 0 && totals.energy_pj > 0) {
    text += fmt::format("{:.4g} operations per second at {:.4g} W, {:.4g} per second and watt\n",
                        totals.operations() / totals.latency_seconds, totals.joules() / totals.latency_seconds,
                        totals.operations() / totals.joules());
  }
  text += items_text(per_item(report, totals, report.batch), "input");
  text += items_text(per_item(report, totals, report.tokens), "token");
  if (!report.runs.empty()) text += fmt::format("run in {}\n", milliseconds(totals.seconds));
  return text;
}

}  // namespace septet::cli
