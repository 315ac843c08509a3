// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_points.hpp"

#include "errors.hpp"
#include "io/json_object.hpp"
#include "text_table.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

constexpr Index kMaxBytes = 1 << 24;

struct RetrainedPoint {
  Index seed = 0, cycles = 0;
  double accuracy = 0;
  std::optional<double> cpu_seconds;
};

// As it is read.
struct RawGroup {
  PointGroup what;
  std::vector<RetrainedPoint> points;
};

std::string array_of(const io::JsonObject& json) {
  const std::string text = json.text("array");
  const ArrayShape array = parse_array(json.path() + ": " + json.place("array"), text);
  if (array.height < 1 || array.width < 1) json.fail("array " + cli::quoted(text) + " has no processing elements");
  return fmt::format("{}x{}", array.height, array.width);
}

std::string goal_of(const io::JsonObject& json) {
  if (!json.has("goal") || json.is_null("goal")) return "";
  return json.is_text("goal") ? json.text("goal") : fmt::format("{}", json.real("goal"));
}

RetrainedPoint point_of(const io::JsonObject& json) {
  RetrainedPoint point;
  point.seed = json.integer("seed"), point.cycles = json.integer("cycles"), point.accuracy = json.real("accuracy");
  if (point.cycles < 1) json.fail(fmt::format("cycles {} is not 1 or more", point.cycles));
  if (!(point.accuracy >= 0 && point.accuracy <= 1))
    json.fail(fmt::format("accuracy {} is not 0 to 1", point.accuracy));
  if (!json.has("cpu_seconds") || json.is_null("cpu_seconds")) return point;
  point.cpu_seconds = json.real("cpu_seconds");
  const bool time = *point.cpu_seconds > 0 && std::isfinite(*point.cpu_seconds);
  if (!time) json.fail(fmt::format("cpu_seconds {} is not above 0", *point.cpu_seconds));
  return point;
}

template <class Value>
Spread spread_of(const std::vector<RetrainedPoint>& points, Value value) {
  const auto count = static_cast<double>(points.size());
  double sum = 0, squares = 0;
  for (const RetrainedPoint& point : points) sum += value(point);
  const double mean = sum / count;
  for (const RetrainedPoint& point : points) squares += (value(point) - mean) * (value(point) - mean);
  return {mean, points.size() > 1 ? std::sqrt(squares / (count - 1)) : 0};
}

PointGroup summary_of(const RawGroup& raw) {
  PointGroup group = raw.what;
  group.seeds = static_cast<Index>(raw.points.size());
  group.accuracy = spread_of(raw.points, [](const RetrainedPoint& point) { return point.accuracy; });
  group.cycles = spread_of(raw.points, [](const RetrainedPoint& point) { return static_cast<double>(point.cycles); });
  if (raw.points.front().cpu_seconds) {
    group.cpu_seconds = spread_of(raw.points, [](const RetrainedPoint& point) { return *point.cpu_seconds; });
  }
  return group;
}

bool alike(const PointGroup& left, const PointGroup& right) {
  return left.network == right.network && left.series == right.series && left.array == right.array &&
         left.goal == right.goal;
}

void add(std::vector<RawGroup>& groups, const io::JsonObject& json) {
  json.require_known({"network", "series", "array", "goal", "seed", "accuracy", "cycles", "cpu_seconds"});
  PointGroup what;
  what.network = json.text("network"), what.series = json.text("series");
  what.array = array_of(json), what.goal = goal_of(json);
  const RetrainedPoint point = point_of(json);
  auto group = std::find_if(groups.begin(), groups.end(), [&](const RawGroup& one) { return alike(one.what, what); });
  if (group == groups.end()) group = groups.insert(groups.end(), {what, {}});
  for (const RetrainedPoint& other : group->points) {
    if (other.seed == point.seed) json.fail(fmt::format("seed {} of these points is there already", point.seed));
    if (other.cpu_seconds.has_value() != point.cpu_seconds.has_value()) {
      json.fail("cpu_seconds is there of some seeds of these points, and not of others");
    }
  }
  group->points.push_back(point);
}

Json spread_json(const Spread& spread) { return {{"mean", spread.mean}, {"deviation", spread.deviation}}; }

}  // namespace

std::vector<PointGroup> read_points(const std::string& path) {
  const Json json = io::read_json(path, kMaxBytes, "a list of points");
  const io::JsonObject file(path, "", json);
  file.require_known({"points"});
  std::vector<RawGroup> groups;
  for (const io::JsonObject& point : file.objects("points")) add(groups, point);
  if (groups.empty()) file.fail("points is empty");
  std::vector<PointGroup> result;
  result.reserve(groups.size());
  for (const RawGroup& group : groups) result.push_back(summary_of(group));
  return result;
}

Json points_json(const std::vector<PointGroup>& groups) {
  Json json = Json::array();
  for (const PointGroup& group : groups) {
    json.push_back({{"network", group.network},
                    {"series", group.series},
                    {"array", group.array},
                    {"goal", group.goal.empty() ? Json(nullptr) : Json(group.goal)},
                    {"seeds", group.seeds},
                    {"accuracy", spread_json(group.accuracy)},
                    {"cycles", spread_json(group.cycles)},
                    {"cpu_seconds", group.cpu_seconds ? spread_json(*group.cpu_seconds) : Json(nullptr)}});
  }
  return json;
}

std::string points_table(const std::vector<PointGroup>& groups) {
  using Align = TextTable::Align;
  TextTable table({{"network", Align::left},
                   {"series", Align::left},
                   {"array", Align::left},
                   {"goal", Align::left},
                   {"seeds"},
                   {"accuracy"},
                   {"cycles"},
                   {"CPU time"}});
  for (const PointGroup& group : groups) {
    table.add({group.network, group.series, group.array, group.goal, grouped(group.seeds),
               fmt::format("{:.2f} +- {:.2f} %", 100 * group.accuracy.mean, 100 * group.accuracy.deviation),
               fmt::format("{:.0f} +- {:.0f}", group.cycles.mean, group.cycles.deviation),
               group.cpu_seconds ? fmt::format("{:.4g} +- {:.2g} ms", 1e3 * group.cpu_seconds->mean,
                                               1e3 * group.cpu_seconds->deviation)
                                 : ""});
  }
  return "retrained, mean +- standard deviation over seeds\n\n" + table.text();
}

}  // namespace septet::cli
