// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "curve.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace septet::network::pruning {
namespace {

// From one point of a tile's hull to the next.
struct Segment {
  double slope = 0;  // score lost per cost saved
  std::int32_t tile = 0, state = 0;
  Index saved = 0;
  double lost = 0;
};

double slope(const State& from, const State& to) {
  return (from.left - to.left) / static_cast<double>(from.cost - to.cost);
}

// Indices of the states on the hull. Of equal ones the last, for what it has removed is free.
std::vector<std::size_t> hull_of(const std::vector<State>& states) {
  std::vector<std::size_t> hull;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!hull.empty() && states[i].cost == states[hull.back()].cost) {
      if (states[i].left == states[hull.back()].left && hull.size() > 1) hull.back() = i;
      continue;
    }
    while (hull.size() > 1 &&
           slope(states[hull[hull.size() - 2]], states[hull.back()]) > slope(states[hull.back()], states[i])) {
      hull.pop_back();
    }
    hull.push_back(i);
  }
  return hull;
}

class Merge {
 public:
  explicit Merge(const Paths& paths) : paths_(paths) {
    for (Index tile = 0; tile < paths.tiles(); ++tile) add(tile, paths.states(tile));
    keep_one();
    std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) {
      if (a.slope != b.slope) return a.slope < b.slope;
      return a.tile != b.tile ? a.tile < b.tile : a.state < b.state;
    });
  }

  Curve curve(Index fixed_cost) const {
    Curve curve;
    const std::size_t points = segments_.size() + 1;
    curve.removals.reserve(points - 1), curve.cost.resize(points), curve.loss.resize(points);
    curve.cost[0] = cost_ + fixed_cost;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      curve.removals.push_back({segments_[i].tile, segments_[i].state});
      curve.cost[i + 1] = curve.cost[i] - segments_[i].saved;
    }
    // From the end, where least is left: sums of what is small come first.
    double left = left_;
    for (std::size_t i = points; i-- > 0;) {
      curve.loss[i] = left;
      if (i > 0) left += segments_[i - 1].lost;
    }
    for (double& loss : curve.loss) loss = left > 0 ? -std::log(loss / left) : 0;
    return curve;
  }

 private:
  void add(Index tile, const std::vector<State>& states) {
    const std::vector<std::size_t> hull = hull_of(states);
    cost_ += states.front().cost, left_ += states[hull.back()].left;
    for (std::size_t i = 1; i < hull.size(); ++i) {
      const State &from = states[hull[i - 1]], &to = states[hull[i]];
      segments_.push_back({slope(from, to), static_cast<std::int32_t>(tile), static_cast<std::int32_t>(hull[i]),
                           from.cost - to.cost, from.left - to.left});
    }
  }

  // The tile whose last segment is the steepest gets a hull without the empty state.
  void keep_one() {
    if (segments_.empty()) return;
    const auto steepest = std::max_element(segments_.begin(), segments_.end(),
                                           [](const Segment& a, const Segment& b) { return a.slope < b.slope; });
    const std::int32_t tile = steepest->tile;
    const auto end =
        std::remove_if(segments_.begin(), segments_.end(), [&](const Segment& s) { return s.tile == tile; });
    segments_.erase(end, segments_.end());
    std::vector<State> states = paths_.states(tile);
    cost_ -= states.front().cost, states.pop_back();
    add(tile, states);
  }

  const Paths& paths_;
  std::vector<Segment> segments_;
  Index cost_ = 0;   // with nothing removed
  double left_ = 0;  // with everything removed
};

}  // namespace

Curve curve_of(const Paths& paths, Dataflow dataflow, Index fixed_cost) {
  Curve curve = Merge(paths).curve(fixed_cost);
  curve.dataflow = dataflow;
  return curve;
}

Curve curve_of(Dataflow dataflow, Index cost) { return {dataflow, {}, {cost}, {0}}; }

void remove(const Paths& paths, const Curve& curve, Index count, std::uint8_t* mask) {
  std::map<Index, Index> states;  // by tile
  for (Index i = 0; i < count; ++i) {
    const Curve::Removal& removal = curve.removals[static_cast<std::size_t>(i)];
    states[removal.tile] = removal.state;
  }
  for (const auto& [tile, state] : states) paths.remove(tile, state, mask);
}

}  // namespace septet::network::pruning
