// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/sparse_summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace septet::bench {
namespace {

// Below, a product is bound by reading A, and is shown by its share of the bandwidth; from kPeakColumns on, by its
// share of the peak.
constexpr Index kSpeedupColumns = 49, kPeakColumns = 196;
// A product that two threads are worth waking for.
constexpr double kLargeForThreads = 50e6;
constexpr double kFewestZerosForPeers = 0.5;

double median_of(const std::vector<double>& values) { return spread_of(values).median; }

// Statistics of points, by pattern and zeros.
class Groups {
 public:
  Groups(std::string what, bool high_is_worse) : what_(std::move(what)), high_is_worse_(high_is_worse) {}

  void add(const std::string& pattern, double zeros, const std::string& name, const Values& value) {
    if (value.empty()) return;
    auto& group = groups_[{pattern, zeros}];
    if (group.cases.empty()) group = {what_, pattern, zeros, high_is_worse_, {}};
    group.cases.push_back({name, value[0]});
  }
  void append_to(std::vector<Statistic>& all) const {
    for (const auto& [key, group] : groups_) all.push_back(group);
  }

 private:
  std::string what_;
  bool high_is_worse_;
  std::map<std::pair<std::string, double>, Statistic> groups_;
};

constexpr double kAll = -1;

// Files have zeros of their own, each another share: they are one group.
double group_of(const Point& point) { return point.pattern == "file" ? kAll : point.zeros; }

// Where the ratio to dense reaches 1 for good, between measured shares of zeros, its logarithm taken as linear. All of
// it above 1: the lowest share measured; the highest below 1: all zeros.
double crossover(std::vector<std::pair<double, double>> ratios) {
  std::sort(ratios.begin(), ratios.end());
  std::size_t first = ratios.size();
  while (first > 0 && ratios[first - 1].second >= 1) --first;
  if (first == 0) return ratios[0].first;
  if (first == ratios.size()) return 1;
  const auto [low, slow] = ratios[first - 1];
  const auto [high, quick] = ratios[first];
  return low + (high - low) * std::log(1 / slow) / std::log(quick / slow);
}

void add_crossovers(const std::vector<Point>& points, std::vector<Statistic>& all) {
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<double, double>>> series;
  for (const Point& point : points) {
    const Values ratio = over(point, Kind::dense);
    if (!ratio.empty() && point.pattern != "file") {
      series[{point.pattern, point.title()}].emplace_back(point.zeros, ratio[0]);
    }
  }
  Groups groups("zeros from which sparse meets dense (share; the lowest measured, if always above)", true);
  for (const auto& [key, ratios] : series) {
    if (ratios.size() > 1) groups.add(key.first, kAll, key.second, {crossover(ratios)});
  }
  groups.append_to(all);
}

template <class Of>
void add_points(const SparseRun& run, const std::string& what, bool high_is_worse, bool by_zeros, Of of,
                std::vector<Statistic>& all) {
  Groups groups(what, high_is_worse);
  for (const Point& point : run.points) {
    groups.add(point.pattern, by_zeros ? group_of(point) : kAll,
               by_zeros ? point.title() : fmt::format("{} zeros {:.3g}", point.title(), point.zeros), of(point));
  }
  groups.append_to(all);
}

Values when(bool condition, const Point& point, Values (*of)(const Point&)) { return condition ? of(point) : Values{}; }

// What the best of our formats does per second, over what the machine does.
Values share_of(const Point& point, double work, const Rounds& ceiling) {
  const SparseEntry* ours = point.best(Kind::format);
  if (ours == nullptr) return {};
  std::vector<double> shares;
  for (std::size_t i = 0; i < std::min(ceiling.size(), ours->rounds.size()); ++i) {
    shares.push_back(work / ours->rounds[i] / ceiling[i]);
  }
  return {median_of(shares)};
}

Values over_dense(const Point& point) { return over(point, Kind::dense); }
Values over_peer(const Point& point) { return over(point, Kind::peer); }

// Of the others there is the source.
Values over_open_peer(const Point& point) {
  Point others = point;
  const auto is_mkl = [](const SparseEntry& e) { return e.kind == Kind::peer && e.name.rfind("mkl", 0) == 0; };
  others.entries.erase(std::remove_if(others.entries.begin(), others.entries.end(), is_mkl), others.entries.end());
  return over(others, Kind::peer);
}

Values over_own_dense(const Point& point) {
  Point own = point;
  const auto is_other = [](const SparseEntry& e) { return e.kind == Kind::dense && !e.is_ours; };
  own.entries.erase(std::remove_if(own.entries.begin(), own.entries.end(), is_other), own.entries.end());
  return over(own, Kind::dense);
}
Values automatic_over_dense(const Point& point) {
  const SparseEntry *chosen = point.best(Kind::automatic), *dense = point.best(Kind::dense);
  if (chosen == nullptr || dense == nullptr) return {};
  return {ratio_of(dense->rounds, chosen->rounds).median};
}

Values over_one_thread(const Point& point) { return over(point, Kind::single); }

bool is_beyond_caches(const Point& point, double cache_bytes) {
  const SparseEntry* ours = point.best(Kind::format);
  return point.shape.n == 1 && ours != nullptr && ours->bytes > cache_bytes;
}

std::string wrong_lines(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    for (const SparseEntry& entry : point.entries) {
      if (!entry.is_right) {
        text += fmt::format("WRONG RESULT, left out: {} on {}, {} {:.3g}\n", entry.name, point.title(), point.pattern,
                            point.zeros);
      }
    }
  }
  return text;
}

