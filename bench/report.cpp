// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace septet::bench {
namespace {

constexpr const char* kLine = "{:<18} {:>17} {:>9} {:>9}  {:<22} {:>5}  {:<11} {:>9} {:<6} {:>5}\n";

std::string giga(double rate) { return fmt::format("{:.{}f}", rate * 1e-9, rate < 99.95e9 ? 1 : 0); }
std::string percent(double share) { return fmt::format("{:.0f}%", 100 * share); }

std::string sizes(const Shape& s) {
  return fmt::format("{}x{}x{}", s.m, s.n, s.k) + (s.count == 1 ? "" : fmt::format(" *{}", s.count));
}

const Entry* first(const std::vector<Entry>& entries, Role role) {
  for (const Entry& entry : entries) {
    if (entry.role == role) return &entry;
  }
  return nullptr;
}

// Ours over the best peer; nothing where one is missing or wrong, or where chains bound us.
bool is_compared(const Row& row) {
  return row.ours() != nullptr && row.ours()->is_right && row.best_peer() != nullptr && !row.roofline.by_chain;
}

Spread ratio(const Row& row) { return ratio_of(row.best_peer()->rounds, row.ours()->rounds); }

double share_of_bound(const Row& row) { return ratio_of(row.roofline.fastest_possible, row.ours()->rounds).median; }

const char* bound_name(const Roofline::Result& roofline) {
  return roofline.by_chain ? "chain" : roofline.by_memory ? "memory" : "peak";
}

std::string details_of(const Row& row) {
  std::string text;
  for (const Entry& entry : row.entries) {
    const Spread time = spread_of(entry.rounds);
    text += fmt::format("    {:<22} {:>9}  [{} .. {}]  {}{}\n", entry.name, giga(row.rate(entry)),
                        giga(row.operations / time.upper_quartile), giga(row.operations / time.lower_quartile),
                        entry.implementation, entry.is_right ? "" : "  WRONG");
  }
  text += fmt::format("    peak {} ({}), read {} GB/s\n", giga(row.roofline.peak), row.roofline.peak_name,
                      giga(row.roofline.bandwidth));
  return text;
}

struct NamedRatio {
  std::string shape;
  double value;
};

std::string mean_and_worst(const std::string& what, const std::vector<NamedRatio>& ratios) {
  if (ratios.empty()) return "";
  double logs = 0;
  const NamedRatio* worst = &ratios[0];
  for (const NamedRatio& ratio : ratios) {
    logs += std::log(ratio.value);
    if (ratio.value < worst->value) worst = &ratio;
  }
  return fmt::format("{}, {} shapes: geometric mean {:.2f}, worst {:.2f} ({})\n", what, ratios.size(),
                     std::exp(logs / static_cast<double>(ratios.size())), worst->value, worst->shape);
}

std::string ratio_lines(const std::vector<Row>& rows) {
  std::vector<NamedRatio> to_peers, to_reference;
  std::string reference;
  for (const Row& row : rows) {
    if (is_compared(row)) to_peers.push_back({row.shape.name, ratio(row).median});
    if (row.reference() == nullptr || row.ours() == nullptr) continue;
    reference = row.reference()->name;
    to_reference.push_back({row.shape.name, ratio_of(row.reference()->rounds, row.ours()->rounds).median});
  }
  return mean_and_worst("Ours over the best peer", to_peers) + mean_and_worst("Ours over " + reference, to_reference);
}

std::string roofline_line(const std::vector<Row>& rows) {
  std::vector<double> shares;
  for (const Row& row : rows) {
    if (row.ours() != nullptr && !row.roofline.by_chain) shares.push_back(share_of_bound(row));
  }
  if (shares.empty()) return "";
  const Spread spread = spread_of(shares);
  return fmt::format("Ours, share of the roofline: median {}, quartiles {} and {}, lowest {}\n", percent(spread.median),
                     percent(spread.lower_quartile), percent(spread.upper_quartile),
                     percent(*std::min_element(shares.begin(), shares.end())));
}

std::string left_out_lines(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    if (row.roofline.by_chain && row.ours() != nullptr) {
      text += fmt::format("Not compared: {} has {} outputs, so its chains of additions bound it: {} of that bound\n",
                          row.shape.name, row.shape.m * row.shape.n * row.shape.count, percent(share_of_bound(row)));
    }
    for (const Entry& entry : row.entries) {
      if (!entry.is_right) text += fmt::format("WRONG RESULT, left out: {} on {}\n", entry.name, row.shape.name);
    }
  }
  return text;
}

// Other programs' share of the cores: above a few per cent, the figures are not to be trusted.
std::string waited_line(const std::vector<Row>& rows) {
  std::vector<double> shares;
  shares.reserve(rows.size());
  for (const Row& row : rows) shares.push_back(row.waited);
  const double median = spread_of(shares).median;
  return median < 0.02
             ? ""
             : fmt::format("The machine was busy: {} of the time, taken off, we waited for a core\n", percent(median));
}

nlohmann::json to_json(const Entry& entry) {
  constexpr const char* kRoles[] = {"ours", "peer", "reference"};
  return {{"name", entry.name},
          {"implementation", entry.implementation},
          {"role", kRoles[static_cast<int>(entry.role)]},
          {"is_right", entry.is_right},
          {"time_s", to_json(spread_of(entry.rounds))},
          {"rounds_s", entry.rounds}};
}

