// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "html.hpp"

#include "charts.hpp"
#include "cli/report/escape.hpp"
#include "cli/report/page.hpp"
#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::cli {
namespace {

// Shows one group at a time.
constexpr const char* kScript = R"(
const choice = document.getElementById('choice'), groups = [...document.querySelectorAll('section.group')];
const show = () => groups.forEach((group, i) => { group.hidden = String(i) !== choice.value; });
document.getElementById('chooser').hidden = groups.length < 2;
choice.addEventListener('change', show);
show();
)";

std::string facts(const Run& run) {
  const Machine& machine = run.machine;
  std::string bandwidths;
  for (const auto& [threads, bandwidth] : run.sweep_bandwidth) {
    bandwidths += fmt::format("{}{:.3g} GB/s with {} thread{}", bandwidths.empty() ? "" : ", ", bandwidth * 1e-9,
                              threads, threads == 1 ? "" : "s");
  }
  std::string libraries;
  for (const LibraryPath& library : run.settings.libraries) {
    libraries += fmt::format("{}{} ({})", libraries.empty() ? "" : ", ", library.name, library.path);
  }
  return "<h2>Machine</h2>\n<dl>\n" + fact("CPU and caches", machine_text(machine)) +
         fact("Kernels for", machine.target) + fact(fmt::format("Read of {} MiB", run.sweep_bytes >> 20), bandwidths) +
         fact("Caches", cache_text(run)) + fact("Other BLAS", libraries) +
         fact("Septet", machine.version + ", " + machine.compiler) + fact("Date (UTC)", machine.date_utc) +
         fact("Seed", std::to_string(run.settings.seed)) + "</dl>\n";
}

std::string method(const Run& run) {
  return fmt::format(
      "<h2>Method</h2>\n"
      "<p>C = A·B; A is M×K with zeros, B is K×N and dense, all row-major. All candidates of a point take turns for {} "
      "rounds, {:g} ms a turn where the cache is warm and one call where it is cold, after untimed calls; what is "
      "shown "
      "are medians. Where a call takes more than 60 ms there are at most five. A loop of multiply-adds on registers "
      "and one that reads "
      "as "
      "many bytes as the operands have run in the same rounds: the ceilings. Every result is compared with the dense "
      "kernel&#39;s, bit for bit but for the sign of zeros; that one, at sampled places, with sums in twice the "
      "precision; another library&#39;s within the rounding error that any order of sums may have.</p>\n"
      "<p><b>Dense</b> is the fastest at a point of our dense kernel, of the same with A packed, and of the other "
      "BLAS. "
      "<b>Speed-up</b>: the median over the rounds of dense time / time. <b>Useful</b> operations: two per non-zero of "
      "A "
      "and column of B; integers are counted alike. <b>Packing</b> from a dense array is timed apart; it has paid "
      "after "
      "packing time / (dense time − time) products. <b>Intensity</b>: useful operations per byte of A in its format, B "
      "and C, each once. <b>Crossover</b>: the sparsity from which on a format is faster, between two measured points "
      "by "
      "the logarithm of the speed-up. Threads are not pinned.</p>\n",
      run.settings.rounds, run.settings.burst_s * 1e3);
}

std::string table_row(const Point& point, const Result& result) {
  const bool measured = result.state == State::measured, there = result.state != State::not_applicable;
  const auto if_measured = [&](double value) { return measured ? std::optional<double>(value) : std::nullopt; };
  const auto speedup = point.speedup(result);
  const double rate = measured ? point.useful_operations() / result.seconds().median : 0;
  const auto bytes = static_cast<double>(result.values_bytes + result.metadata_bytes);
  const bool sized = there && point.nnz > 0;
  const char* row_class = result.state == State::wrong ? "wrong" : result.role == Role::format ? "format" : "dense";
  std::string state = name(result.state);
  std::replace(state.begin(), state.end(), '_', ' ');
  return fmt::format("<tr class=\"{}\">", row_class) + word_cell(name(point.kind)) + word_cell(point.detail) +
         number_cell("{:.0f}", static_cast<double>(point.m)) + number_cell("{:.0f}", static_cast<double>(point.k)) +
         number_cell("{:.0f}", static_cast<double>(point.n)) + word_cell(name(point.type)) +
         number_cell("{:.0f}", point.threads) + word_cell(name(point.cache)) +
         number_cell("{:.2f}", 100 * point.sparsity) + word_cell(result.candidate) +
         word_cell(result.packed_as ? name(*result.packed_as) : "") +
         number_cell("{:.2f}", if_measured(result.seconds().median * 1e6)) +
         number_cell("{:.3f}", speedup ? std::optional<double>(speedup->median) : std::nullopt) +
         number_cell("{:.2f}", if_measured(rate * 1e-9)) + number_cell("{:.1f}", if_measured(100 * rate / point.peak)) +
         number_cell("{:.3f}", if_measured(point.useful_operations() / point.bytes(result))) +
         number_cell("{:.2f}", sized ? std::optional<double>(bytes / static_cast<double>(point.nnz)) : std::nullopt) +
         number_cell("{:.1f}", result.packed_as ? std::optional<double>(result.pack_s * 1e6) : std::nullopt) +
         number_cell("{:.1f}", point.break_even(result)) +
         word_cell(measured ? result.reason : state + ": " + result.reason) + "</tr>\n";
}

std::string table(const Run& run) {
  const std::vector<Column> columns = {{"pattern", true},
                                       {"detail", true},
                                       {"M", false},
                                       {"K", false},
                                       {"N", false},
                                       {"type", true},
                                       {"threads", false},
                                       {"cache", true},
                                       {"zeros (%)", false},
                                       {"candidate", true},
                                       {"packed as", true},
                                       {"time (µs)", false},
                                       {"speed-up", false},
                                       {"useful GFLOP/s", false},
                                       {"of peak (%)", false},
                                       {"FLOP/byte", false},
                                       {"bytes/nnz", false},
                                       {"packing (µs)", false},
                                       {"pays after (products)", false},
                                       {"remark", true}};
  std::vector<std::string> rows;
  for (const Point& point : run.points) {
    for (const Result& result : point.results) rows.push_back(table_row(point, result));
  }
  return "<h2>All points</h2>\n" + sortable_table("points", columns, rows);
}

std::string charts(const Run& run) {
  const std::vector<Group> groups = run.groups();
  std::string text = "<p id=\"chooser\" hidden><label>Product <select id=\"choice\">";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    text += fmt::format("<option value=\"{}\">{}</option>", i, escaped(groups[i].title()));
  }
  text += "</select></label></p>\n";
  for (const Group& group : groups) {
    text += "<section class=\"group\">\n<h3>" + escaped(group.title()) + "</h3>\n<div class=\"figures\">\n" +
            speedup_figure(run, group) + size_figure(run, group) + roofline_figure(run, group) + "</div>\n</section>\n";
  }
  return text;
}

std::string remarks(const Run& run) {
  const std::vector<std::string> all = remarks_of(run);
  if (all.empty()) return "";
  std::string text = "<h2>Remarks</h2>\n<ul>\n";
  for (const std::string& remark : all) text += "<li>" + escaped(remark) + "</li>\n";
  return text + "</ul>\n";
}

}  // namespace

std::string html_of(const Run& run) {
  return page({"septet bench", "Sparse formats beside the dense kernel",
               fmt::format("septet bench, {}, {}", run.machine.cpu, run.machine.date_utc),
               charts(run) + remarks(run) + table(run) + facts(run) + method(run), kScript});
}

}  // namespace septet::cli
