// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "partition_report.hpp"

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
  text += fmt::format("slowest {} cycles, {:.2f}x one array; {:.2f} times the mean; one input takes {}\n",
                      grouped(report.partition.cycles_slowest), speedup_of(report), report.partition.balance,
                      grouped(report.partition.cycles_latency));
  if (report.exchange_bytes) text += fmt::format("{} bytes between arrays\n", grouped(*report.exchange_bytes));
  return text;
}

}  // namespace septet::cli
