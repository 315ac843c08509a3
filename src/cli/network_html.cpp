// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_html.hpp"

#include "network_charts.hpp"
#include "report/escape.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using network::Layer;
using network::LayerCost;

constexpr Dataflow kDataflows[] = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                   Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

std::string array_text(const NetworkReport& report) {
  const ArrayShape& array = report.options.gemm.array;
  return fmt::format("{} x {}, {} timing", array.height, array.width, name(report.options.array.timing));
}

std::string joules_text(double joules) {
  return joules >= 1e-3 ? fmt::format("{:.4g} mJ", joules * 1e3) : fmt::format("{:.4g} µJ", joules * 1e6);
}

// Of an input, of a token.
std::string item_facts(const PerItem& item, const std::string& name) {
  if (!item.cycles) return "";
  return fact(fmt::format("Throughput, {}s", name),
              item.per_second ? fmt::format("{:.6g} per second", *item.per_second) : "") +
         fact("Cycles per " + name, fmt::format("{:.6g}", *item.cycles)) +
         fact("Time per " + name, fmt::format("{:.6g} µs", *item.seconds * 1e6)) +
         fact("Energy per " + name, *item.joules > 0 ? joules_text(*item.joules) : "");
}

std::string memory_text(const emulation::ArrayOptions& array) {
  const emulation::MemorySystem& memory = array.memory;
  std::string text =
      array.bandwidth > 0 ? fmt::format("{} bytes per cycle to the array", grouped(array.bandwidth)) : "";
  if (!memory.given()) return text;
  text += fmt::format("{}buffers of {}, {} and {} bytes for A, B and C", text.empty() ? "" : "; ",
                      grouped(memory.a_bytes), grouped(memory.b_bytes), grouped(memory.c_bytes));
  if (memory.off_chip_bandwidth == 0) return text;
  return text + fmt::format(", {} bytes per cycle off chip", grouped(memory.off_chip_bandwidth));
}

std::string facts(const NetworkReport& report) {
  const Totals t = totals_of(report);
  const network::VectorUnit& vector = report.options.vector;
  const bool timed = t.latency_seconds > 0, powered = t.energy_pj > 0;
  const Dataflow named = report.options.gemm.dataflow;
  return "<h2>In total</h2>\n<dl>\n" + fact("Array", array_text(report)) +
         fact("Memory", memory_text(report.options.array)) +
         fact("Dataflow",
              named == Dataflow::automatic ? "the one with the fewest cycles, layer by layer" : name(named)) +
         fact("Vector unit", fmt::format("{} lanes", vector.lanes)) +
         fact("Clock", fmt::format("{:.6g} MHz", report.clock_hz * 1e-6)) + fact("Batch", grouped(report.batch)) +
         fact("Cycles", grouped(t.cycles)) + fact("on the array", grouped(t.cycles_array)) +
         fact("on the vector unit", grouped(t.cycles_vector)) +
         fact("Utilisation of the array", percent(t.utilization)) + fact("MACs, dense", grouped(t.macs_dense)) +
         fact("MACs, issued", grouped(t.macs_issued)) + fact("MACs, useful", grouped(t.macs_useful)) +
         fact("Parameters", grouped(t.parameters)) +
         fact("Bytes between array and buffers", grouped(static_cast<Index>(t.moved_bytes))) +
         fact("Latency", milliseconds(t.latency_seconds)) +
         fact("Energy of the products", powered ? joules_text(t.joules()) : "") +
         item_facts(per_item(report, t, report.batch), "input") +
         fact("Tokens", report.tokens > 0 ? grouped(report.tokens) : "") +
         item_facts(per_item(report, t, report.tokens), "token") +
         fact("Operations per second", timed ? fmt::format("{:.4g}", t.operations() / t.latency_seconds) : "") +
         fact("Watts", timed && powered ? fmt::format("{:.4g}", t.joules() / t.latency_seconds) : "") +
         fact("Operations per second and watt", powered ? fmt::format("{:.4g}", t.operations() / t.joules()) : "") +
         fact("Best dense dataflows", grouped(t.cycles_best_dense) + " cycles") +
         fact("Best sparse dataflows", fmt::format("{} cycles; dense / sparse {:.3f}", grouped(t.cycles_best_sparse),
                                                   times(t.cycles_best_dense, t.cycles_best_sparse))) +
         fact("Run",
              report.executor.empty() ? "" : fmt::format("on the {}, {}", report.executor, milliseconds(t.seconds))) +
         "</dl>\n";
}

const LayerCost* cost_with(const std::vector<LayerCost>& each, Dataflow dataflow) {
  for (const LayerCost& cost : each) {
    if (cost.dataflow == dataflow) return &cost;
  }
  return nullptr;
}

std::string shape_text(const network::Product& p) {
  if (p.count == 0) return "";
  return fmt::format("{}x{}x{}{}", p.m, p.k, p.n, p.count > 1 ? fmt::format(" x{}", p.count) : "");
}

