// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_html.hpp"

#include "network_report.hpp"
#include "prune_charts.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using network::PrunedLayer;

std::string count_cell(Index value) { return number_cell("{:.0f}", static_cast<double>(value)); }

std::string array_text(const ArrayShape& array) { return fmt::format("{} x {}", array.height, array.width); }

std::string facts(const PruneReport& report) {
  const network::Pruning& pruning = report.pruning;
  const network::PruneOptions& options = report.options;
  const Dataflow dataflow = options.cost.gemm.dataflow;
  return "<h2>In total</h2>\n<dl>\n" +
         fact("Goal", fmt::format("{}{}: {}, {}", report.goal, options.per_layer ? " per layer" : "",
                                  pruning.met ? "met" : "not met", reached_text(options.goal, counts_of(pruning)))) +
         fact("Array",
              fmt::format("{}, {} timing", array_text(options.cost.gemm.array), name(options.cost.array.timing))) +
         fact("Groups", groups_text(options)) +
         fact("Dataflow", dataflow == Dataflow::automatic ? "layer by layer" : name(dataflow)) +
         fact("Cycles, dense", grouped(pruning.cycles_dense)) + fact("Cycles", grouped(pruning.cycles)) +
         fact("Dense / pruned", times_text(pruning.cycles_dense, pruning.cycles)) +
         fact("Weights", grouped(pruning.weights)) +
         fact("Zeros",
              fmt::format("{} ({})", grouped(pruning.zeros), percent(share_of(pruning.zeros, pruning.weights)))) +
         fact("Energy kept", percent(pruning.kept)) +
         fact("Calibration", report.images > 0 ? grouped(report.images) + " inputs" : "none: magnitudes alone") +
         fact("Channels", is_permuted(pruning) ? "permuted" : "") + "</dl>\n";
}

std::string layer_table(const PruneReport& report) {
  const std::vector<Column> columns = {{"layer", true},         {"M x K x N", true},        {"weights", false},
                                       {"zeros (%)", false},    {"energy kept (%)", false}, {"dense dataflow", true},
                                       {"dense cycles", false}, {"dataflow", true},         {"cycles", false},
                                       {"times", false}};
  std::vector<std::string> rows;
  for (const PrunedLayer& layer : report.pruning.layers) {
    rows.push_back("<tr>" + word_cell(report.pruning.network.steps[static_cast<std::size_t>(layer.step)].name) +
                   word_cell(product_text(report.pruning.network, layer.step)) + count_cell(layer.weights) +
                   number_cell("{:.2f}", 100 * share_of(layer.zeros, layer.weights)) +
                   number_cell("{:.2f}", 100 * layer.kept) + word_cell(name(layer.dense_dataflow)) +
                   count_cell(layer.cycles_dense) + word_cell(name(layer.dataflow)) + count_cell(layer.cycles) +
                   number_cell("{:.3f}", times(layer.cycles_dense, layer.cycles)) + "</tr>\n");
  }
  return sortable_table("layers", columns, rows);
}

std::string pruned_html(const PruneReport& report) {
  return facts(report) + "<h2>Layers</h2>\n<div class=\"figures\">\n" + pruned_figure(report) + "</div>\n" +
         layer_table(report);
}

std::string percent_cell(const std::optional<double>& share) {
  return number_cell("{:.2f}", share ? std::optional<double>(100 * *share) : std::nullopt);
}

std::string curves_html(const Curves& curves) {
  const std::vector<Column> columns = {{"array", true},
                                       {"series", true},
                                       {"goal", true},
                                       {"cycles", false},
                                       {"times", false},
                                       {"zeros (%)", false},
                                       {"energy kept (%)", false},
                                       {"output error", false},
                                       {"accuracy (%)", false}};
  std::vector<std::string> rows;
  for (const ArrayCurves& array : curves.arrays) {
    for (const CurveSeries& series : array.series) {
      for (const CurvePoint& point : series.points) {
        const std::string goal =
            fmt::format("{} {:g}{}", goal_name(point.goal), point.value, point.met ? "" : ", out of reach: the best");
        rows.push_back("<tr>" + word_cell(array_text(array.array)) + word_cell(series.name) + word_cell(goal) +
                       count_cell(point.cycles) + number_cell("{:.3f}", times(array.cycles_dense, point.cycles)) +
                       percent_cell(point.sparsity) + percent_cell(point.kept) +
                       number_cell("{:.4g}", point.output_error) + percent_cell(point.accuracy) + "</tr>\n");
      }
    }
  }
  return "<h2>One-shot curves</h2>\n<div class=\"figures\">\n" + curve_figures(curves) + "</div>\n" +
         sortable_table("curves", columns, rows);
}

std::string points_html(const std::vector<PointGroup>& groups) {
  const std::vector<Column> columns = {{"network", true},        {"series", true},     {"array", true},
                                       {"goal", true},           {"seeds", false},     {"accuracy (%)", false},
                                       {"± accuracy", false},    {"cycles", false},    {"± cycles", false},
                                       {"CPU time (ms)", false}, {"± CPU time", false}};
  std::vector<std::string> rows;
  for (const PointGroup& group : groups) {
    const auto milli = [&](double Spread::*value) {
      return group.cpu_seconds ? std::optional<double>(1e3 * (*group.cpu_seconds).*value) : std::nullopt;
    };
    rows.push_back("<tr>" + word_cell(group.network) + word_cell(group.series) + word_cell(group.array) +
                   word_cell(group.goal) + count_cell(group.seeds) + number_cell("{:.2f}", 100 * group.accuracy.mean) +
                   number_cell("{:.2f}", 100 * group.accuracy.deviation) + number_cell("{:.0f}", group.cycles.mean) +
                   number_cell("{:.0f}", group.cycles.deviation) + number_cell("{:.4f}", milli(&Spread::mean)) +
                   number_cell("{:.4f}", milli(&Spread::deviation)) + "</tr>\n");
  }
  return "<h2>Retrained</h2>\n<p>Means over seeds; whiskers and ±: one standard deviation. Joined: points of a series "
         "by cycles or time; dense networks of all widths are one line.</p>\n<div class=\"figures\">\n" +
         point_figures(groups) + "</div>\n" + sortable_table("points", columns, rows);
}

constexpr const char* kMethod =
    "<h2>Method</h2>\n"
    "<p><b>Energy</b> of a weight w that meets inputs x: w² E[x²], without calibration w²; <b>kept</b>, of a network, "
    "is "
    "the product of its layers&#39; shares. <b>Cycles</b> are counted in closed form, those of the emulated array; "
    "dense: each layer with its best dense dataflow. <b>Series</b>: weights are removed one by one, without structure, "
    "and run with the best sparse dataflow; sOS, sWS, sIS and csOS, in groups that this dataflow skips in every layer; "
    "auto, layer by layer what loses least for its cycles.</p>\n";

}  // namespace

std::string prune_page(const PruneSections& sections) {
  std::string body, lead = "septet prune";
  if (sections.pruned) {
    lead += fmt::format(", {}, {} array", sections.pruned->goal, array_text(sections.pruned->options.cost.gemm.array));
    body += pruned_html(*sections.pruned);
  }
  if (sections.curves) body += curves_html(*sections.curves);
  if (!sections.points.empty()) body += points_html(sections.points);
  return page({"Pruned: " + sections.name, sections.name, lead, body + kMethod, ""});
}

}  // namespace septet::cli
