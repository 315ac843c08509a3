// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "curve.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

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

struct Candidate {
  State state;
  Curve::Removal removal;
};

// The lower convex hull of what the layer may be with one tile that is not empty. One tile of one: its states are on
// the other curve.
class OneTile {
 public:
  explicit OneTile(const Paths& paths) : paths_(paths) {}

  void add(Index tile, const std::vector<State>& states) {
    energy_ += states.front().left;
    if (paths_.tiles() > 1) add_states(tile, states);
    const std::vector<State> singles = paths_.single_groups(tile);
    for (std::size_t i = 0; i < singles.size(); ++i) add(singles[i], tile, states.size() + i);
  }

  bool empty() const { return candidates_.empty(); }
  Curve curve(Index fixed_cost) {
    keep_best();
    std::vector<State> states;
    states.reserve(candidates_.size());
    for (const Candidate& candidate : candidates_) states.push_back(candidate.state);
    Curve curve;
    curve.one_tile = true;
    for (const std::size_t i : hull_of(states)) {
      curve.removals.push_back(candidates_[i].removal);
      curve.cost.push_back(states[i].cost + fixed_cost);
      curve.loss.push_back(std::max(-std::log(states[i].left / energy_), 0.0));
    }
    return curve;
  }

 private:
  void add(const State& state, Index tile, std::size_t index) {
    candidates_.push_back({state, {static_cast<std::int32_t>(tile), static_cast<std::int32_t>(index)}});
  }
  void add_states(Index tile, std::vector<State> states) {
    if (states.size() == 1) return;
    states.pop_back();
    for (const std::size_t i : hull_of(states)) add(states[i], tile, i);
  }
  // Dearest first, and none for which something as cheap keeps more.
  void keep_best() {
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
      return a.state.cost != b.state.cost ? a.state.cost < b.state.cost : a.state.left > b.state.left;
    });
    double most = 0;
    const auto end = std::remove_if(candidates_.begin(), candidates_.end(), [&](const Candidate& c) {
      return !(c.state.left > std::exchange(most, std::max(most, c.state.left)));
    });
    candidates_.erase(end, candidates_.end());
    std::reverse(candidates_.begin(), candidates_.end());
  }

  const Paths& paths_;
  std::vector<Candidate> candidates_;
  double energy_ = 0;
};

class Merge {
 public:
  explicit Merge(const Paths& paths) : paths_(paths) {}

  void add(Index tile, const std::vector<State>& states) {
    const std::vector<std::size_t> hull = hull_of(states);
    cost_ += states.front().cost, left_ += states[hull.back()].left;
    for (std::size_t i = 1; i < hull.size(); ++i) {
      const State &from = states[hull[i - 1]], &to = states[hull[i]];
      segments_.push_back({slope(from, to), static_cast<std::int32_t>(tile), static_cast<std::int32_t>(hull[i]),
                           from.cost - to.cost, from.left - to.left});
    }
  }

  Curve curve(Index fixed_cost) {
    keep_one();
    std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) {
      if (a.slope != b.slope) return a.slope < b.slope;
      return a.tile != b.tile ? a.tile < b.tile : a.state < b.state;
    });
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

std::vector<Curve> curves_of(const Paths& paths, Dataflow dataflow, Index fixed_cost) {
  Merge merge(paths);
  OneTile one_tile(paths);
  for (Index tile = 0; tile < paths.tiles(); ++tile) {
    const std::vector<State> states = paths.states(tile);
    merge.add(tile, states), one_tile.add(tile, states);
  }
  std::vector<Curve> curves = {merge.curve(fixed_cost)};
  if (!one_tile.empty()) curves.push_back(one_tile.curve(fixed_cost));
  for (Curve& curve : curves) curve.dataflow = dataflow;
  return curves;
}

Curve curve_of(Dataflow dataflow, Index cost) { return {dataflow, {}, false, {cost}, {0}}; }

void remove(const Paths& paths, const Curve& curve, Index count, std::uint8_t* mask) {
  if (curve.one_tile) {
    const Curve::Removal& one = curve.removals[static_cast<std::size_t>(count)];
    for (Index tile = 0; tile < paths.tiles(); ++tile) {
      paths.remove(tile, tile == one.tile ? one.state : static_cast<Index>(paths.states(tile).size()) - 1, mask);
    }
    return;
  }
  std::map<Index, Index> states;  // by tile
  for (Index i = 0; i < count; ++i) {
    const Curve::Removal& removal = curve.removals[static_cast<std::size_t>(i)];
    states[removal.tile] = removal.state;
  }
  for (const auto& [tile, state] : states) paths.remove(tile, state, mask);
}

}  // namespace septet::network::pruning
