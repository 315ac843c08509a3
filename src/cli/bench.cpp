// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet bench: sparse formats beside the dense kernel. docs/bench.md has the method and the keys.
#include "bench/html.hpp"
#include "bench/records.hpp"
#include "bench/run.hpp"
#include "bench/settings.hpp"
#include "bench/tables.hpp"
#include "command_line.hpp"
#include "errors.hpp"
#include "output.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet bench --shapes 256x576 --n 49 --sparsity 0.5,0.7,0.9 --rounds 3\n"
    "  septet bench --formats csr,tsb --pattern uniform,vector --shapes 128x256 --n 1,16 --rounds 3 --csv -\n"
    "  septet bench --formats csr --matrix random:128x256,zeros=0.9 --n 16 --cache both --sweep-mib 8 --rounds 3\n"
    "With files: septet bench --matrix layer1.smtx layer2.npy --types f32,s8 --json bench.json --report bench.html\n"
    "With a BLAS: septet bench --library openblas=libopenblas.so.0";

std::vector<std::string> paths_of(const BenchSettings& settings) {
  std::vector<std::string> paths;
  for (const std::string& path : {settings.json, settings.csv, settings.report}) {
    if (!path.empty() && path != "-") paths.push_back(path);
  }
  return paths;
}

void check_paths(const BenchSettings& settings) {
  if (!settings.report.empty()) check_page(settings.report);
  if (settings.json == "-" && settings.csv == "-") refuse("--csv", "stdout has the JSON already");
  const std::vector<std::string> paths = paths_of(settings);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (io::same_file(paths[i], paths[j])) refuse(paths[i], "is the file of another report already");
    }
    io::check_writable(paths[i]);
  }
}

void publish_run(const Run& run) {
  const BenchSettings& settings = run.settings;
  std::vector<OutputText> files;
  std::string to_stdout = table_text(run);
  const auto add = [&](const std::string& path, std::string text) {
    if (path == "-") {
      to_stdout = std::move(text);
    } else {
      files.push_back({path, std::move(text)});
    }
  };
  if (!settings.json.empty()) add(settings.json, dump(json_of(run)));
  if (!settings.csv.empty()) add(settings.csv, csv_of(run));
  if (!settings.report.empty()) add(settings.report, html_of(run));
  publish(files, to_stdout);
}

void run_bench(BenchSettings settings) {
  complete(settings);
  check_paths(settings);
  const Run run = measure_all(settings);
  publish_run(run);
  for (const Point& point : run.points) {
    for (const Result& result : point.results) {
      if (result.state != State::wrong) continue;
      throw CheckFailed(fmt::format("{}: {} x {} x {}, {}: {}", result.candidate, point.m, point.k, point.n,
                                    name(point.type), result.reason));
    }
  }
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("bench", "Sparse formats beside the dense kernel: time, size, crossovers");
  const auto settings = std::make_shared<BenchSettings>();
  add_settings(verb, *settings);
  verb.footer(kExamples);
  verb.callback([&action, settings] { action = [settings] { run_bench(*settings); }; });
}

}  // namespace septet::cli
