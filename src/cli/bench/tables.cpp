// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include "cli/errors.hpp"
#include "cli/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

using Align = TextTable::Align;

std::string bytes_text(Index bytes) {
  if (bytes >= Index{1} << 20) return fmt::format("{:g} MiB", static_cast<double>(bytes) / (1 << 20));
  return fmt::format("{:g} KiB", static_cast<double>(bytes) / (1 << 10));
}

// Three digits, whatever the size.
std::string seconds_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.3g} ms", seconds * 1e3) : fmt::format("{:.3g} s", seconds);
}

std::string speedup_text(const Point& point, const Result* result) {
  if (result == nullptr || result->state == State::not_applicable) return "n/a";
  if (result->state == State::wrong) return "WRONG";
  const auto speedup = point.speedup(*result);
  if (!speedup) return "n/a";
  return fmt::format("{:.{}f}x", speedup->median, speedup->median < 0.1 ? 3 : 2);
}

std::string place_text(const Point& point) {
  return point.kind == PatternKind::file ? on_one_line(point.detail) : sparsity_text(point.sparsity);
}

std::string group_table(const Run& run, const Group& group) {
  const std::vector<std::string> formats = run.candidates(Role::format);
  std::vector<TextTable::Column> columns = {{"zeros"}, {"dense"}, {"by", Align::left}};
  if (group.first().kind == PatternKind::file) columns.insert(columns.begin(), {"matrix", Align::left});
  for (const std::string& format : formats) columns.push_back({format});
  TextTable table(columns);
  for (const Point* point : group.points) {
    const Result* dense = point->baseline();
    std::vector<std::string> cells = {sparsity_text(point->sparsity),
                                      dense == nullptr ? "n/a" : seconds_text(dense->seconds().median),
                                      dense == nullptr ? "" : on_one_line(dense->candidate)};
    if (point->kind == PatternKind::file) cells.insert(cells.begin(), on_one_line(point->detail));
    for (const std::string& format : formats) cells.push_back(speedup_text(*point, result_of(*point, format)));
    table.add(std::move(cells));
  }
  std::string text = fmt::format("{}; speed-up over dense\n\n{}", on_one_line(group.title()), table.text());
  std::string crossovers;
  for (const std::string& format : formats) {
    const auto found = crossover(group, format);
    if (found) crossovers += fmt::format("{}{} {}", crossovers.empty() ? "" : ", ", format, text_of(*found));
  }
  return crossovers.empty() ? text : text + "  faster than dense from: " + crossovers + "\n";
}

std::string details_table(const Group& group) {
  TextTable table({{"zeros", Align::left},
                   {"candidate", Align::left},
                   {"time"},
                   {"quartiles"},
                   {"speed-up"},
                   {"useful GFLOP/s"},
                   {"of peak"},
                   {"bytes/nnz"},
                   {"packing"},
                   {"pays after"}});
  for (const Point* point : group.points) {
    for (const Result& result : point->results) {
      const bool measured = result.state == State::measured, there = result.state != State::not_applicable;
      const bench::Spread seconds = result.seconds();
      const double rate = measured ? point->useful_operations() / seconds.median : 0;
      const auto pays = point->break_even(result);
      const auto bytes = static_cast<double>(result.values_bytes + result.metadata_bytes);
      table.add({place_text(*point), on_one_line(result.candidate), measured ? seconds_text(seconds.median) : "",
                 measured ? seconds_text(seconds.lower_quartile) + " .. " + seconds_text(seconds.upper_quartile) : "",
                 speedup_text(*point, &result), measured ? fmt::format("{:.2f}", rate * 1e-9) : "",
                 measured ? fmt::format("{:.1f} %", 100 * rate / point->peak) : "",
                 there && point->nnz > 0 ? fmt::format("{:.2f}", bytes / static_cast<double>(point->nnz)) : "",
                 result.packed_as ? seconds_text(result.pack_s) : "",
                 pays ? fmt::format("{} products", grouped(static_cast<Index>(std::ceil(*pays)))) : ""});
    }
  }
  return fmt::format("{}\n\n{}", on_one_line(group.title()), table.text());
}

}  // namespace

