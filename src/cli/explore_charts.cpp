// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_charts.hpp"

#include "explore_axes.hpp"
#include "explore_report.hpp"
#include "report/bars.hpp"
#include "report/chart.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace septet::cli {
namespace {

using network::Design;
using network::DesignPoint;

constexpr std::size_t kClasses = 6;  // colours that are told apart

bool smaller(const ArrayShape& left, const ArrayShape& right) {
  return std::make_tuple(left.height * left.width, left.height) <
         std::make_tuple(right.height * right.width, right.height);
}

// Arrays by their size, in as many classes as there are colours at most.
class ArrayClasses {
 public:
  explicit ArrayClasses(const std::vector<DesignPoint>& points) {
    std::set<ArrayShape, decltype(&smaller)> distinct(&smaller);
    for (const DesignPoint& point : points) distinct.insert(point.design.array);
    arrays_.assign(distinct.begin(), distinct.end());
  }

  std::size_t size() const { return std::min(kClasses, arrays_.size()); }
  std::size_t of(const ArrayShape& array) const {
    const auto place = std::lower_bound(arrays_.begin(), arrays_.end(), array, &smaller) - arrays_.begin();
    return static_cast<std::size_t>(place) * size() / arrays_.size();
  }
  std::string label(std::size_t one) const {
    std::vector<std::string> names;
    for (const ArrayShape& array : arrays_) {
      if (of(array) == one) names.push_back(array_text(array));
    }
    return names.size() == 1 ? names.front() : names.front() + " to " + names.back();
  }

 private:
  std::vector<ArrayShape> arrays_;
};

Unit energy_unit(double most) { return most >= 1e9 ? Unit{"energy (mJ)", 1e9} : Unit{"energy (µJ)", 1e6}; }

double cycles_of(const DesignPoint& point) { return static_cast<double>(point.cycles); }
double energy_of(const DesignPoint& point) { return point.energy_pj; }

std::string title_of(const DesignPoint& point) {
  return fmt::format("design {}: {}: {} cycles, {}, {:.4g} mm²", point.design.index, design_text(point.design),
                     grouped(point.cycles), energy_text(point.energy_pj), point.area_mm2);
}

// What has a place on logarithmic axes.
bool is_drawn(const DesignPoint& point) { return point.infeasible.empty() && point.cycles > 0 && point.energy_pj > 0; }

// Two thirds of the way to white.
std::string faint(const std::string& colour) {
  std::string mixed = "#";
  for (std::size_t at = 1; at < colour.size(); at += 2) {
    const int value = std::stoi(colour.substr(at, 2), nullptr, 16);
    mixed += fmt::format("{:02x}", value + (255 - value) * 2 / 3);
  }
  return mixed;
}

class ParetoChart {
 public:
  ParetoChart(const Exploration& exploration, const Summary& summary)
      : points_(exploration.points),
        summary_(summary),
        classes_(points_),
        across_(cycles_unit(most(cycles_of))),
        up_(energy_unit(most(energy_of))),
        chart_(axis(across_, cycles_of), axis(up_, energy_of)) {}

  std::string figure() {
    draw_others();
    draw_front();
    const std::vector<Series> best = draw_best();
    draw_labels();
    return cli::figure(caption(), chart_.svg("energy and cycles of all designs"), best);
  }

 private:
  using Value = double (*)(const DesignPoint&);

  double most(Value value) const {
    double most = 0;
    for (const DesignPoint& point : points_) most = std::max(most, is_drawn(point) ? value(point) : 0);
    return most;
  }
  Axis axis(const Unit& unit, Value value) const {
    std::vector<double> values;
    for (const DesignPoint& point : points_) {
      if (is_drawn(point)) values.push_back(value(point) / unit.size);
    }
    return logarithmic_axis(unit.label, values);
  }
  double x(const DesignPoint& point) const { return cycles_of(point) / across_.size; }
  double y(const DesignPoint& point) const { return energy_of(point) / up_.size; }
  Mark mark_of(const DesignPoint& point, double size) const { return {x(point), y(point), title_of(point), size}; }
  static Look look_of(std::size_t one) { return look_of_place(static_cast<int>(one)); }

