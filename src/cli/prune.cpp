// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet prune: weights removed where an array can do without them. docs/prune.md.
#include "command_line.hpp"
#include "errors.hpp"
#include "prune_files.hpp"
#include "prune_flags.hpp"
#include "prune_model.hpp"
#include "prune_report.hpp"
#include "septet/threads.hpp"
#include "text_table.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet prune random:64x576 --speedup 4 --array 16x16\n"
    "  septet prune random:64x576,dtype=s8 --columns 196 --sparsity 0.8 --dataflow csOS --array 8x8 --json -\n"
    "  septet prune random:64x576 --kept 0.9 --group weights\n"
    "With files: septet prune model/index.json --speedup 4.3 --array 16x16 --input images.npy -o pruned\n"
    "            septet prune model/index.json --sparsity 0.5 --group 2:4 --dense-layer conv1 --json -\n"
    "            septet prune model/index.json --cycles 50000 --permute -o pruned --report pruned.html\n"
    "            septet prune weights.npy --columns 784 --sparsity 0.9 -o pruned.npy --mask mask.npy";

// What the library calls things, in words of the command line.
void require_pruned(const PruneFlags& given, const Status& status) {
  if (status.ok()) return;
  const std::string& argument = status.argument();
  const auto fail = [&](const std::string& where, const std::string& message) {
    throw Error(Status(status.cause(), where, message));
  };
  if (argument == "value") fail(given.goal.substr(0, given.goal.find(' ')), status.message());
  if (argument == "group" || argument == "block") fail("--group", status.message());
  if (argument == "untouched") fail("--dense-layer", status.message());
  if (argument == "statistics") fail("--input", status.message());
  const bool weights = status.cause() == Cause::bad_type || status.cause() == Cause::bad_structure;
  if (weights) fail(given.flags.a, given.is_matrix() ? status.message() : argument + ": " + status.message());
  require(status);
}

network::Pruning pruned(const PruneFlags& given, const network::Network& network,
                        const network::PruneOptions& options) {
  network::Pruning pruning;
  require_pruned(given, network::try_prune(network, options, pruning));
  return pruning;
}

void check_met(const PruneReport& report) {
  if (report.pruning.met) return;
  throw CheckFailed(fmt::format(
      "{}{}: out of reach: the best that can be had is {} ({} cycles, {} zeros, {} of the "
      "energy kept)",
      report.goal, report.options.per_layer ? " per layer" : "", reached_text(report), report.pruning.cycles,
      percent(share_of(report.pruning.zeros, report.pruning.weights)), percent(report.pruning.kept)));
}

void run_prune(const PruneFlags& given) {
  const Flags& flags = given.flags;
  check_prune_flags(given);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  if (flags.gemm.threads > 0) {
    if (const Status status = set_threads(flags.gemm.threads); !status.ok()) refuse("--threads", status.message());
  }
  const network::Network network = read_prune_model(given);
  PruneReport report;
  report.name = network.name, report.goal = given.goal, report.options = given.options;
  report.options.cost = given.cost();
  report.options.statistics = read_statistics(given, network, report.images);
  report.pruning = pruned(given, network, report.options);
  check_met(report);
  if (!flags.output.empty() && !given.is_matrix()) report.mask_files = mask_files(report.pruning);
  PruneFiles files(given, report.pruning);
  publish(flags, prune_json(report), prune_table(report), [&] { files.commit(); });
}

}  // namespace

void add_prune(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("prune", "Weights removed where the array can do without them");
  const auto given = std::make_shared<PruneFlags>();
  add_prune_flags(verb, *given);
  verb.footer(kExamples);
  set_action(verb, action, given->flags, [given] { run_prune(*given); });
}

}  // namespace septet::cli