std::string time_cells(const SparseOverDense& both) {
  return number_cell("{:.4f}", *both.seconds_dense * 1e3) + number_cell("{:.4f}", *both.seconds_sparse * 1e3) +
         number_cell("{:.3f}", both.seconds_ratio());
}

std::string layer_row(const NetworkReport& report, const SparseTimes* times, std::size_t i) {
  const Layer& layer = report.layers[i];
  const LayerCost& cost = report.costs[i];
  const network::Product& p = layer.product;
  const bool product = p.count > 0;
  const auto count = [](Index value) { return number_cell("{:.0f}", static_cast<double>(value)); };
  const auto of_product = [&](const char* format, double value) {
    return number_cell(format, product ? std::optional<double>(value) : std::nullopt);
  };
  const auto weights = static_cast<double>(p.m * p.k * p.count);
  std::string row = "<tr>" + word_cell(layer.name) + word_cell(layer.op) + word_cell(shape_text(p)) +
                    of_product("{:.1f}", weights > 0 ? 100 * (1 - static_cast<double>(cost.array.nnz) / weights) : 0) +
                    word_cell(dataflow_text(cost)) + count(cost.cycles) + count(cost.vector.cycles);
  for (const Dataflow dataflow : kDataflows) {
    const LayerCost* one = cost_with(report.each[i], dataflow);
    row += number_cell("{:.0f}", one ? std::optional<double>(one->array_cycles()) : std::nullopt,
                       dataflow == cost.dataflow ? "chosen" : "");
  }
  const SparseOverDense both = sparse_over_dense(report, times, i);
  row += number_cell("{:.3f}", both.cycles_ratio());
  row += of_product("{:.2f}", 100 * cost.array.utilization) + count(cost.array.macs_dense) +
         count(cost.array.macs_issued) + count(cost.array.macs_useful) + of_product("{:.0f}", cost.moved_bytes) +
         of_product("{:.4g}", cost.energy_pj * 1e-6) + count(layer.parameters);
  if (!report.prepared.empty()) row += word_cell(product ? name(report.prepared[i].format) : "");
  if (!report.runs.empty()) row += number_cell("{:.3f}", report.runs[i].seconds * 1e3);
  if (times != nullptr) row += time_cells(both);
  return row + "</tr>\n";
}

std::string table(const NetworkReport& report, const SparseTimes* times) {
  std::vector<Column> columns = {{"layer", true},    {"operator", true}, {"M x K x N", true},   {"zeros (%)", false},
                                 {"dataflow", true}, {"cycles", false},  {"vector unit", false}};
  for (const Dataflow dataflow : kDataflows) columns.push_back({name(dataflow), false});
  for (const char* header : {"dense / sparse", "utilised (%)", "MACs, dense", "MACs, issued", "MACs, useful",
                             "bytes moved", "energy (µJ)", "parameters"}) {
    columns.push_back({header, false});
  }
  if (!report.prepared.empty()) columns.push_back({"kept as", true});
  if (!report.runs.empty()) columns.push_back({"time (ms)", false});
  if (times != nullptr) {
    columns.insert(columns.end(), {{"dense weights (ms)", false}, {"sparse weights (ms)", false}, {"times", false}});
  }
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < report.layers.size(); ++i) rows.push_back(layer_row(report, times, i));
  return "<h2>All layers</h2>\n<p>Below a dataflow&#39;s name: the cycles that the layer takes with it on the array; "
         "bold, the one that it has. Empty: the dataflow is not possible with these options.</p>\n" +
         sortable_table("layers", columns, rows);
}

constexpr const char* kMethod =
    "<h2>Method</h2>\n"
    "<p>Products run on the array, one after the other, and all else on the vector unit, behind them; bias, "
    "requantisation and fused activations cost nothing. Cycles are counted in closed form, those of the emulated "
    "array. "
    "<b>Useful</b> MACs: with a weight that is not zero. <b>Bytes moved</b>: between the array and its buffers, values "
    "and metadata. <b>Energy</b>: of the products alone.</p>\n";

}  // namespace

std::string html_of(const NetworkReport& report, const NetworkSections& sections) {
  const std::string title = report.name + " on an array of " + array_text(report);
  const SparseTimes* times = sections.sparse_times();
  std::string figures = cycles_figure(report) + roofline_figure(report) + sparse_figure(report);
  if (times != nullptr) figures += sparse_times_figure(report, *times);
  std::string body = facts(report) + "<h2>Layers</h2>\n<div class=\"figures\">\n" + figures + "</div>\n";
  if (sections.language) body += language_html(report, *sections.language);
  if (!sections.embedding.tables.empty()) body += embedding_html(report, sections.embedding, sections.parts());
  if (sections.partition) body += partition_html(*sections.partition);
  if (sections.training) body += training_html(report, *sections.training);
  if (sections.numerics) body += numerics_html(*sections.numerics);
  return page({title, report.name, "septet network, " + array_text(report), body + table(report, times) + kMethod, ""});
}

}  // namespace septet::cli
