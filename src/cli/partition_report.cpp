// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "partition_report.hpp"

#include "report/bars.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using network::ArrayLoad;

double speedup_of(const PartitionReport& report) {
  const Index slowest = report.partition.cycles_slowest;
  return slowest > 0 ? static_cast<double>(report.cycles_single) / static_cast<double>(slowest) : 1;
}

Json load_json(const ArrayLoad& load, bool exchanged) {
  Json json;
  json["layers"] = load.shares.size();
  json["cycles"] = load.cycles;
  json["macs"] = load.macs;
  json["parameters"] = load.parameters;
  json["parameter_bytes"] = load.parameter_bytes;
  json["vector_bytes"] = load.vector_bytes;
  json["table_bytes"] = load.table_bytes;
  json["lookups"] = load.lookups;
  json["receives_bytes"] = exchanged ? Json(load.receives_bytes) : Json(nullptr);
  json["energy_pj"] = load.energy_pj;
  return json;
}

std::string layers_text(const ArrayLoad& load) {
  if (load.shares.empty()) return "";
  const std::size_t first = load.shares.front().layer, last = load.shares.back().layer;
  if (last - first + 1 != load.shares.size()) return fmt::format("{} of {} to {}", load.shares.size(), first, last);
  return first == last ? fmt::format("{}", first) : fmt::format("{} to {}", first, last);
}

}  // namespace

Json partition_json(const PartitionReport& report) {
  Json json;
  json["split"] = name(report.how.split);
  json["arrays"] = report.how.arrays;
  json["cycles_slowest"] = report.partition.cycles_slowest;
  json["cycles_latency"] = report.partition.cycles_latency;
  json["speedup"] = speedup_of(report);
  json["balance"] = report.partition.balance;
  json["latency_seconds"] = report.latency_seconds();
  json["inputs_per_second"] = report.inputs_per_second() > 0 ? Json(report.inputs_per_second()) : Json(nullptr);
  json["exchange_bytes"] = report.exchange_bytes ? Json(*report.exchange_bytes) : Json(nullptr);
  json["loads"] = Json::array();
  for (const ArrayLoad& load : report.partition.arrays) {
    json["loads"].push_back(load_json(load, report.exchange_bytes.has_value()));
  }
  return json;
}

std::string partition_table(const PartitionReport& report) {
  TextTable table({{"array"}, {"layers", TextTable::Align::left}, {"cycles"}, {"MACs"}, {"parameters"}, {"receives"}});
  for (std::size_t i = 0; i < report.partition.arrays.size(); ++i) {
    const ArrayLoad& load = report.partition.arrays[i];
    table.add({std::to_string(i), layers_text(load), grouped(load.cycles), grouped(load.macs), grouped(load.parameters),
               report.exchange_bytes ? grouped(load.receives_bytes) + " B" : ""});
  }
  std::string text =
      fmt::format("{} arrays, split by {}\n\n{}\n", report.how.arrays, name(report.how.split), table.text());
  text += fmt::format("slowest {} cycles, {:.2f}x one array; {:.2f} times the mean; one run takes {}\n",
                      grouped(report.partition.cycles_slowest), speedup_of(report), report.partition.balance,
                      grouped(report.partition.cycles_latency));
  if (report.inputs_per_second() > 0) {
    text += fmt::format("at {:.4g} MHz: {} for a batch of {}, {:.6g} inputs per second\n", report.clock_hz * 1e-6,
                        milliseconds(report.latency_seconds()), report.batch, report.inputs_per_second());
  }
  if (report.exchange_bytes) text += fmt::format("{} bytes between arrays\n", grouped(*report.exchange_bytes));
  return text;
}

namespace {

std::string arrays_figure(const PartitionReport& report) {
  std::vector<BarRow> rows;
  const auto& arrays = report.partition.arrays;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::string label = fmt::format("array {}", i), cycles = grouped(arrays[i].cycles);
    rows.push_back({label,
                    {{{static_cast<double>(arrays[i].cycles), "#0072b2", false, label + ": " + cycles + " cycles"}}},
                    fmt::format("{}{}", cycles, arrays[i].shares.empty() ? "" : ", layers " + layers_text(arrays[i]))});
  }
  return "<div class=\"figures\">\n" +
         bars_figure("Cycles of every array; layers are counted from 0.", rows, "cycles", "cycles of every array", {}) +
         "</div>\n";
}

}  // namespace

std::string partition_html(const PartitionReport& report) {
  const network::Partition& partition = report.partition;
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < partition.arrays.size(); ++i) {
    const ArrayLoad& load = partition.arrays[i];
    std::string row = "<tr>" + number_cell("{:.0f}", static_cast<double>(i)) + word_cell(layers_text(load));
    for (const Index value : {load.cycles, load.macs, load.parameters, load.parameter_bytes, load.table_bytes,
                              load.lookups, load.vector_bytes}) {
      row += number_cell("{:.0f}", static_cast<double>(value));
    }
    row += number_cell("{:.0f}", report.exchange_bytes ? std::optional<double>(load.receives_bytes) : std::nullopt);
    rows.push_back(row + number_cell("{:.4g}", load.energy_pj * 1e-6) + "</tr>\n");
  }
  const double rate = report.inputs_per_second();
  return fmt::format("<h2>Over {} arrays, by {}</h2>\n<dl>\n", report.how.arrays, name(report.how.split)) +
         fact("Cycles of the most loaded array", grouped(partition.cycles_slowest)) +
         fact("Times the mean of all", fmt::format("{:.3f}", partition.balance)) +
         fact("Quicker than one array", fmt::format("{:.3f} x, in throughput", speedup_of(report))) +
         fact("Cycles of one run", grouped(partition.cycles_latency)) +
         fact("Latency over all arrays", milliseconds(report.latency_seconds())) +
         fact("Throughput of all arrays", rate > 0 ? fmt::format("{:.6g} per second", rate) : "") +
         fact("Bytes between arrays", report.exchange_bytes ? grouped(*report.exchange_bytes) : "") + "</dl>\n" +
         arrays_figure(report) +
         sortable_table("arrays",
                        {{"array", false},
                         {"layers", true},
                         {"cycles", false},
                         {"MACs", false},
                         {"parameters", false},
                         {"bytes of parameters", false},
                         {"bytes of tables", false},
                         {"look-ups", false},
                         {"bytes of the vector unit", false},
                         {"receives bytes", false},
                         {"energy (µJ)", false}},
                        rows);
}

}  // namespace septet::cli