// Other programs' share of the cores: above a few per cent, the figures are not to be trusted.
std::string waited_line(const std::vector<Point>& points) {
  std::vector<double> shares;
  shares.reserve(points.size());
  for (const Point& point : points) shares.push_back(point.waited);
  const double median = spread_of(shares).median;
  return median < 0.02 ? ""
                       : fmt::format("The machine was busy: {:.0f}% of the time, taken off, we waited for a core\n",
                                     100 * median);
}

}  // namespace

Values over(const Point& point, Kind kind) {
  const SparseEntry *ours = point.best(Kind::format), *theirs = point.best(kind);
  if (ours == nullptr || theirs == nullptr) return {};
  if (kind != Kind::single) return {ratio_of(theirs->rounds, ours->rounds).median};
  // The one-thread twin of another format than the best would compare two formats.
  for (const SparseEntry& entry : point.entries) {
    if (entry.kind == Kind::format && theirs->name == entry.name + " on one thread" && !entry.rounds.empty()) {
      return {ratio_of(theirs->rounds, entry.rounds).median};
    }
  }
  return {};
}

Values share_of_peak(const Point& point) { return share_of(point, point.useful_operations, point.peak); }

Values share_of_bandwidth(const Point& point) {
  const SparseEntry* ours = point.best(Kind::format);
  return ours == nullptr ? Values{} : share_of(point, ours->bytes, point.bandwidth);
}

Values automatic_over_best(const Point& point) {
  const SparseEntry *chosen = point.best(Kind::automatic), *best = point.best_of_ours();
  if (chosen == nullptr || best == nullptr) return {};
  return {ratio_of(chosen->rounds, best->rounds).median};
}

double Statistic::median() const {
  std::vector<double> values;
  values.reserve(cases.size());
  for (const Case& one : cases) values.push_back(one.value);
  return median_of(values);
}

double Statistic::geometric_mean() const {
  double logs = 0;
  for (const Case& one : cases) logs += std::log(one.value);
  return std::exp(logs / static_cast<double>(cases.size()));
}

const Statistic::Case& Statistic::worst() const {
  const auto less = [](const Case& a, const Case& b) { return a.value < b.value; };
  return high_is_worse ? *std::max_element(cases.begin(), cases.end(), less)
                       : *std::min_element(cases.begin(), cases.end(), less);
}

