// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_charts.hpp"

#include "network_report.hpp"
#include "report/bars.hpp"
#include "report/chart.hpp"
#include "report/escape.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace septet::cli {
namespace {

constexpr const char *kDense = "#666666", *kPruned = "#0072b2";
constexpr const char* kDenseSeries = "dense";

// The network as it is, and narrower and wider ones: "dense, narrower".
bool is_dense(const std::string& series) { return series.rfind(kDenseSeries, 0) == 0; }

// Every series has one look on all panels. Dataflows' come first, what is no group of the array's is grey or brown.
class Looks {
 public:
  Look of(const std::string& series) {
    if (series == kDenseSeries) return {kDense, 7, false};
    if (is_dense(series)) return {kDense, series == "dense, wider" ? 1 : 7, true};
    if (series == "weights" || series == "unstructured") return {"#7f5a1f", 5, false};
    if (series == "auto") return {"#000000", 6, false};
    if (series == "auto, permuted") return {"#000000", 6, true};
    auto found = std::find(names_.begin(), names_.end(), series);
    if (found == names_.end()) found = names_.insert(names_.end(), series);
    return look_of_place(static_cast<int>(found - names_.begin()));
  }

 private:
  std::vector<std::string> names_ = {"sOS", "sWS", "sIS", "csOS"};
};

// In percent, with some air.
Axis accuracy_axis(const std::vector<double>& percents) {
  const auto [least, most] = std::minmax_element(percents.begin(), percents.end());
  const double air = std::max(0.25, 0.08 * (*most - *least));
  return {"accuracy (%)", std::max(0.0, *least - air), std::min(100 + air, *most + air), false};
}

std::vector<double> across(const std::vector<Series>& all) {
  std::vector<double> values;
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) values.push_back(mark.x);
  }
  return values;
}

std::string point_title(const CurveSeries& series, const CurvePoint& point, Index cycles_dense) {
  std::string text =
      fmt::format("{}: {} cycles ({:.2f} x), {} zeros, {} of the energy kept", series.name, grouped(point.cycles),
                  times(cycles_dense, point.cycles), percent(point.sparsity), percent(point.kept));
  if (point.output_error) text += fmt::format(", output error {:.3g}", *point.output_error);
  if (point.accuracy) text += ", accuracy " + percent(*point.accuracy);
  return text;
}

// One of an array's panels; `height`: of a point, where it has one.
using Height = std::function<std::optional<double>(const CurvePoint&)>;

std::vector<Series> series_of(const ArrayCurves& array, const Unit& unit, const Height& height) {
  Looks looks;
  std::vector<Series> all;
  for (const CurveSeries& series : array.series) {
    Series drawn{series.name, looks.of(series.name), {}, "", {}};
    for (const CurvePoint& point : series.points) {
      if (point.cycles == 0) continue;  // nowhere on a logarithmic axis
      if (const auto y = height(point)) {
        drawn.marks.push_back(
            {static_cast<double>(point.cycles) / unit.size, *y, point_title(series, point, array.cycles_dense)});
      }
    }
    std::stable_sort(drawn.marks.begin(), drawn.marks.end(),
                     [](const Mark& left, const Mark& right) { return left.x < right.x; });
    if (!drawn.marks.empty()) all.push_back(std::move(drawn));
  }
  return all;
}

