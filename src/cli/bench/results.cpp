// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

bool same_group(const Point& x, const Point& y) {
  if (x.kind != y.kind || x.n != y.n || x.type != y.type || x.threads != y.threads || x.cache != y.cache) return false;
  return x.kind == PatternKind::file || (x.m == y.m && x.k == y.k);
}

// Of nm the pair changes with the sparsity.
std::string pattern_text(const Group& group) {
  const Point& first = group.first();
  if (first.kind == PatternKind::file) return group.points.size() == 1 ? "file " + first.detail : "files";
  const bool same = std::all_of(group.points.begin(), group.points.end(),
                                [&](const Point* point) { return point->detail == first.detail; });
  return name(first.kind) + (same && !first.detail.empty() ? " " + first.detail : "");
}

}  // namespace

const char* name(Role role) {
  constexpr const char* kNames[] = {"dense", "library", "format"};
  return kNames[static_cast<int>(role)];
}

const char* name(State state) {
  constexpr const char* kNames[] = {"measured", "not_applicable", "wrong"};
  return kNames[static_cast<int>(state)];
}

const char* name(Crossover::Kind kind) {
  constexpr const char* kNames[] = {"interpolated", "below_all", "above_all"};
  return kNames[static_cast<int>(kind)];
}

double Point::bytes(const Result& result) const {
  const auto of = [](Index rows, Index cols, Type element) {
    return static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(size_of(element));
  };
  return static_cast<double>(result.values_bytes + result.metadata_bytes) + of(k, n, type) +
         of(m, n, accumulator_of(type));
}

const Result* Point::baseline() const {
  const Result* best = nullptr;
  for (const Result& result : results) {
    if (result.role == Role::format || result.state != State::measured) continue;
    if (best == nullptr || result.seconds().median < best->seconds().median) best = &result;
  }
  return best;
}

std::optional<bench::Spread> Point::speedup(const Result& result) const {
  const Result* dense = baseline();
  if (dense == nullptr || result.state != State::measured) return std::nullopt;
  return bench::ratio_of(dense->rounds, result.rounds);
}

std::optional<double> Point::break_even(const Result& result) const {
  const Result* dense = baseline();
  if (dense == nullptr || result.state != State::measured || result.role != Role::format) return std::nullopt;
  const double saved = dense->seconds().median - result.seconds().median;
  return saved > 0 ? std::optional<double>(result.pack_s / saved) : std::nullopt;
}

std::string Group::title() const {
  const Point& point = first();
  const bool one_shape = point.kind != PatternKind::file || points.size() == 1;
  return fmt::format("{}, {}n = {}, {}, {} thread{}, {}", pattern_text(*this),
                     one_shape ? fmt::format("{}x{}, ", point.m, point.k) : "", point.n, name(point.type),
                     point.threads, point.threads == 1 ? "" : "s", name(point.cache));
}

std::vector<Group> Run::groups() const {
  std::vector<Group> groups;
  for (const Point& point : points) {
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const Group& group) { return same_group(group.first(), point); });
    if (found == groups.end()) {
      groups.push_back({{&point}});
    } else {
      found->points.push_back(&point);
    }
  }
  for (Group& group : groups) {
    std::stable_sort(group.points.begin(), group.points.end(),
                     [](const Point* x, const Point* y) { return x->sparsity < y->sparsity; });
  }
  return groups;
}

std::vector<std::string> Run::candidates(Role role) const {
  std::vector<std::string> names;
  for (const Point& point : points) {
    for (const Result& result : point.results) {
      if (result.role != role || std::find(names.begin(), names.end(), result.candidate) != names.end()) continue;
      names.push_back(result.candidate);
    }
  }
  return names;
}

const Result* result_of(const Point& point, const std::string& candidate) {
  for (const Result& result : point.results) {
    if (result.candidate == candidate) return &result;
  }
  return nullptr;
}

std::optional<Crossover> crossover(const Group& group, const std::string& candidate) {
  if (group.first().kind == PatternKind::file) return std::nullopt;
  struct At {
    double sparsity, log_speedup;
    bool faster;
  };
  std::vector<At> at;
  for (const Point* point : group.points) {
    const Result* result = result_of(*point, candidate);
    const auto speedup = result == nullptr ? std::nullopt : point->speedup(*result);
    if (!speedup) continue;
    // Where not even the lower quartile is above 1 it may be noise; and `auto` that packs densely is not sparse.
    const bool dense = candidate == name(Format::automatic) && result->packed_as == Format::dense;
    at.push_back({point->sparsity, std::log(speedup->median), speedup->lower_quartile >= 1 && !dense});
  }
  if (at.size() < 2) return std::nullopt;
  std::size_t faster = at.size();  // the first of the points from which on it always is
  while (faster > 0 && at[faster - 1].faster) --faster;
  if (faster == at.size()) return Crossover{Crossover::Kind::above_all, at.back().sparsity};
  if (faster == 0) return Crossover{Crossover::Kind::below_all, at.front().sparsity};
  const At &below = at[faster - 1], &above = at[faster];
  // The medians cross at the upper point at the latest, and where they do not, that is the first that is known faster.
  if (below.log_speedup >= 0) return Crossover{Crossover::Kind::interpolated, above.sparsity};
  const double share = -below.log_speedup / (above.log_speedup - below.log_speedup);
  return Crossover{Crossover::Kind::interpolated, below.sparsity + share * (above.sparsity - below.sparsity)};
}

}  // namespace septet::cli
