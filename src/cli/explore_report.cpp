// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_report.hpp"

#include "explore_axes.hpp"
#include "io/design_record.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

using network::Design;
using network::DesignPoint;

// A screenful.
constexpr std::size_t kShown = 20;

Json machine_json(const Design& d) {
  Json json;
  json["array_height"] = d.array.height, json["array_width"] = d.array.width;
  json["type"] = name(d.precision.type), json["a_bits"] = d.precision.a_bits;
  json["sparsity"] = d.sparsity < 0 ? Json("own") : Json(d.sparsity);
  return json;
}

Json point_json(const DesignPoint& point) {
  const Design& d = point.design;
  Json json = {{"design", d.index}};
  json.update(machine_json(d));
  json["buffer_a_bytes"] = d.buffers.a, json["buffer_b_bytes"] = d.buffers.b, json["buffer_c_bytes"] = d.buffers.c;
  json["off_chip_bandwidth_bytes_per_cycle"] = d.bandwidth;
  json["dataflow"] = name(d.dataflow);
  json["cycles"] = point.cycles, json["cycles_vector"] = point.cycles_vector;
  json["energy_pj"] = point.energy_pj, json["area_mm2"] = point.area_mm2;
  json["off_chip_bytes"] = point.off_chip_bytes, json["utilization"] = point.utilization;
  return json;
}

Json splits_json(const Exploration& exploration, const Summary& summary) {
  Json list = Json::array();
  for (const SplitChoice& split : summary.splits) {
    const DesignPoint& best = exploration.points[split.best];
    Json json = machine_json(best.design);
    json["off_chip_bandwidth_bytes_per_cycle"] = best.design.bandwidth;
    json["buffer_total_bytes"] = best.buffer_bytes();
    json["best"] = point_json(best), json["generic"] = point_json(exploration.points[split.generic]);
    json["cycles_generic_over_best"] = cycles_ratio(exploration, split.generic, split.best);
    list.push_back(std::move(json));
  }
  return list;
}

Json dataflows_json(const Exploration& exploration, const Summary& summary) {
  if (summary.dataflows.empty()) return nullptr;
  const auto ratio = [&](const DataflowChoice& choice) {
    return cycles_ratio(exploration, choice.best_fixed(), choice.per_layer);
  };
  double least = ratio(summary.dataflows.front()), most = least;
  for (const DataflowChoice& choice : summary.dataflows) {
    least = std::min(least, ratio(choice)), most = std::max(most, ratio(choice));
  }
  const DataflowChoice& first = summary.dataflows.front();
  Json json;
  json["machines"] = summary.dataflows.size();
  json["cycles_best_fixed_over_per_layer_least"] = least;
  json["cycles_best_fixed_over_per_layer_greatest"] = most;
  json["per_layer"] = point_json(exploration.points[first.per_layer]);
  json["fixed"] = Json::array();
  for (const std::size_t i : first.fixed) {
    json["fixed"].push_back({{"dataflow", name(exploration.points[i].design.dataflow)},
                             {"cycles", exploration.points[i].cycles},
                             {"cycles_over_per_layer", cycles_ratio(exploration, i, first.per_layer)}});
  }
  return json;
}

std::vector<std::string> point_cells(const Exploration& exploration, std::size_t i) {
  const DesignPoint& point = exploration.points[i];
  const Design& d = point.design;
  return {grouped(d.index),
          array_text(d.array),
          precision_text(d.precision),
          io::sparsity_text(d.sparsity),
          d.buffers.total() == 0
              ? ""
              : fmt::format("{}:{}:{}", bytes_text(d.buffers.a), bytes_text(d.buffers.b), bytes_text(d.buffers.c)),
          d.bandwidth == 0 ? "" : grouped(d.bandwidth),
          name(d.dataflow),
          grouped(point.cycles),
          energy_text(point.energy_pj),
          fmt::format("{:.4g} mm2", point.area_mm2),
          percent(point.utilization)};
}

TextTable points_table(const std::string& first) {
  using Align = TextTable::Align;
  return TextTable({{first, Align::left},
                    {"design"},
                    {"array"},
                    {"type"},
                    {"zeros"},
                    {"buffers"},
                    {"B/cycle"},
                    {"dataflow", Align::left},
                    {"cycles"},
                    {"energy"},
                    {"area"},
                    {"utilised"}});
}

std::string choices_table(const Exploration& exploration, const Summary& summary) {
  TextTable table = points_table("");
  const auto add = [&](const std::string& what, std::optional<std::size_t> point) {
    if (!point) return;
    std::vector<std::string> cells = point_cells(exploration, *point);
    cells.insert(cells.begin(), what);
    table.add(std::move(cells));
  };
  add("fewest cycles", summary.fastest), add("least energy", summary.least_energy);
  add(fmt::format("economic ({:g} x)", summary.slowdown), summary.economic);
  const std::size_t shown = std::min(kShown, summary.pareto.size());
  for (std::size_t i = 0; i < shown; ++i) add("Pareto", summary.pareto[i]);
  const std::size_t hidden = summary.pareto.size() - shown;
  return table.text() + (hidden > 0 ? fmt::format("  ... and {} more of the Pareto set: --json, --report\n",
                                                  grouped(static_cast<Index>(hidden)))
                                    : "");
}