void add_dense_line(Chart& chart, double cycles) {
  chart.line(cycles, chart.y().low(), cycles, chart.y().high(),
             "class=\"dense\" stroke=\"#666666\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"");
}

// Of the greatest error of an array: what is less is as good as none, and would leave the rest no room.
constexpr double kLeastError = 1e-3;

double greatest_error(const ArrayCurves& array) {
  double greatest = 0;
  for (const CurveSeries& series : array.series) {
    for (const CurvePoint& point : series.points) greatest = std::max(greatest, point.output_error.value_or(0));
  }
  return greatest;
}

std::string error_panel(const Curves& curves, const ArrayCurves& array) {
  const Unit unit = cycles_unit(static_cast<double>(array.cycles_dense));
  const double least = kLeastError * greatest_error(array);
  const std::vector<Series> all = series_of(array, unit, [&](const CurvePoint& point) -> std::optional<double> {
    if (!point.output_error || !(*point.output_error > least)) return {};
    return point.output_error;
  });
  if (all.empty()) return "";
  const double dense = static_cast<double>(array.cycles_dense) / unit.size;
  std::vector<double> values = across(all);
  values.push_back(dense);
  Chart chart(logarithmic_axis(unit.label, values), logarithmic_axis("relative error of the outputs", heights(all)));
  add_dense_line(chart, dense);
  for (const Series& series : all) chart.series(series, true, 1.5);
  const std::string name = fmt::format("{} x {}", array.array.height, array.array.width);
  return figure(fmt::format("<b>{} array</b>: error |y − y₀|² / |y₀|² of the outputs for {} inputs, without "
                            "retraining. Dashed: the dense network, {} cycles. Not drawn: less than a thousandth of "
                            "the greatest.",
                            name, grouped(curves.images), grouped(array.cycles_dense)),
                chart.svg("output error and cycles, " + name + " array"), all);
}

std::string accuracy_panel(const Curves& curves, const ArrayCurves& array) {
  const Unit unit = cycles_unit(static_cast<double>(array.cycles_dense));
  std::vector<Series> all = series_of(array, unit, [](const CurvePoint& point) -> std::optional<double> {
    if (!point.accuracy) return {};
    return 100 * *point.accuracy;
  });
  Mark dense{static_cast<double>(array.cycles_dense) / unit.size, 100 * *curves.accuracy,
             fmt::format("dense: {} cycles, accuracy {}", grouped(array.cycles_dense), percent(*curves.accuracy))};
  all.push_back({kDenseSeries, Looks().of(kDenseSeries), {std::move(dense)}, "", {}});
  Chart chart(logarithmic_axis(unit.label, across(all)), accuracy_axis(heights(all)));
  const double height = 100 * *curves.accuracy;
  chart.line(chart.x().low(), height, chart.x().high(), height,
             "class=\"dense\" stroke=\"#666666\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"");
  for (const Series& series : all) chart.series(series, true, 1.5);
  const std::string name = fmt::format("{} x {}", array.array.height, array.array.width);
  return figure(
      fmt::format("<b>{} array</b>: accuracy for {} inputs, without retraining. Dashed: the network as it is.", name,
                  grouped(curves.images)),
      chart.svg("accuracy and cycles, " + name + " array"), all);
}

std::string group_title(const PointGroup& group) {
  std::string text = group.series;
  if (!group.goal.empty()) text += ", " + group.goal;
  text += fmt::format(": accuracy {:.2f} ± {:.2f} %, {:.0f} ± {:.0f} cycles", 100 * group.accuracy.mean,
                      100 * group.accuracy.deviation, group.cycles.mean, group.cycles.deviation);
  if (group.cpu_seconds) {
    text += fmt::format(", {:.4g} ± {:.2g} ms", 1e3 * group.cpu_seconds->mean, 1e3 * group.cpu_seconds->deviation);
  }
  return text + fmt::format(", {} seed{}", group.seeds, group.seeds == 1 ? "" : "s");
}

// Points of one network and array against one of their numbers.
class PointPanel {
 public:
  using Value = std::function<const Spread*(const PointGroup&)>;

  PointPanel(const std::vector<const PointGroup*>& groups, std::string label, double size, const Value& value,
             Looks& looks)
      : label_(std::move(label)) {
    for (const PointGroup* group : groups) {
      const Spread* spread = value(*group);
      if (spread == nullptr) continue;
      Spots& spots = spots_of(group->series, looks);
      const double x = spread->mean / size, deviation = spread->deviation / size;
      spots.places.push_back({x, std::max(x - deviation, x / 2), x + deviation, 100 * group->accuracy.mean,
                              100 * group->accuracy.deviation, group_title(*group)});
    }
    for (Spots& spots : all_) {
      std::stable_sort(spots.places.begin(), spots.places.end(),
                       [](const Spot& left, const Spot& right) { return left.x < right.x; });
    }
  }

  bool empty() const { return all_.empty(); }

  std::string figure(const std::string& caption, const std::string& description) {
    std::vector<double> x, y;
    for (const Spots& spots : all_) {
      for (const Spot& spot : spots.places) {
        x.insert(x.end(), {spot.left, spot.right});
        y.insert(y.end(), {spot.y - spot.deviation, std::min(100.0, spot.y + spot.deviation)});
      }
    }
    Chart chart(logarithmic_axis(label_, x), accuracy_axis(y));
    std::vector<Series> all;
    join_dense(chart);
    for (const Spots& spots : all_) {
      Series series{spots.series, spots.look, {}, "", {}};
      for (const Spot& spot : spots.places) {
        add_whiskers(chart, spot, spots.look.colour);
        series.marks.push_back({spot.x, spot.y, spot.title});
      }
      chart.series(series, !is_dense(series.label), 1.5);
      all.push_back(std::move(series));
    }
    return cli::figure(caption, chart.svg(description), all);
  }

 private:
  struct Spot {
    double x, left, right, y, deviation;
    std::string title;
  };
  struct Spots {
    std::string series;
    Look look;
    std::vector<Spot> places;
  };

  Spots& spots_of(const std::string& series, Looks& looks) {
    for (Spots& spots : all_) {
      if (spots.series == series) return spots;
    }
    return all_.emplace_back(Spots{series, looks.of(series), {}});
  }

  // Dense networks are one line.
  void join_dense(Chart& chart) const {
    std::vector<Spot> line;
    for (const Spots& spots : all_) {
      if (!is_dense(spots.series)) continue;
      line.insert(line.end(), spots.places.begin(), spots.places.end());
    }
    std::stable_sort(line.begin(), line.end(), [](const Spot& left, const Spot& right) { return left.x < right.x; });
    for (std::size_t i = 1; i < line.size(); ++i) {
      chart.line(line[i - 1].x, line[i - 1].y, line[i].x, line[i].y,
                 fmt::format("class=\"dense\" stroke=\"{}\" stroke-width=\"1.5\"", kDense));
    }
  }

  // One standard deviation to each side, as far as the chart goes.
  static void add_whiskers(Chart& chart, const Spot& spot, const std::string& colour) {
    const std::string style = fmt::format("class=\"spread\" stroke=\"{}\" stroke-width=\"1\"", colour);
    chart.line(spot.left, spot.y, spot.right, spot.y, style);
    chart.line(spot.x, spot.y - spot.deviation, spot.x, std::min(chart.y().high(), spot.y + spot.deviation), style);
  }

  std::string label_;
  std::vector<Spots> all_;
};

std::string cycles_panel(const std::vector<const PointGroup*>& groups, Looks& looks) {
  double most = 0;
  for (const PointGroup* group : groups) most = std::max(most, group->cycles.mean);
  const Unit unit = cycles_unit(most);
  PointPanel panel(
      groups, unit.label, unit.size, [](const PointGroup& group) { return &group.cycles; }, looks);
  const std::string what = groups[0]->network + ", " + groups[0]->array;
  return panel.figure(fmt::format("<b>{} array</b>: accuracy and cycles.", escaped(what)),
                      "accuracy and cycles, " + what + " array");
}

std::string seconds_panel(const std::vector<const PointGroup*>& groups, Looks& looks) {
  double most = 0;
  for (const PointGroup* group : groups) most = std::max(most, group->cpu_seconds ? group->cpu_seconds->mean : 0);
  const Unit unit = most < 1e-3 ? Unit{"time on the CPU (µs)", 1e-6} : Unit{"time on the CPU (ms)", 1e-3};
  PointPanel panel(
      groups, unit.label, unit.size,
      [](const PointGroup& group) { return group.cpu_seconds ? &*group.cpu_seconds : nullptr; }, looks);
  if (panel.empty()) return "";
  const std::string what = groups[0]->network + ", " + groups[0]->array;
  return panel.figure(fmt::format("<b>{} array</b>: accuracy and time on the CPU.", escaped(what)),
                      "accuracy and time on the CPU, " + what + " array");
}

}  // namespace

std::string pruned_figure(const PruneReport& report) {
  const network::Pruning& pruning = report.pruning;
  std::vector<BarRow> rows;
  Index dense = 0, pruned = 0;
  for (const network::PrunedLayer& layer : pruning.layers) {
    const std::string& name = pruning.network.steps[static_cast<std::size_t>(layer.step)].name;
    const auto bar = [&](Index cycles, Dataflow dataflow, const char* colour) -> std::vector<BarPart> {
      return {{static_cast<double>(cycles), colour, false,
               fmt::format("{}, {}: {} cycles", name, septet::name(dataflow), grouped(cycles))}};
    };
    rows.push_back({name,
                    {bar(layer.cycles_dense, layer.dense_dataflow, kDense), bar(layer.cycles, layer.dataflow, kPruned)},
                    fmt::format("{:.2f} x, {}, {} zeros, {} kept", times(layer.cycles_dense, layer.cycles),
                                septet::name(layer.dataflow), percent(share_of(layer.zeros, layer.weights)),
                                percent(layer.kept))});
    dense += layer.cycles_dense, pruned += layer.cycles;
  }
  if (rows.empty()) return "";
  return bars_figure(
      fmt::format(
          "Cycles of every layer that is pruned, before with its best dense dataflow and after; beside the bars, "
          "the former divided by the latter, the dataflow, zeros, and what is kept of the weights' energy. "
          "All products: <strong>{:.3f}</strong>.",
          times(pruning.cycles_dense, pruning.cycles)),
      rows, "cycles on the array", "dense and pruned layers, " + report.name,
      {{"dense", kDense, false, grouped(dense) + " cycles"}, {"pruned", kPruned, false, grouped(pruned) + " cycles"}});
}

std::string curve_figures(const Curves& curves) {
  std::string figures;
  for (const ArrayCurves& array : curves.arrays) figures += error_panel(curves, array);
  if (!curves.accuracy) return figures;
  for (const ArrayCurves& array : curves.arrays) figures += accuracy_panel(curves, array);
  return figures;
}

std::string point_figures(const std::vector<PointGroup>& groups) {
  std::vector<std::vector<const PointGroup*>> panels;
  for (const PointGroup& group : groups) {
    const auto panel = std::find_if(panels.begin(), panels.end(), [&](const std::vector<const PointGroup*>& one) {
      return one[0]->network == group.network && one[0]->array == group.array;
    });
    if (panel == panels.end()) {
      panels.push_back({&group});
    } else {
      panel->push_back(&group);
    }
  }
  Looks looks;
  std::string figures;
  for (const auto& panel : panels) figures += cycles_panel(panel, looks) + seconds_panel(panel, looks);
  return figures;
}

}  // namespace septet::cli
