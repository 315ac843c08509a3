// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "charts.hpp"

#include "cli/report/chart.hpp"
#include "cli/report/escape.hpp"
#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::cli {
namespace {

// Libraries are brown.
Look look_of(const Run& run, const std::string& candidate) {
  if (candidate == "dense" || candidate == "dense_packed") return {"#666666", 7, candidate == "dense"};
  if (candidate == name(Format::automatic)) return {"#000000", 6, false};
  const auto place = [&](Role role) {
    const std::vector<std::string> names = run.candidates(role);
    const auto found = std::find(names.begin(), names.end(), candidate);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  };
  if (const int library = place(Role::library); library >= 0) return {"#7f5a1f", look_of_place(library).marker, true};
  return look_of_place(std::max(place(Role::format), 0));
}

Axis sparsity_axis(const Group& group) {
  const double low = group.points.front()->sparsity, high = group.points.back()->sparsity;
  const double air = std::max(0.02, 0.06 * (high - low));
  return {"zeros in A (%)", std::max(0.0, low - air), std::min(1.0, high + air), false};
}

// A candidate's marks over the group; `at(point, result)` gives x and y, or nothing.
template <class F>
std::vector<Series> series_of(const Run& run, const Group& group, std::initializer_list<Role> roles, F&& at) {
  std::vector<Series> all;
  for (const Role role : roles) {
    for (const std::string& candidate : run.candidates(role)) {
      Series series{candidate, look_of(run, candidate), {}, "", {}};
      for (const Point* point : group.points) {
        const Result* result = result_of(*point, candidate);
        if (result == nullptr || result->state == State::not_applicable) continue;
        if (auto mark = at(*point, *result)) series.marks.push_back(std::move(*mark));
      }
      if (!series.marks.empty()) all.push_back(std::move(series));
    }
  }
  return all;
}

std::string place_text(const Point& point) {
  return sparsity_text(point.sparsity) + " zeros" + (point.detail.empty() ? "" : ", " + point.detail);
}

}  // namespace

std::string speedup_figure(const Run& run, const Group& group) {
  std::vector<Series> all = series_of(run, group, {Role::format}, [](const Point& point, const Result& result) {
    const auto speedup = point.speedup(result);
    return speedup ? std::optional<Mark>({point.sparsity, speedup->median,
                                          fmt::format("{}, {}: {:.2f} x (quartiles {:.2f} and {:.2f})",
                                                      result.candidate, place_text(point), speedup->median,
                                                      speedup->lower_quartile, speedup->upper_quartile)})
                   : std::nullopt;
  });
  std::vector<double> values = heights(all);
  values.insert(values.end(), {0.9, 1.1});
  Chart chart(sparsity_axis(group), logarithmic_axis("speed-up over dense (times)", values));
  chart.line(chart.x().low(), 1, chart.x().high(), 1, "stroke=\"#444444\" stroke-width=\"2\"");
  for (Series& series : all) {
    const auto found = crossover(group, series.label);
    if (found) series.note = "from " + text_of(*found);
    if (found && found->kind == Crossover::Kind::above_all) series.note = text_of(*found);
    if (found && found->kind == Crossover::Kind::interpolated) {
      series.rings.push_back({found->sparsity, 1, fmt::format("{} meets dense at {}", series.label, text_of(*found))});
    }
    chart.series(series, group.first().kind != PatternKind::file, 2);
  }
  return figure(
      "Speed-up over dense, which is the line at 1. Rings: where a format meets it, interpolated; the legend says at "
      "what "
      "sparsity.",
      chart.svg("speed-up over dense against sparsity, " + group.title()), all);
}

std::string size_figure(const Run& run, const Group& group) {
  const std::vector<Series> all =
      series_of(run, group, {Role::dense, Role::format}, [](const Point& point, const Result& result) {
        const double bytes = static_cast<double>(result.values_bytes + result.metadata_bytes);
        const bool twice = result.candidate == "dense_packed" || point.nnz == 0;  // as large as dense
        return twice ? std::nullopt
                     : std::optional<Mark>({point.sparsity, bytes / static_cast<double>(point.nnz),
                                            fmt::format("{}, {}: {:.2f} bytes per non-zero", result.candidate,
                                                        place_text(point), bytes / static_cast<double>(point.nnz))});
      });
  Chart chart(sparsity_axis(group), logarithmic_axis("bytes per non-zero", heights(all)));
  for (const Series& series : all) chart.series(series, group.first().kind != PatternKind::file, 2);
  return figure("Size of A: values and metadata, per non-zero.",
                chart.svg("bytes per non-zero against sparsity, " + group.title()), all);
}

std::string roofline_figure(const Run& run, const Group& group) {
  const std::vector<Series> all =
      series_of(run, group, {Role::dense, Role::library, Role::format}, [](const Point& point, const Result& result) {
        const double rate = point.useful_operations() / result.seconds().median * 1e-9;
        const double intensity = point.useful_operations() / point.bytes(result);
        if (result.state != State::measured || rate <= 0) return std::optional<Mark>();
        return std::optional<Mark>({intensity, rate,
                                    fmt::format("{}, {}: {:.3g} GFLOP/s at {:.3g} FLOP/byte", result.candidate,
                                                place_text(point), rate, intensity)});
      });
  std::vector<double> peaks, reads, across;
  for (const Point* point : group.points) peaks.push_back(point->peak * 1e-9), reads.push_back(point->bandwidth * 1e-9);
  const double peak = bench::spread_of(peaks).median, read = bench::spread_of(reads).median;
  const double memory = run.sweep_bandwidth.at(group.first().threads) * 1e-9;
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) across.push_back(mark.x);
  }
  across.push_back(peak / std::max(read, memory));
  std::vector<double> values = heights(all);
  values.push_back(peak);
  Chart chart(logarithmic_axis("arithmetic intensity (useful FLOP per byte of A, B and C)", across),
              logarithmic_axis("useful GFLOP/s", values));
  const double right = chart.x().high();
  const auto slope = [&](double bandwidth, const std::string& dashes) {
    const double from = std::max(chart.x().low(), chart.y().low() / bandwidth), to = std::min(right, peak / bandwidth);
    if (from < to)
      chart.line(from, from * bandwidth, to, to * bandwidth, "stroke=\"#444444\" stroke-width=\"1.5\"" + dashes);
  };
  chart.line(std::min(right, peak / std::max(read, memory)), peak, right, peak,
             "stroke=\"#444444\" stroke-width=\"2\"");
  slope(read, "");
  slope(memory, " stroke-dasharray=\"6 4\"");
  for (const Series& series : all) chart.series(series, group.first().kind != PatternKind::file, 1);
  const std::string caption = fmt::format(
      "Roofline. Ceilings: {:.4g} GFLOP/s ({}); reads of a buffer as large as the operands, {:.3g} GB/s (solid); of "
      "one "
      "of {} MiB, {:.3g} GB/s (dashed).",
      peak, escaped(group.first().peak_instruction), read, run.sweep_bytes >> 20, memory);
  return figure(caption, chart.svg("roofline, " + group.title()), all);
}

}  // namespace septet::cli