std::string splits_table(const Exploration& exploration, const Summary& summary) {
  if (summary.splits.empty()) return "";
  std::vector<SplitChoice> splits = summary.splits;
  const auto gain = [&](const SplitChoice& split) { return cycles_ratio(exploration, split.generic, split.best); };
  std::stable_sort(splits.begin(), splits.end(),
                   [&](const SplitChoice& left, const SplitChoice& right) { return gain(left) > gain(right); });
  TextTable table(
      {{"machine", TextTable::Align::left}, {"total"}, {"best split"}, {"cycles"}, {"in thirds"}, {"times"}});
  const std::size_t shown = std::min(kShown / 2, splits.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const DesignPoint &best = exploration.points[splits[i].best], &generic = exploration.points[splits[i].generic];
    const Design& d = best.design;
    table.add({fmt::format("{} {}, zeros {}, {} B/cycle", array_text(d.array), precision_text(d.precision),
                           io::sparsity_text(d.sparsity), d.bandwidth),
               bytes_text(d.buffers.total()),
               fmt::format("{}:{}:{}", bytes_text(d.buffers.a), bytes_text(d.buffers.b), bytes_text(d.buffers.c)),
               grouped(best.cycles), grouped(generic.cycles), fmt::format("{:.3f}", gain(splits[i]))});
  }
  return fmt::format("Best split of the buffers against thirds, {} machines and totals, those that gain most:\n",
                     grouped(static_cast<Index>(splits.size()))) +
         table.text();
}

std::string dataflows_line(const Exploration& exploration, const Summary& summary) {
  if (summary.dataflows.empty()) return "";
  const DataflowChoice& first = summary.dataflows.front();
  std::string text =
      "Layer by layer against one dataflow, " + machine_text(exploration.points[first.per_layer].design) + ": auto 1";
  for (const std::size_t i : first.fixed) {
    text += fmt::format(", {} {:.3f}", name(exploration.points[i].design.dataflow),
                        cycles_ratio(exploration, i, first.per_layer));
  }
  return text + "\n";
}

}  // namespace

std::string bytes_text(Index bytes) {
  if (bytes > 0 && bytes % (1 << 20) == 0) return fmt::format("{}M", bytes >> 20);
  if (bytes > 0 && bytes % (1 << 10) == 0) return fmt::format("{}K", bytes >> 10);
  return fmt::format("{}", bytes);
}

std::string energy_text(double picojoules) {
  const double joules = picojoules * 1e-12;
  return joules >= 1e-3 ? fmt::format("{:.4g} mJ", joules * 1e3) : fmt::format("{:.4g} uJ", joules * 1e6);
}

std::string machine_text(const Design& d) {
  std::string text = array_text(d.array) + " " + precision_text(d.precision);
  if (d.sparsity >= 0) text += fmt::format(", {:g} % zeros", 100 * d.sparsity);
  if (d.buffers.total() == 0) return text;
  text += fmt::format(", {}:{}:{}", bytes_text(d.buffers.a), bytes_text(d.buffers.b), bytes_text(d.buffers.c));
  return text + (d.bandwidth > 0 ? fmt::format(", {} bytes per cycle", d.bandwidth) : "");
}

std::string design_text(const Design& d) { return machine_text(d) + ", " + name(d.dataflow); }

std::string explore_csv(const Exploration& exploration) {
  std::string text = std::string(io::kDesignColumns) + "\n";
  for (const DesignPoint& point : exploration.points) text += io::design_line(point) + "\n";
  return text;
}

Json explore_json(const Exploration& exploration, const Summary& summary) {
  const auto point = [&](std::optional<std::size_t> i) {
    return i ? point_json(exploration.points[*i]) : Json(nullptr);
  };
  Json json;
  json["model"] = exploration.model;
  json["machines"] = exploration.machines;
  json["designs"] = exploration.points.size();
  json["infeasible"] = summary.infeasible;
  json["fewest_cycles"] = point(summary.fastest);
  json["least_energy"] = point(summary.least_energy);
  json["slowdown"] = summary.slowdown;
  json["economic"] = point(summary.economic);
  json["pareto"] = Json::array();
  for (const std::size_t i : summary.pareto) json["pareto"].push_back(point_json(exploration.points[i]));
  json["splits"] = splits_json(exploration, summary);
  json["dataflows"] = dataflows_json(exploration, summary);
  json["settings"] = exploration.settings;
  return json;
}

std::string explore_table(const Exploration& exploration, const Summary& summary) {
  const auto designs = static_cast<Index>(exploration.points.size());
  std::string text = fmt::format("{}: {} designs on {} machines, {} infeasible, {} in the Pareto set\n\n",
                                 exploration.model, grouped(designs), grouped(exploration.machines),
                                 grouped(summary.infeasible), grouped(static_cast<Index>(summary.pareto.size())));
  if (!summary.fastest) {
    const DesignPoint& first = exploration.points.front();
    return text +
           fmt::format("No design is feasible. The first one, {}: {}\n", design_text(first.design), first.infeasible);
  }
  text += choices_table(exploration, summary);
  for (const std::string& part : {splits_table(exploration, summary), dataflows_line(exploration, summary)}) {
    if (!part.empty()) text += "\n" + part;
  }
  return text;
}

}  // namespace septet::cli
