// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/sparse_report.hpp"

#include "bench/sparse_summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

constexpr const char* kLine =
    "{:<20} {:>10} {:>5} {:<8} {:>6}  {:>8} {:<11} {:>7}  {:<20} {:>6}  {:<15} {:>10} {:>6} {:<9}\n";

double median(const Rounds& rounds) { return spread_of(rounds).median; }
std::string giga(double rate) { return fmt::format("{:.1f}", rate * 1e-9); }
std::string ratio_text(double ratio) { return fmt::format("{:.2f}", ratio); }
std::string percent(double share) { return fmt::format("{:.0f}%", 100 * share); }
std::string zeros_text(double zeros) { return fmt::format("{:.1f}%", 100 * zeros); }

template <class Accept>
const SparseEntry* lowest(const std::vector<SparseEntry>& entries, Accept accept) {
  const SparseEntry* best = nullptr;
  for (const SparseEntry& entry : entries) {
    if (!entry.is_right || entry.rounds.empty() || !accept(entry)) continue;
    if (best == nullptr || median(entry.rounds) < median(best->rounds)) best = &entry;
  }
  return best;
}

// One column is read once, element by element; more are computed with.
std::string share_text(const Point& point) {
  const Values share = point.shape.n == 1 ? share_of_bandwidth(point) : share_of_peak(point);
  return share.empty() ? "-" : percent(share[0]) + (point.shape.n == 1 ? " read" : " peak");
}

std::string remark(const SparseEntry& entry) {
  if (!entry.is_right) return "  WRONG";
  return entry.rounds.empty() ? "  given up" : "";
}

std::string details_of(const Point& point) {
  std::string text;
  for (const SparseEntry& entry : point.entries) {
    const double time_s = entry.rounds.empty() ? entry.trial_s : median(entry.rounds);
    const std::string bytes = entry.bytes == 0 ? "" : fmt::format("{:.0f} KB", entry.bytes * 1e-3);
    text +=
        fmt::format("    {:<9} {:<22} {:>11.3f} us {:>8}  {:>10}  {}{}\n", name(entry.kind), entry.name, time_s * 1e6,
                    giga(point.useful_operations / time_s), bytes, entry.implementation, remark(entry));
  }
  for (const LeftOut& left_out : point.left_out) {
    text += fmt::format("    left out  {}: {}\n", left_out.name, left_out.reason);
  }
  return text + fmt::format("    peak {} ({}), read {} GB/s\n", giga(median(point.peak)), point.peak_name,
                            giga(median(point.bandwidth)));
}

nlohmann::json to_json(const SparseEntry& entry) {
  nlohmann::json json = {
      {"name", entry.name},       {"kind", name(entry.kind)},   {"implementation", entry.implementation},
      {"is_ours", entry.is_ours}, {"is_right", entry.is_right}, {"bytes", entry.bytes},
      {"trial_s", entry.trial_s}, {"rounds_s", entry.rounds}};
  if (!entry.rounds.empty()) json["time_s"] = to_json(spread_of(entry.rounds));
  return json;
}

nlohmann::json to_json(const std::vector<LeftOut>& left_out) {
  nlohmann::json json = nlohmann::json::array();
  for (const LeftOut& one : left_out) json.push_back({{"name", one.name}, {"reason", one.reason}});
  return json;
}

}  // namespace

const char* name(Kind kind) {
  constexpr const char* kNames[] = {"format", "automatic", "dense", "peer", "single"};
  return kNames[static_cast<int>(kind)];
}

const SparseEntry* Point::best(Kind kind) const {
  return lowest(entries, [=](const SparseEntry& entry) { return entry.kind == kind; });
}

const SparseEntry* Point::best_of_ours() const {
  return lowest(entries, [](const SparseEntry& entry) {
    return entry.kind == Kind::format || (entry.kind == Kind::dense && entry.is_ours);
  });
}

std::string Point::title() const { return fmt::format("{} n {}", shape.name, shape.n); }

std::string sparse_table_header(const Setting& setting) {
  const char* unit = is_integer(setting.types.a) ? "GOP/s" : "GFLOP/s";
  return fmt::format(kLine, "useful " + std::string(unit), "m x k", "n", "pattern", "zeros", "ours", "format",
                     "x dense", "dense", "x peer", "sparse peer", "share", "auto", "chose");
}

std::string sparse_table_row(const Point& point, bool details) {
  const Shape& s = point.shape;
  const SparseEntry *ours = point.best(Kind::format), *dense = point.best(Kind::dense), *peer = point.best(Kind::peer);
  const SparseEntry* chosen = point.best(Kind::automatic);
  const auto name_of = [](const SparseEntry* entry) { return entry == nullptr ? "-" : entry->name; };
  const auto text_of = [](const Values& value, auto show) { return value.empty() ? "-" : show(value[0]); };
  const std::string rate = ours == nullptr ? "-" : giga(point.useful_operations / median(ours->rounds));
  const std::string text =
      fmt::format(kLine, s.name.substr(0, 20), fmt::format("{}x{}", s.m, s.k), s.n, point.pattern,
                  zeros_text(point.zeros), rate, name_of(ours), text_of(over(point, Kind::dense), ratio_text),
                  name_of(dense), text_of(over(point, Kind::peer), ratio_text), name_of(peer), share_text(point),
                  text_of(automatic_over_best(point), ratio_text), chosen == nullptr ? "-" : chosen->implementation);
  return details ? text + details_of(point) : text;
}

nlohmann::json to_json(const Point& point) {
  nlohmann::json json = {{"matrix", point.shape.name},
                         {"m", point.shape.m},
                         {"n", point.shape.n},
                         {"k", point.shape.k},
                         {"pattern", point.pattern},
                         {"zeros", point.zeros},
                         {"nnz", point.nnz},
                         {"useful_operations", point.useful_operations},
                         {"peak_instruction", point.peak_name},
                         {"peak_operations_per_s", median(point.peak)},
                         {"read_bytes_per_s", median(point.bandwidth)},
                         {"waited_share", point.waited},
                         {"left_out", to_json(point.left_out)}};
  for (const SparseEntry& entry : point.entries) json["candidates"].push_back(to_json(entry));
  const auto put = [&](const char* key, const Values& value) {
    if (!value.empty()) json[key] = value[0];
  };
  put("over_dense", over(point, Kind::dense));
  put("over_sparse_peer", over(point, Kind::peer));
  put("share_of_peak", share_of_peak(point));
  put("share_of_bandwidth", share_of_bandwidth(point));
  put("automatic_over_best", automatic_over_best(point));
  put("over_one_thread", over(point, Kind::single));
  return json;
}

nlohmann::json to_json(const SparseRun& run) {
  nlohmann::json json = {{"type", run.setting.types.name},
                         {"threads", run.setting.threads},
                         {"rounds", run.measuring.rounds},
                         {"burst_s", run.measuring.burst_s},
                         {"cache_bytes", run.cache_bytes},
                         {"participants", to_json(run.participants)},
                         {"sparse_participants", to_json(run.sparse_participants)},
                         {"left_out", to_json(run.left_out)},
                         {"points", nlohmann::json::array()},
                         {"summary", sparse_summary_json(run)}};
  for (const Point& point : run.points) json["points"].push_back(to_json(point));
  return json;
}

}  // namespace septet::bench