std::string sparsity_text(double sparsity) { return fmt::format("{:.4g} %", 100 * sparsity); }

std::string text_of(const Crossover& crossover) {
  std::string at = fmt::format("{:.1f} %", 100 * crossover.sparsity);
  if (crossover.kind == Crossover::Kind::interpolated) return at;
  return crossover.kind == Crossover::Kind::below_all ? fmt::format("everywhere (from {})", at) : "none up to " + at;
}

std::string machine_text(const Machine& machine) {
  std::string text = machine.cpu.empty() ? "unknown CPU" : machine.cpu;
  text += fmt::format(", {} logical CPU{}", machine.logical_cpus, machine.logical_cpus == 1 ? "" : "s");
  const std::pair<const char*, Index> caches[] = {
      {"L1", machine.l1_bytes}, {"L2", machine.l2_bytes}, {"L3", machine.l3_bytes}};
  for (const auto& [level, bytes] : caches) {
    if (bytes > 0) text += fmt::format(", {} {}", level, bytes_text(bytes));
  }
  return text;
}

std::string cache_text(const Run& run) {
  const std::vector<Cache>& caches = run.settings.caches;
  std::string text;
  if (std::find(caches.begin(), caches.end(), Cache::warm) != caches.end()) {
    text = "warm: calls one after the other, untimed ones first";
  }
  if (std::find(caches.begin(), caches.end(), Cache::cold) == caches.end()) return text;
  text += fmt::format("{}cold: {} read before every call", text.empty() ? "" : "; ", bytes_text(run.sweep_bytes));
  if (run.sweep_empties_all) return text;
  return text + fmt::format(", which is not more than the last cache ({}): that may still hold operands",
                            bytes_text(run.machine.last_cache_bytes()));
}

std::vector<std::string> remarks_of(const Run& run) {
  std::vector<std::string> remarks;
  for (const Point& point : run.points) {
    for (const Result& result : point.results) {
      if (result.reason.empty()) continue;
      std::string state = name(result.state);
      std::replace(state.begin(), state.end(), '_', ' ');
      const std::string what = result.state == State::measured ? "" : state + ": ";
      const std::string remark = fmt::format("{}: {}{}", result.candidate, what, result.reason);
      if (std::find(remarks.begin(), remarks.end(), remark) == remarks.end()) remarks.push_back(remark);
    }
  }
  return remarks;
}

std::string table_text(const Run& run) {
  std::string text = fmt::format("{}\nkernels for {}; seed {}; {} rounds; {}\n", machine_text(run.machine),
                                 run.machine.target, run.settings.seed, run.settings.rounds, cache_text(run));
  std::vector<double> waited;
  for (const Point& point : run.points) waited.push_back(point.waited);
  const double median = bench::spread_of(waited).median;
  if (median >= 0.02)
    text += fmt::format("the machine was busy: {} of the time others had our cores\n", percent(median));
  for (const Group& group : run.groups()) {
    const Point& first = group.first();
    text += "\n" + (run.settings.details ? details_table(group) : group_table(run, group));
    text +=
        fmt::format("  ceilings: {:.4g} GFLOP/s ({}); read of as much as the operands {:.3g} GB/s, of {} {:.3g} GB/s\n",
                    first.peak * 1e-9, first.peak_instruction, first.bandwidth * 1e-9, bytes_text(run.sweep_bytes),
                    run.sweep_bandwidth.at(first.threads) * 1e-9);
  }
  const std::vector<std::string> remarks = remarks_of(run);
  constexpr std::size_t kMost = 12;
  for (std::size_t i = 0; i < std::min(remarks.size(), kMost); ++i) {
    text += (i == 0 ? "\n" : "") + on_one_line(remarks[i]) + "\n";
  }
  if (remarks.size() > kMost) text += fmt::format("and {} more; --json has all\n", remarks.size() - kMost);
  return text;
}

}  // namespace septet::cli