  // One of those that would cover each other.
  void draw_others() {
    constexpr double kAcross = 160, kUp = 110, kSmall = 0.4;
    std::set<std::pair<int, int>> taken;
    std::vector<Series> others(classes_.size());
    for (const DesignPoint& point : points_) {
      if (!is_drawn(point)) continue;
      const auto column = static_cast<int>(kAcross * chart_.x().place(x(point)));
      const auto row = static_cast<int>(kUp * chart_.y().place(y(point)));
      if (!taken.emplace(column, row).second) continue;
      others[classes_.of(point.design.array)].marks.push_back(mark_of(point, kSmall));
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
      others[i].look = look_of(i), others[i].look.colour = faint(others[i].look.colour);
      chart_.series(others[i], false, 1);
    }
  }

  // Of the Pareto set those that no other one beats in cycles and energy: a line that falls.
  void draw_front() {
    for (const std::size_t i : summary_.pareto) {
      if (!is_drawn(points_[i])) continue;
      if (!front_.empty() && points_[i].energy_pj >= points_[front_.back()].energy_pj) continue;
      if (!front_.empty()) {
        const DesignPoint& last = points_[front_.back()];
        chart_.line(x(last), y(last), x(points_[i]), y(points_[i]),
                    "class=\"front\" stroke=\"#444444\" stroke-width=\"1.5\"");
      }
      front_.push_back(i);
    }
  }

  std::vector<Series> draw_best() {
    const double largest = most([](const DesignPoint& point) { return point.area_mm2; });
    std::vector<Series> best(classes_.size());
    for (std::size_t i = 0; i < best.size(); ++i) best[i].label = classes_.label(i), best[i].look = look_of(i);
    for (const std::size_t i : summary_.pareto) {
      if (!is_drawn(points_[i])) continue;
      const double size = largest > 0 ? 0.4 + 0.8 * std::sqrt(points_[i].area_mm2 / largest) : 1;
      best[classes_.of(points_[i].design.array)].marks.push_back(mark_of(points_[i], size));
    }
    if (summary_.economic && is_drawn(points_[*summary_.economic])) {
      const DesignPoint& point = points_[*summary_.economic];
      Mark ring = mark_of(point, 1);
      ring.title = "economic, " + ring.title;
      best[classes_.of(point.design.array)].rings.push_back(std::move(ring));
    }
    for (const Series& series : best) chart_.series(series, false, 1);
    return best;
  }

  // Where there is room: the front, and the quickest ones of every array.
  void draw_labels() {
    std::vector<std::size_t> labelled = front_;
    std::set<std::size_t> seen;
    for (const std::size_t i : summary_.pareto) {
      if (seen.insert(classes_.of(points_[i].design.array)).second) labelled.push_back(i);
    }
    for (const std::size_t i : labelled) {
      const Design& d = points_[i].design;
      const std::string memory = d.buffers.total() > 0 ? ", " + bytes_text(d.buffers.total()) : "";
      if (is_drawn(points_[i]))
        chart_.label(x(points_[i]), y(points_[i]), array_text(d.array) + " " + name(d.dataflow) + memory);
    }
  }

  std::string caption() const {
    std::string text = fmt::format(
        "All designs. Strong: the Pareto set of cycles, energy and area ({} designs), the larger the more area; "
        "joined, those that are best in cycles and energy alone. Faint: all others, one of those in the same spot.",
        grouped(static_cast<Index>(summary_.pareto.size())));
    if (!summary_.economic) return text;
    return text + fmt::format(
                      " Ringed, with a line down: the economic design, the smallest memory within {:g} times the "
                      "fewest cycles.",
                      summary_.slowdown);
  }

