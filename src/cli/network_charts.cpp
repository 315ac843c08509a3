// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_charts.hpp"

#include "report/bars.hpp"
#include "report/chart.hpp"
#include "report/escape.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace septet::cli {
namespace {

using network::Layer;
using network::LayerCost;

constexpr const char *kDense = "#666666", *kSparse = "#0072b2";

bool is_product(const Layer& layer) { return layer.product.count > 0; }

double share(Index part, Index whole) { return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0; }

// Operators in the order in which the network has them; what multiplies and what does not are counted apart, since the
// one is drawn solid, the other hollow.
class Classes {
 public:
  explicit Classes(const NetworkReport& report) {
    for (const Layer& layer : report.layers) {
      std::vector<std::string>& names = is_product(layer) ? products_ : others_;
      if (place(names, layer.op) < 0) names.push_back(layer.op);
    }
  }

  const std::vector<std::string>& products() const { return products_; }
  const std::vector<std::string>& others() const { return others_; }
  Look look(const Layer& layer) const {
    return look_of_place(place(is_product(layer) ? products_ : others_, layer.op));
  }

 private:
  static int place(const std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  }

  std::vector<std::string> products_, others_;
};

std::vector<BarKey> keys_of(const NetworkReport& report, const Classes& classes) {
  const Totals totals = totals_of(report);
  std::vector<BarKey> keys;
  for (const bool products : {true, false}) {
    const std::vector<std::string>& names = products ? classes.products() : classes.others();
    for (std::size_t i = 0; i < names.size(); ++i) {
      Index cycles = 0;
      for (std::size_t j = 0; j < report.layers.size(); ++j) {
        if (report.layers[j].op == names[i] && is_product(report.layers[j]) == products)
          cycles += report.costs[j].cycles;
      }
      keys.push_back({names[i], look_of_place(static_cast<int>(i)).colour, !products,
                      fmt::format("{} cycles, {}", grouped(cycles), percent(share(cycles, totals.cycles)))});
    }
  }
  return keys;
}

// Where a product stands; nothing where it does nothing, which has no logarithm.
std::optional<Mark> roofline_point(const Layer& layer, const LayerCost& cost) {
  const auto macs = static_cast<double>(cost.array.macs_useful);
  if (!is_product(layer) || macs <= 0 || cost.moved_bytes <= 0) return {};
  const double intensity = macs / cost.moved_bytes, rate = macs / static_cast<double>(cost.array_cycles());
  return Mark{intensity, rate,
              fmt::format("{}, {}: {:.4g} MACs per cycle at {:.4g} per byte", layer.name, dataflow_text(cost), rate,
                          intensity)};
}

// A series per class of operator.
std::vector<Series> roofline_points(const NetworkReport& report) {
  const Classes classes(report);
  std::vector<Series> all;
  for (std::size_t place = 0; place < classes.products().size(); ++place) {
    Series series{classes.products()[place], look_of_place(static_cast<int>(place)), {}, "", {}};
    for (std::size_t i = 0; i < report.layers.size(); ++i) {
      if (report.layers[i].op != series.label) continue;
      if (auto mark = roofline_point(report.layers[i], report.costs[i])) series.marks.push_back(std::move(*mark));
    }
    if (!series.marks.empty()) all.push_back(std::move(series));
  }
  return all;
}

void add_roofs(Chart& chart, double peak, double bandwidth) {
  const std::string style = "class=\"roof\" stroke=\"#444444\" stroke-width=\"2\"";
  const double left = chart.x().low(), ridge = bandwidth > 0 ? peak / bandwidth : left;
  chart.line(ridge, peak, chart.x().high(), peak, style);
  if (bandwidth <= 0) return;
  const double from = std::max(left, chart.y().low() / bandwidth);
  chart.line(from, from * bandwidth, ridge, peak, style);
}

void add_names(Chart& chart, const NetworkReport& report) {
  std::vector<std::size_t> order(report.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return report.costs[x].array_cycles() > report.costs[y].array_cycles();
  });
  for (const std::size_t i : order) {
    if (const auto mark = roofline_point(report.layers[i], report.costs[i])) {
      chart.label(mark->x, mark->y, report.layers[i].name);
    }
  }
}

}  // namespace

std::string cycles_figure(const NetworkReport& report) {
  const Classes classes(report);
  const Totals totals = totals_of(report);
  std::vector<BarRow> rows;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const Layer& layer = report.layers[i];
    const LayerCost& cost = report.costs[i];
    const std::string colour = classes.look(layer).colour, what = fmt::format("{}, {}", layer.name, layer.op);
    const std::string where = is_product(layer) ? dataflow_text(cost) : "vector";
    const std::string part = percent(share(cost.cycles, totals.cycles));
    rows.push_back({layer.name,
                    {{{static_cast<double>(cost.array_cycles()), colour, false,
                       fmt::format("{}: {} cycles on the array ({})", what, grouped(cost.array_cycles()), where)},
                      {static_cast<double>(cost.vector.cycles), colour, true,
                       fmt::format("{}: {} cycles on the vector unit", what, grouped(cost.vector.cycles))}}},
                    fmt::format("{} {}, {}", grouped(cost.cycles), where, part)});
  }
  return bars_figure(
      "Cycles of every layer, by class of operator. Solid: products, on the array, with the dataflow beside the bar. "
      "Hollow: the vector unit.",
      rows, "cycles", "cycles of every layer of " + report.name, keys_of(report, classes));
}

