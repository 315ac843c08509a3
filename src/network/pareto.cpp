// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/explore.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

namespace septet::network {

// Kung, Luccio, Preparata (On finding the maxima of a set of vectors, JACM 1975, section 3): in order of the first
// number, a point is beaten by one that came before it with as little of the other two; those that matter, the energies
// with the areas that no smaller energy comes with, are a staircase.
std::vector<std::size_t> pareto_set(const std::vector<DesignPoint>& points) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].infeasible.empty()) order.push_back(i);
  }
  const auto numbers = [&](std::size_t i) {
    const DesignPoint& p = points[i];
    return std::make_tuple(p.cycles, p.energy_pj, p.area_mm2, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return numbers(x) < numbers(y); });
  std::vector<std::size_t> set;
  std::map<double, double> stairs;  // area by energy: as the one grows, the other falls
  for (const std::size_t i : order) {
    const double energy = points[i].energy_pj, area = points[i].area_mm2;
    auto above = stairs.upper_bound(energy);
    if (above != stairs.begin() && std::prev(above)->second <= area) continue;
    while (above != stairs.end() && above->second >= area) above = stairs.erase(above);
    stairs[energy] = area;
    set.push_back(i);
  }
  return set;
}

std::size_t economic(const std::vector<DesignPoint>& points, double slowdown) {
  Index fewest = std::numeric_limits<Index>::max();
  for (const DesignPoint& p : points) {
    if (p.infeasible.empty()) fewest = std::min(fewest, p.cycles);
  }
  const double limit = slowdown * static_cast<double>(fewest);
  const auto numbers = [&](std::size_t i) {
    return std::make_tuple(points[i].buffer_bytes(), points[i].area_mm2, points[i].cycles);
  };
  std::size_t best = points.size();
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].infeasible.empty() || static_cast<double>(points[i].cycles) > limit) continue;
    if (best == points.size() || numbers(i) < numbers(best)) best = i;
  }
  return best;
}

}  // namespace septet::network