nlohmann::json to_json(const Roofline::Result& roofline) {
  return {{"peak_operations_per_s", roofline.peak}, {"peak_instruction", roofline.peak_name},
          {"read_bytes_per_s", roofline.bandwidth}, {"bound_operations_per_s", roofline.bound},
          {"bound_by", bound_name(roofline)},       {"fastest_possible_s", roofline.fastest_possible}};
}

nlohmann::json to_json(const Row& row) {
  nlohmann::json json = {{"shape", row.shape.name},
                         {"m", row.shape.m},
                         {"n", row.shape.n},
                         {"k", row.shape.k},
                         {"count", row.shape.count},
                         {"operations", row.operations},
                         {"roofline", to_json(row.roofline)},
                         {"waited_share", row.waited}};
  for (const Entry& entry : row.entries) json["candidates"].push_back(to_json(entry));
  if (row.ours() != nullptr) json["share_of_bound"] = share_of_bound(row);
  if (row.best_peer() != nullptr) json["best_peer"] = row.best_peer()->name;
  if (is_compared(row)) json["ratio"] = to_json(ratio(row));
  return json;
}

}  // namespace

const Entry* Row::ours() const { return first(entries, Role::ours); }
const Entry* Row::reference() const { return first(entries, Role::reference); }

const Entry* Row::best_peer() const {
  const Entry* best = nullptr;
  for (const Entry& entry : entries) {
    if (entry.role != Role::peer || !entry.is_right) continue;
    if (best == nullptr || rate(entry) > rate(*best)) best = &entry;
  }
  return best;
}

void Row::append(const Row& later) {
  const auto behind = [](Rounds& rounds, const Rounds& more) { rounds.insert(rounds.end(), more.begin(), more.end()); };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    behind(entries[i].rounds, later.entries[i].rounds);
    entries[i].is_right = entries[i].is_right && later.entries[i].is_right;
  }
  behind(roofline.fastest_possible, later.roofline.fastest_possible);
  roofline.bound = operations / spread_of(roofline.fastest_possible).median;
  waited = std::max(waited, later.waited);
}

nlohmann::json to_json(const Spread& spread) {
  return {
      {"median", spread.median}, {"lower_quartile", spread.lower_quartile}, {"upper_quartile", spread.upper_quartile}};
}

nlohmann::json to_json(const std::vector<Participant>& participants) {
  nlohmann::json json = nlohmann::json::array();
  for (const Participant& p : participants) {
    json.push_back(
        {{"name", p.name}, {"version", p.version}, {"instructions", p.instructions}, {"missing", p.missing}});
  }
  return json;
}

std::string participants_text(const std::vector<Participant>& participants) {
  std::string text;
  for (const Participant& p : participants) {
    text += p.missing.empty() ? fmt::format("{:<9} {:<11} {}\n", p.name, p.version, p.instructions)
                              : fmt::format("{:<9} missing: {}\n", p.name, p.missing);
  }
  return text;
}

std::string table_header(const Setting& setting) {
  const char* unit = is_integer(setting.types.a) ? "GOP/s" : "GFLOP/s";
  return fmt::format(kLine, unit, "m x n x k", "ours", "best", "peer", "ratio", "quartiles", "roofline", "by", "share");
}

std::string table_row(const Row& row, bool details) {
  const Entry *ours = row.ours(), *best = row.best_peer();
  std::string ratio_text, quartiles, share;
  if (is_compared(row)) {
    const Spread r = ratio(row);
    ratio_text = fmt::format("{:.2f}", r.median);
    quartiles = fmt::format("{:.2f} .. {:.2f}", r.lower_quartile, r.upper_quartile);
  }
  if (ours != nullptr) share = percent(share_of_bound(row));
  std::string text = fmt::format(kLine, row.shape.name, sizes(row.shape), ours == nullptr ? "-" : giga(row.rate(*ours)),
                                 best == nullptr ? "-" : giga(row.rate(*best)), best == nullptr ? "" : best->name,
                                 ratio_text, quartiles, giga(row.roofline.bound), bound_name(row.roofline), share);
  return details ? text + details_of(row) : text;
}

std::string summary(const Run& run) {
  return ratio_lines(run.rows) + roofline_line(run.rows) + left_out_lines(run.rows) + waited_line(run.rows);
}

nlohmann::json to_json(const Run& run) {
  constexpr const char *kPrepacked[] = {"none", "a", "b"}, *kOrders[] = {"chained", "fold", "unfused"};
  nlohmann::json json = {{"type", run.setting.types.name},
                         {"layout", run.setting.layout},
                         {"seven_bits", run.setting.seven_bits},
                         {"prepacked", kPrepacked[static_cast<int>(run.setting.prepacked)]},
                         {"order", kOrders[static_cast<int>(run.setting.order)]},
                         {"threads", run.setting.threads},
                         {"rounds", run.measuring.rounds},
                         {"burst_s", run.measuring.burst_s}};
  json["participants"] = to_json(run.participants);
  for (const Row& row : run.rows) json["shapes"].push_back(to_json(row));
  return json;
}

}  // namespace septet::bench
