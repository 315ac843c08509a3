// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_summary.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace septet::cli {
namespace {

using network::Buffers;
using network::Design;
using network::DesignPoint;

using Points = std::vector<DesignPoint>;

// Of equal ones the first.
template <class Value>
std::optional<std::size_t> least(const Points& points, Value value) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].infeasible.empty()) continue;
    if (!best || value(points[i]) < value(points[*best])) best = i;
  }
  return best;
}

// All of a machine but how its memory is split.
auto split_key(const Design& d) {
  return std::make_tuple(d.array.height, d.array.width, d.precision.type, d.precision.a_bits, d.sparsity,
                         d.buffers.total(), d.bandwidth);
}

std::vector<SplitChoice> splits_in(const Points& points) {
  struct Group {
    std::optional<std::size_t> best, generic;
    bool several = false;
  };
  std::vector<Group> groups;
  std::map<decltype(split_key(Design())), std::size_t> places;
  const auto improve = [&](std::optional<std::size_t>& best, std::size_t i) {
    if (!best || points[i].cycles < points[*best].cycles) best = i;
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const DesignPoint& point = points[i];
    if (!point.infeasible.empty() || point.buffer_bytes() == 0) continue;
    const auto [place, is_new] = places.emplace(split_key(point.design), groups.size());
    if (is_new) groups.emplace_back();
    Group& group = groups[place->second];
    const bool generic = is_generic(point.design.buffers);
    group.several = group.several || !generic;
    improve(group.best, i);
    if (generic) improve(group.generic, i);
  }
  std::vector<SplitChoice> splits;
  for (const Group& group : groups) {
    if (group.several && group.generic) splits.push_back({*group.best, *group.generic});
  }
  return splits;
}

// Designs of a machine are neighbours.
std::vector<DataflowChoice> dataflows_in(const Points& points, std::size_t per_machine) {
  std::vector<DataflowChoice> choices;
  for (std::size_t begin = 0; begin < points.size(); begin += per_machine) {
    std::optional<std::size_t> per_layer;
    DataflowChoice choice;
    for (std::size_t i = begin; i < begin + per_machine; ++i) {
      if (!points[i].infeasible.empty()) continue;
      const bool automatic = points[i].design.dataflow == Dataflow::automatic;
      if (automatic) per_layer = i;
      if (!automatic) choice.fixed.push_back(i);
    }
    if (!per_layer || choice.fixed.empty()) continue;
    choice.per_layer = *per_layer;
    const auto quicker = [&](std::size_t left, std::size_t right) {
      return points[left].cycles < points[right].cycles;
    };
    std::stable_sort(choice.fixed.begin(), choice.fixed.end(), quicker);
    choices.push_back(std::move(choice));
  }
  std::stable_sort(choices.begin(), choices.end(), [&](const DataflowChoice& left, const DataflowChoice& right) {
    return points[left.per_layer].cycles < points[right.per_layer].cycles;
  });
  return choices;
}

}  // namespace

bool is_generic(const Buffers& buffers) {
  return buffers.a == buffers.b && buffers.c - buffers.a >= 0 && buffers.c - buffers.a <= 2;
}

double cycles_ratio(const Exploration& exploration, std::size_t over, std::size_t under) {
  const auto cycles = [&](std::size_t i) { return static_cast<double>(exploration.points[i].cycles); };
  return cycles(under) > 0 ? cycles(over) / cycles(under) : 1;
}

Summary summary_of(const Exploration& exploration, double slowdown) {
  const Points& points = exploration.points;
  Summary summary;
  summary.slowdown = slowdown;
  summary.infeasible =
      std::count_if(points.begin(), points.end(), [](const DesignPoint& point) { return !point.infeasible.empty(); });
  summary.fastest = least(points, [](const DesignPoint& p) { return std::tuple(p.cycles, p.energy_pj, p.area_mm2); });
  summary.least_energy =
      least(points, [](const DesignPoint& p) { return std::tuple(p.energy_pj, p.cycles, p.area_mm2); });
  summary.pareto = network::pareto_set(points);
  const std::size_t economic = network::economic(points, slowdown);
  if (economic < points.size()) summary.economic = economic;
  summary.splits = splits_in(points);
  summary.dataflows = dataflows_in(points, points.size() / static_cast<std::size_t>(exploration.machines));
  return summary;
}

}  // namespace septet::cli