std::vector<Statistic> sparse_statistics(const SparseRun& run) {
  std::vector<Statistic> all;
  const auto wide = [](const Point& p) { return when(p.shape.n >= kSpeedupColumns, p, over_dense); };
  add_points(run, fmt::format("best of our formats over dense, n >= {}", kSpeedupColumns), false, true, wide, all);
  const auto chosen = [](const Point& p) { return when(p.shape.n >= kSpeedupColumns, p, automatic_over_dense); };
  add_points(run, fmt::format("automatic over dense, n >= {}", kSpeedupColumns), false, true, chosen, all);
  const auto own = [](const Point& p) { return when(p.shape.n >= kSpeedupColumns, p, over_own_dense); };
  add_points(run, fmt::format("best of our formats over our own dense, n >= {}", kSpeedupColumns), false, true, own,
             all);
  const auto narrow = [](const Point& p) { return when(p.shape.n < kSpeedupColumns, p, over_dense); };
  add_points(run, fmt::format("best of our formats over dense, n < {}", kSpeedupColumns), false, true, narrow, all);
  add_crossovers(run.points, all);
  const auto peers = [](const Point& p) { return when(p.zeros >= kFewestZerosForPeers, p, over_peer); };
  add_points(run, "over the best sparse peer", false, false, peers, all);
  const auto open = [](const Point& p) { return when(p.zeros >= kFewestZerosForPeers, p, over_open_peer); };
  add_points(run, "over the best sparse peer but MKL", false, false, open, all);
  const auto peak = [](const Point& p) { return when(p.shape.n >= kPeakColumns, p, share_of_peak); };
  add_points(run, fmt::format("useful rate, share of peak, n >= {}", kPeakColumns), false, true, peak, all);
  const auto beyond = [&](const Point& p) { return when(is_beyond_caches(p, run.cache_bytes), p, share_of_bandwidth); };
  add_points(run, fmt::format("n = 1, format beyond {:.0f} MB: share of bandwidth", run.cache_bytes * 1e-6), false,
             false, beyond, all);
  add_points(run, "automatic, time over the best of ours", true, false, automatic_over_best, all);
  const auto threads = [](const Point& p) {
    return when(p.shape.n >= kSpeedupColumns && p.useful_operations >= kLargeForThreads, p, over_one_thread);
  };
  add_points(run, fmt::format("{} threads over one, large products", run.setting.threads), false, false, threads, all);
  return all;
}

std::string sparse_summary(const SparseRun& run) {
  std::string text, last;
  for (const Statistic& s : sparse_statistics(run)) {
    if (s.what != last) text += s.what + "\n";
    last = s.what;
    const std::string zeros = s.zeros < 0 ? "" : fmt::format("{:.3g}% zeros", 100 * s.zeros);
    text +=
        fmt::format("  {:<8} {:<12} median {:>6.3f}  geometric mean {:>6.3f}  worst {:>6.3f} ({}), {} cases\n",
                    s.pattern, zeros, s.median(), s.geometric_mean(), s.worst().value, s.worst().name, s.cases.size());
  }
  if (!run.left_out.empty())
    text += fmt::format("Left out: {} products, {}\n", run.left_out.size(), run.left_out[0].reason);
  return text + wrong_lines(run.points) + waited_line(run.points);
}

nlohmann::json sparse_summary_json(const SparseRun& run) {
  nlohmann::json json = nlohmann::json::array();
  for (const Statistic& s : sparse_statistics(run)) {
    nlohmann::json one = {{"what", s.what},
                          {"pattern", s.pattern},
                          {"median", s.median()},
                          {"geometric_mean", s.geometric_mean()},
                          {"worst", {{"value", s.worst().value}, {"case", s.worst().name}}}};
    if (s.zeros >= 0) one["zeros"] = s.zeros;
    for (const Statistic::Case& each : s.cases) one["cases"].push_back({{"case", each.name}, {"value", each.value}});
    json.push_back(one);
  }
  return json;
}

}  // namespace septet::bench
