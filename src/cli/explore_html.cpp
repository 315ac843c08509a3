// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_html.hpp"

#include "explore_axes.hpp"
#include "explore_charts.hpp"
#include "explore_report.hpp"
#include "io/design_record.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using network::Design;
using network::DesignPoint;

std::string choice_text(const Exploration& exploration, std::optional<std::size_t> place) {
  if (!place) return "";
  const DesignPoint& point = exploration.points[*place];
  return fmt::format("design {}: {}: {} cycles, {}, {:.4g} mm²", point.design.index, design_text(point.design),
                     grouped(point.cycles), energy_text(point.energy_pj), point.area_mm2);
}

std::string facts(const Exploration& exploration, const Summary& summary) {
  const auto designs = static_cast<Index>(exploration.points.size());
  return "<h2>In total</h2>\n<dl>\n" + fact("Machines", grouped(exploration.machines)) +
         fact("Designs", grouped(designs)) + fact("Infeasible", grouped(summary.infeasible)) +
         fact("Pareto set", grouped(static_cast<Index>(summary.pareto.size()))) +
         fact("Fewest cycles", choice_text(exploration, summary.fastest)) +
         fact("Least energy", choice_text(exploration, summary.least_energy)) +
         fact(fmt::format("Economic, {:g} times the fewest cycles", summary.slowdown),
              choice_text(exploration, summary.economic)) +
         "</dl>\n";
}

std::string count_cell(Index value) { return number_cell("{:.0f}", static_cast<double>(value)); }

std::string machine_cells(const Design& d) {
  return word_cell(array_text(d.array)) + word_cell(precision_text(d.precision)) +
         word_cell(io::sparsity_text(d.sparsity)) + count_cell(d.bandwidth);
}

std::string buffer_cells(const network::Buffers& buffers) {
  return count_cell(buffers.a) + count_cell(buffers.b) + count_cell(buffers.c);
}

std::string pareto_table(const Exploration& exploration, const Summary& summary) {
  std::vector<std::string> rows;
  for (const std::size_t i : summary.pareto) {
    const DesignPoint& point = exploration.points[i];
    const Design& d = point.design;
    rows.push_back("<tr>" + count_cell(d.index) + machine_cells(d) + buffer_cells(d.buffers) +
                   word_cell(name(d.dataflow)) + count_cell(point.cycles) +
                   number_cell("{:.6g}", point.energy_pj * 1e-6) + number_cell("{:.4g}", point.area_mm2) +
                   count_cell(point.off_chip_bytes) + number_cell("{:.2f}", 100 * point.utilization) + "</tr>\n");
  }
  const std::vector<Column> columns = {{"design", false},
                                       {"array", true},
                                       {"type", true},
                                       {"zeros", true},
                                       {"bytes per cycle off chip", false},
                                       {"buffer A (bytes)", false},
                                       {"buffer B (bytes)", false},
                                       {"buffer C (bytes)", false},
                                       {"dataflow", true},
                                       {"cycles", false},
                                       {"energy (µJ)", false},
                                       {"area (mm²)", false},
                                       {"off-chip bytes", false},
                                       {"utilised (%)", false}};
  return "<h2>Pareto set</h2>\n<p>No other design has fewer or as many cycles, energy and area, and less of "
         "one.</p>\n" +
         sortable_table("pareto", columns, rows);
}

std::string splits_table(const Exploration& exploration, const Summary& summary) {
  if (summary.splits.empty()) return "";
  std::vector<std::string> rows;
  for (const SplitChoice& split : summary.splits) {
    const DesignPoint &best = exploration.points[split.best], &generic = exploration.points[split.generic];
    rows.push_back("<tr>" + machine_cells(best.design) + count_cell(best.buffer_bytes()) +
                   buffer_cells(best.design.buffers) + word_cell(name(best.design.dataflow)) + count_cell(best.cycles) +
                   word_cell(name(generic.design.dataflow)) + count_cell(generic.cycles) +
                   number_cell("{:.4f}", cycles_ratio(exploration, split.generic, split.best)) + "</tr>\n");
  }
  const std::vector<Column> columns = {{"array", true},
                                       {"type", true},
                                       {"zeros", true},
                                       {"bytes per cycle off chip", false},
                                       {"buffers (bytes)", false},
                                       {"A (bytes)", false},
                                       {"B (bytes)", false},
                                       {"C (bytes)", false},
                                       {"dataflow", true},
                                       {"cycles", false},
                                       {"in thirds", true},
                                       {"cycles in thirds", false},
                                       {"times", false}};
  return "<h2>Splits of the buffers</h2>\n<p>The split with the fewest cycles, and thirds, each with its best "
         "dataflow.</p>\n" +
         sortable_table("splits", columns, rows);
}

constexpr const char* kMethod =
    "<h2>Method</h2>\n"
    "<p>Products run on the array, one after the other, and all else on the vector unit, behind them. Cycles are "
    "counted in closed form, those of the emulated array, waiting for the memory included. <b>Energy</b>: of the "
    "products alone. <b>Area</b>: a proxy, of PEs, buffers and vector unit.</p>\n";

}  // namespace

std::string explore_page(const Exploration& exploration, const Summary& summary) {
  const std::string figures = pareto_figure(exploration, summary) + memory_figure(exploration, summary) +
                              dataflows_figure(exploration, summary);
  const std::string body = facts(exploration, summary) + "<h2>Designs</h2>\n<div class=\"figures\">\n" + figures +
                           "</div>\n" + pareto_table(exploration, summary) + splits_table(exploration, summary) +
                           kMethod;
  return page({"Arrays for " + exploration.model, exploration.model, "septet explore", body, ""});
}

}  // namespace septet::cli
