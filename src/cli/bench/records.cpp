// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "records.hpp"

#include <algorithm>

namespace septet::cli {
namespace {

template <class T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// x / y, where there is one.
std::optional<double> quotient(double x, double y) { return y == 0 ? std::nullopt : std::optional<double>(x / y); }

void add_product(Json& json, const Point& point) {
  const bool file = point.kind == PatternKind::file;
  json["pattern"] = name(point.kind);
  json["pattern_detail"] = file ? Json(nullptr) : text_or_null(point.detail);
  json["matrix"] = file ? Json(point.detail) : Json(nullptr);
  json["m"] = point.m;
  json["k"] = point.k;
  json["n"] = point.n;
  json["nnz"] = point.nnz;
  json["sparsity"] = point.sparsity;
  json["dtype"] = name(point.type);
  json["threads"] = point.threads;
  json["cache"] = name(point.cache);
}

void add_times(Json& json, const Point& point, const Result& result) {
  const bool measured = result.state == State::measured;
  const bench::Spread seconds = result.seconds();
  const auto if_measured = [&](double value) { return measured ? Json(value) : Json(nullptr); };
  json["seconds_median"] = if_measured(seconds.median);
  json["seconds_lower_quartile"] = if_measured(seconds.lower_quartile);
  json["seconds_upper_quartile"] = if_measured(seconds.upper_quartile);
  json["rounds"] = result.rounds.size();
  json["useful_gflop_s"] = if_measured(point.useful_operations() / seconds.median * 1e-9);
  json["dense_gflop_s"] = if_measured(point.dense_operations() / seconds.median * 1e-9);
  json["useful_share_of_peak"] = if_measured(point.useful_operations() / seconds.median / point.peak);
}

void add_sizes(Json& json, const Point& point, const Result& result) {
  const bool there = result.state != State::not_applicable;
  const auto if_there = [&](const Json& value) { return there ? value : Json(nullptr); };
  const Index bytes = result.values_bytes + result.metadata_bytes;
  json["a_bytes_values"] = if_there(result.values_bytes);
  json["a_bytes_metadata"] = if_there(result.metadata_bytes);
  json["a_bytes_per_nonzero"] =
      if_there(optional(quotient(static_cast<double>(bytes), static_cast<double>(point.nnz))));
  json["operand_bytes"] = if_there(point.bytes(result));
  json["intensity_flop_per_byte"] = if_there(optional(quotient(point.useful_operations(), point.bytes(result))));
}

void add_comparison(Json& json, const Point& point, const Result& result) {
  const Result* baseline = point.baseline();
  const auto speedup = point.speedup(result);
  json["baseline"] = baseline == nullptr ? Json(nullptr) : Json(baseline->candidate);
  json["baseline_seconds_median"] = baseline == nullptr ? Json(nullptr) : Json(baseline->seconds().median);
  json["speedup"] = speedup ? Json(speedup->median) : Json(nullptr);
  json["speedup_lower_quartile"] = speedup ? Json(speedup->lower_quartile) : Json(nullptr);
  json["speedup_upper_quartile"] = speedup ? Json(speedup->upper_quartile) : Json(nullptr);
  const bool packed = result.packed_as.has_value();
  json["pack_seconds"] = packed ? Json(result.pack_s) : Json(nullptr);
  json["pack_seconds_first"] = packed ? Json(result.first_pack_s) : Json(nullptr);
  json["break_even_products"] = optional(point.break_even(result));
}

void add_machine(Json& json, const Run& run) {
  const Machine& machine = run.machine;
  json["version"] = machine.version;
  json["date_utc"] = machine.date_utc;
  json["cpu"] = machine.cpu;
  json["logical_cpus"] = machine.logical_cpus;
  json["l1_bytes"] = machine.l1_bytes;
  json["l2_bytes"] = machine.l2_bytes;
  json["l3_bytes"] = machine.l3_bytes;
  json["target"] = machine.target;
  json["compiler"] = machine.compiler;
}

void add_method(Json& json, const Run& run) {
  const BenchSettings& settings = run.settings;
  json["seed"] = settings.seed;
  json["rounds"] = settings.rounds;
  json["burst_ms"] = settings.burst_s * 1e3;
  json["sweep_bytes"] = run.sweep_bytes;
  json["sweep_empties_all_caches"] = run.sweep_empties_all;
  json["sweep_read_gb_s"] = Json::array();
  for (const auto& [threads, bandwidth] : run.sweep_bandwidth) {
    json["sweep_read_gb_s"].push_back({{"threads", threads}, {"gb_s", bandwidth * 1e-9}});
  }
  json["libraries"] = Json::array();
  for (const LibraryPath& library : settings.libraries) {
    json["libraries"].push_back({{"name", library.name}, {"path", library.path}});
  }
}

// A field of RFC 4180: in quotes where it has to be.
std::string csv_field(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string text = value.get<std::string>();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

template <class F>
std::string csv_line(const Json& record, F&& field) {
  std::string line;
  for (const auto& item : record.items()) line += field(item) + ',';
  line.back() = '\n';
  return line;
}

}  // namespace

Json record_of(const BenchSettings& settings, const Point& point, const Result& result) {
  Json json;
  add_product(json, point);
  json["candidate"] = result.candidate;
  json["role"] = name(result.role);
  json["state"] = name(result.state);
  json["reason"] = text_or_null(result.reason);
  json["packed_as"] = result.packed_as ? Json(name(*result.packed_as)) : Json(nullptr);
  add_times(json, point, result);
  add_sizes(json, point, result);
  add_comparison(json, point, result);
  json["peak_gflop_s"] = point.peak * 1e-9;
  json["peak_instruction"] = point.peak_instruction;
  json["read_gb_s"] = point.bandwidth * 1e-9;
  json["waited_share"] = point.waited;
  json["seed"] = settings.seed;
  return json;
}

Json crossover_record(const Group& group, const std::string& candidate, const Crossover& crossover) {
  const Point& first = group.first();
  Json json;
  json["pattern"] = name(first.kind);
  json["m"] = first.m;
  json["k"] = first.k;
  json["n"] = first.n;
  json["dtype"] = name(first.type);
  json["threads"] = first.threads;
  json["cache"] = name(first.cache);
  json["candidate"] = candidate;
  json["kind"] = name(crossover.kind);
  json["sparsity"] = crossover.sparsity;
  return json;
}

Json json_of(const Run& run) {
  Json json;
  json["verb"] = "bench";
  add_machine(json, run);
  add_method(json, run);
  json["results"] = Json::array();
  for (const Point& point : run.points) {
    for (const Result& result : point.results) json["results"].push_back(record_of(run.settings, point, result));
  }
  json["crossovers"] = Json::array();
  for (const Group& group : run.groups()) {
    for (const std::string& candidate : run.candidates(Role::format)) {
      const auto found = crossover(group, candidate);
      if (found) json["crossovers"].push_back(crossover_record(group, candidate, *found));
    }
  }
  return json;
}

std::string csv_of(const Run& run) {
  std::string text;
  for (const Point& point : run.points) {
    for (const Result& result : point.results) {
      const Json record = record_of(run.settings, point, result);
      if (text.empty()) text = csv_line(record, [](const auto& item) { return item.key(); });
      text += csv_line(record, [](const auto& item) { return csv_field(item.value()); });
    }
  }
  return text;
}

}  // namespace septet::cli
