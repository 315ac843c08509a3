// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_flags.hpp"
#include "command_line.hpp"

#include "area_file.hpp"
#include "energy_file.hpp"
#include "errors.hpp"
#include "output.hpp"
#include "values.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

namespace septet::cli {
namespace {

constexpr const char* kSweepGroup = "Sweep";
constexpr const char* kRunGroup = "Run";
constexpr const char* kTablesGroup = "Tables";
constexpr const char* kOutputGroup = "Output";
constexpr const char* kPartial = ".partial";

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

Shard parse_shard(const std::string& text) {
  constexpr Index kMost = Index{1} << 40;
  const std::vector<std::string> parts = split(text, '/');
  if (parts.size() != 2) refuse("--shard", cli::quoted(text) + " is not i/n, as in 1/8");
  Shard shard;
  shard.of = parse_whole("--shard", parts[1], 1, kMost);
  shard.place = parse_whole("--shard", parts[0], 1, shard.of);
  return shard;
}

double parse_slowdown(const std::string& text) {
  const double slowdown = parse_real("--slowdown", text);
  if (!(slowdown >= 1) || !std::isfinite(slowdown)) refuse("--slowdown", text + " is not 1 or more");
  return slowdown;
}

void add_sweep(CLI::App& verb, ExploreFlags& given) {
  for (const AxisKey& axis : axis_keys()) {
    const std::string flag = flag_of(axis), key = axis.key;
    add_value(verb, flag, axis.kind, axis.meaning, [&given, flag, key](const std::string& text) {
      given.axes[key] = {flag, split(text, ',')};
    })->group(kSweepGroup);
  }
  add_value(verb, "--sweep", "FILE.json", "axes that are no flags: {\"arrays\": [\"8x8\", \"16x16\"], ...}",
            [&given](const std::string& text) { given.sweep = parse_file("--sweep", text); })
      ->group(kSweepGroup);
  add_value(verb, "--hardware", "FILE",
            "machines, in JSON or CSV (docs/explore.md), instead of arrays,\nprecisions, buffers and bandwidths",
            [&given](const std::string& text) { given.hardware = parse_file("--hardware", text); })
      ->group(kSweepGroup);
}

void add_run(CLI::App& verb, ExploreFlags& given) {
  add_value(verb, "--threads", "n", "default what OpenMP would use; no number depends on it",
            [&given](const std::string& text) {
              given.flags().gemm.threads = static_cast<int>(parse_whole("--threads", text, 1, 1024));
            })
      ->group(kRunGroup);
  add_value(verb, "--journal", "FILE",
            "what has been found so far: the same command reads on there.\nGone at the end; default, with -o FILE, "
            "FILE.partial",
            [&given](const std::string& text) { given.journal = parse_file("--journal", text); })
      ->group(kRunGroup);
  add_value(verb, "--shard", "i/n", "the i-th of n parts alone, into -o, for --merge",
            [&given](const std::string& text) { given.shard = parse_shard(text); })
      ->group(kRunGroup);
  verb.add_option("--merge", given.merge, "parts, instead of a MODEL: together they are all of the sweep")
      ->type_name("FILE")
      ->group(kRunGroup);
}

void add_tables(CLI::App& verb, ExploreFlags& given) {
  add_value(verb, "--energy-table", "FILE", "picojoules by component, in JSON, instead of the default table",
            [&given](const std::string& text) {
              given.flags().energy = read_energy_table(text), given.flags().tables.push_back(text);
            })
      ->group(kTablesGroup);
  add_value(verb, "--area-table", "FILE", "the same for square micrometres", [&given](const std::string& text) {
    given.area = read_area_table(text), given.flags().tables.push_back(text);
  })->group(kTablesGroup);
  verb.set_version_flag("--print-energy-table", energy_table_json,
                        "the default one with its sources, to be edited, and exit")
      ->group(kTablesGroup);
  // CLI11 has one such flag for an app; the second prints in the same way.
  verb.add_flag_callback(
          "--print-area-table", [] { throw CLI::CallForVersion(area_table_json(), 0); }, "the same of areas")
      ->group(kTablesGroup);
}

void add_outputs(CLI::App& verb, ExploreFlags& given) {
  Flags& flags = given.flags();
  add_value(verb, "-o,--output", "FILE.csv", "a line for every design (docs/explore.md)",
            [&flags](const std::string& text) { flags.output = parse_file("-o", text); })
      ->group(kOutputGroup);
  add_value(verb, "--slowdown", "x", "of the economic design, over the fewest cycles; default 1.1",
            [&given](const std::string& text) { given.slowdown = parse_slowdown(text); })
      ->group(kOutputGroup);
  add_json(verb, flags);
  add_report(verb, flags.report);
}

// Of outputs and the journal, no two in one place, and none in an input's.
void check_places(const ExploreFlags& given) {
  const Flags& flags = given.flags();
  if (!flags.report.empty()) check_page(flags.report);
  std::vector<std::string> paths;
  for (const std::string& path :
       {flags.output, flags.json == "-" ? std::string() : flags.json, flags.report, given.journal_path()}) {
    if (path.empty()) continue;
    for (const std::string& other : paths) {
      if (io::same_file(path, other)) refuse(path, "is the file of another output already");
    }
    io::check_writable(path);
    paths.push_back(path);
  }
  std::vector<std::string> inputs = given.model.read_files();
  inputs.insert(inputs.end(), {given.sweep, given.hardware});
  inputs.insert(inputs.end(), given.merge.begin(), given.merge.end());
  check_apart(paths, inputs);
}

void check_merge(const ExploreFlags& given) {
  if (!given.flags().a.empty()) refuse("--merge", "excludes a MODEL: the parts say what they are of");
  for (const std::string& flag : given.flags().given) {
    const auto allowed = {"--merge", "--output", "--json", "--report", "--slowdown"};
    const bool known = std::any_of(allowed.begin(), allowed.end(), [&](const char* one) { return flag == one; });
    if (!known) refuse(flag, "is settled by the parts of --merge");
  }
}

}  // namespace

std::string ExploreFlags::journal_path() const {
  if (!journal.empty() || !merge.empty() || flags().output.empty()) return journal;
  std::error_code ignored;
  const auto status = std::filesystem::status(flags().output, ignored);
  const bool device = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  return device ? "" : flags().output + kPartial;
}

void add_explore_flags(CLI::App& verb, ExploreFlags& given) {
  Flags& flags = given.flags();
  add_model(verb, given.model);
  add_training(verb, given.model);
  add_sweep(verb, given);
  add_timing(verb, flags);
  add_bandwidth(verb, flags);
  add_vector(verb, given.model);
  add_weight_form(verb, given.model);
  add_sums(verb, flags);
  add_combine(verb, flags.gemm.combine);
  add_tables(verb, given);
  add_run(verb, given);
  add_outputs(verb, given);
}

void check_explore_flags(const ExploreFlags& given) {
  const Flags& flags = given.flags();
  if (!given.merge.empty()) check_merge(given);
  if (given.merge.empty() && flags.a.empty()) refuse("MODEL", "is missing; see septet explore --help");
  check_model_flags(given.model);
  check_arithmetic(flags);
  if (given.whole()) {
    if (!flags.output.empty() && !ends_with(flags.output, ".csv")) {
      refuse(flags.output, "the output is a .csv file, and its name has to say so");
    }
  } else {
    if (flags.output.empty()) refuse("--shard", "needs -o");
    refuse_flags(given.model, {"--json", "--report", "--slowdown"}, "is of all shards together: of --merge");
  }
  check_places(given);
}

}  // namespace septet::cli