std::string roofline_figure(const NetworkReport& report) {
  const std::vector<Series> all = roofline_points(report);
  if (all.empty()) return "";
  const ArrayShape& array = report.options.gemm.array;
  const double peak = static_cast<double>(array.height * array.width);
  const auto bandwidth = static_cast<double>(report.options.array.bandwidth);
  std::vector<double> across, values = heights(all);
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) across.push_back(mark.x);
  }
  values.push_back(peak);
  if (bandwidth > 0) across.push_back(peak / bandwidth);
  Chart chart(logarithmic_axis("useful MACs per byte between array and buffers", across),
              logarithmic_axis("useful MACs per cycle", values));
  add_roofs(chart, peak, bandwidth);
  for (const Series& series : all) chart.series(series, false, 1);
  add_names(chart, report);
  const std::string slope =
      bandwidth > 0 ? fmt::format("and {:g} bytes per cycle", bandwidth) : "and no limit to the bytes per cycle";
  return figure(
      fmt::format("Roofline of the array: {:g} MACs per cycle ({} x {}) {}. Useful: with a weight that is not "
                  "zero. Names, the layers with the most cycles first, where there is room.",
                  peak, array.height, array.width, slope),
      chart.svg("roofline of the array, " + report.name), all);
}

std::string sparse_figure(const NetworkReport& report) {
  std::vector<BarRow> rows;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const LayerCost* dense = least(report.each[i], false);
    const LayerCost* sparse = least(report.each[i], true);
    if (dense == nullptr || sparse == nullptr) continue;
    const auto bar = [&](const LayerCost& cost, const char* colour) -> std::vector<BarPart> {
      return {
          {static_cast<double>(cost.array_cycles()), colour, false,
           fmt::format("{}, {}: {} cycles", report.layers[i].name, dataflow_text(cost), grouped(cost.array_cycles()))}};
    };
    rows.push_back({report.layers[i].name,
                    {bar(*dense, kDense), bar(*sparse, kSparse)},
                    fmt::format("{:.2f} x, {} / {}", times(dense->array_cycles(), sparse->array_cycles()),
                                dataflow_text(*dense), dataflow_text(*sparse))});
  }
  if (rows.empty()) return "";
  const Totals totals = totals_of(report);
  return bars_figure(
      fmt::format(
          "Cycles of every product with the best dense dataflow for it and with the best sparse one; beside the "
          "bars, the former divided by the latter. In total: <strong>{:.3f}</strong>.",
          times(totals.cycles_best_dense, totals.cycles_best_sparse)),
      rows, "cycles on the array", "dense and sparse dataflows, " + report.name,
      {{"best dense dataflow", kDense, false, grouped(totals.cycles_best_dense) + " cycles"},
       {"best sparse dataflow", kSparse, false, grouped(totals.cycles_best_sparse) + " cycles"}});
}

std::string sparse_times_figure(const NetworkReport& report, const SparseTimes& times) {
  std::vector<BarRow> rows;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    if (!is_product(report.layers[i])) continue;
    const SparseOverDense both = sparse_over_dense(report, &times, i);
    const auto bar = [&](double seconds, const char* colour, const char* form) -> std::vector<BarPart> {
      return {{seconds * 1e3, colour, false,
               fmt::format("{}, {} weights: {}", report.layers[i].name, form, milliseconds(seconds))}};
    };
    const std::optional<double> ratio = both.seconds_ratio();
    rows.push_back({report.layers[i].name,
                    {bar(*both.seconds_dense, kDense, "dense"), bar(*both.seconds_sparse, kSparse, "sparse")},
                    fmt::format("{}{}", ratio ? fmt::format("{:.2f} x, ", *ratio) : "", name(times.steps[i].format))});
  }
  if (rows.empty()) return "";
  const SparseOverDense total = sparse_over_dense(report, &times);
  return bars_figure(
      fmt::format("Time of every product on this CPU, with dense and with sparse weights (medians of {} runs of each); "
                  "beside the bars, the former divided by the latter, and the sparse format. In total, with all that "
                  "is no product: <strong>{:.3f}</strong>.",
                  times.runs, total.seconds_ratio().value_or(0)),
      rows, "ms on this CPU", "times with dense and sparse weights, " + report.name,
      {{"dense weights", kDense, false, milliseconds(*total.seconds_dense) + " in total"},
       {"sparse weights", kSparse, false, milliseconds(*total.seconds_sparse) + " in total"}});
}

}  // namespace septet::cli