  const std::vector<DesignPoint>& points_;
  const Summary& summary_;
  ArrayClasses classes_;
  Unit across_, up_;
  Chart chart_;
  std::vector<std::size_t> front_;
};

// Fewest cycles for each total of buffers.
using BestByTotal = std::map<Index, const DesignPoint*>;

void improve(BestByTotal& best, const DesignPoint& point) {
  const DesignPoint*& place = best[point.buffer_bytes()];
  if (place == nullptr || point.cycles < place->cycles) place = &point;
}

constexpr double kKib = 1024;

Series series_of(const BestByTotal& best, std::string label, const Look& look, const Unit& up) {
  Series series{std::move(label), look, {}, "", {}};
  for (const auto& [total, point] : best) {
    series.marks.push_back({static_cast<double>(total) / kKib, cycles_of(*point) / up.size, title_of(*point)});
  }
  return series;
}

// Alike but in their arrays and buffers.
bool alike(const Design& left, const Design& right) {
  return left.precision.type == right.precision.type && left.precision.a_bits == right.precision.a_bits &&
         left.sparsity == right.sparsity && left.bandwidth == right.bandwidth;
}

struct Splits {
  BestByTotal best, generic;
};

// By array, the six quickest ones.
std::map<ArrayShape, Splits, decltype(&smaller)> splits_by_array(const Exploration& exploration, const Summary& summary,
                                                                 const Design& like) {
  std::map<ArrayShape, Splits, decltype(&smaller)> arrays(&smaller);
  for (const SplitChoice& split : summary.splits) {
    const DesignPoint& best = exploration.points[split.best];
    if (!alike(best.design, like)) continue;
    Splits& splits = arrays[best.design.array];
    improve(splits.best, best), improve(splits.generic, exploration.points[split.generic]);
  }
  const auto fewest = [](const Splits& splits) {
    Index cycles = splits.best.begin()->second->cycles;
    for (const auto& [total, point] : splits.best) cycles = std::min(cycles, point->cycles);
    return cycles;
  };
  while (arrays.size() > kClasses) {
    auto slowest = arrays.begin();
    for (auto at = arrays.begin(); at != arrays.end(); ++at) {
      if (fewest(at->second) > fewest(slowest->second)) slowest = at;
    }
    arrays.erase(slowest);
  }
  return arrays;
}

}  // namespace

std::string pareto_figure(const Exploration& exploration, const Summary& summary) {
  if (std::none_of(exploration.points.begin(), exploration.points.end(), is_drawn)) return "";
  return ParetoChart(exploration, summary).figure();
}

std::string memory_figure(const Exploration& exploration, const Summary& summary) {
  if (!summary.fastest) return "";
  const Design& like = exploration.points[*summary.fastest].design;
  const auto arrays = splits_by_array(exploration, summary, like);
  if (arrays.empty()) return "";
  double most = 0;
  for (const auto& [array, splits] : arrays) {
    for (const auto& [total, point] : splits.generic) most = std::max(most, cycles_of(*point));
  }
  const Unit up = cycles_unit(most);
  std::vector<Series> all;
  std::vector<double> totals;
  for (const auto& [array, splits] : arrays) {
    Look look = look_of_place(static_cast<int>(all.size() / 2));
    all.push_back(series_of(splits.best, array_text(array) + ", best split", look, up));
    look.second = true;
    all.push_back(series_of(splits.generic, array_text(array) + ", thirds", look, up));
    for (const auto& [total, point] : splits.best) totals.push_back(static_cast<double>(total) / kKib);
  }
  Chart chart(logarithmic_axis("KiB of all buffers", totals), logarithmic_axis(up.label, heights(all)));
  for (const Series& series : all) chart.series(series, true, 1.5);
  const std::string zeros = like.sparsity < 0 ? "" : fmt::format(", {:g} % zeros", 100 * like.sparsity);
  const std::string bandwidth = like.bandwidth > 0 ? fmt::format("{} bytes per cycle", like.bandwidth) : "no limit";
  return figure(
      fmt::format("Fewest cycles with so many bytes of buffers, whatever the dataflow: split in the best way, "
                  "and in thirds. {}{}; off chip: {}.",
                  precision_text(like.precision), zeros, bandwidth),
      chart.svg("cycles and memory"), all);
}

std::string dataflows_figure(const Exploration& exploration, const Summary& summary) {
  if (summary.dataflows.empty()) return "";
  const DataflowChoice& choice = summary.dataflows.front();
  std::vector<BarRow> rows;
  const auto add = [&](std::size_t i) {
    const DesignPoint& point = exploration.points[i];
    const std::string what = name(point.design.dataflow);
    rows.push_back(
        {what,
         {{{static_cast<double>(point.cycles), point.design.dataflow == Dataflow::automatic ? "#0072b2" : "#666666",
            false, title_of(point)}}},
         fmt::format("{}, {:.3f} x", grouped(point.cycles), cycles_ratio(exploration, i, choice.per_layer))});
  };
  add(choice.per_layer);
  for (const std::size_t i : choice.fixed) add(i);
  return bars_figure(
      "Each layer its own dataflow (auto), against one for all layers, on the machine that is quickest with auto: " +
          machine_text(exploration.points[choice.per_layer].design) + ".",
      rows, "cycles", "dataflows", {});
}

}  // namespace septet::cli
