// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet prune: weights removed where an array can do without them. docs/prune.md.
#include "command_line.hpp"
#include "prune_errors.hpp"
#include "prune_files.hpp"
#include "prune_flags.hpp"
#include "prune_html.hpp"
#include "prune_model.hpp"
#include "prune_report.hpp"
#include "septet/threads.hpp"
#include "text_table.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

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
    "            septet prune model/index.json --curves 1.5,2,3,4,6 --input images.npy --labels labels.npy --report "
    "curves.html\n"
    "            septet prune model/index.json --points retrained.json --report retrained.html\n"
    "            septet prune weights.npy --columns 784 --sparsity 0.9 -o pruned.npy --mask mask.npy";

std::string best_of(const PruneReport& report, const PruneCounts& counts) {
  return fmt::format("{} ({} cycles, {} zeros, {} of the energy kept)", reached_text(report.options.goal, counts),
                     counts.cycles, percent(share_of(counts.zeros, counts.weights)), percent(counts.kept));
}

// Per layer, of those that have not met it.
std::string best_text(const PruneReport& report) {
  const network::Pruning& pruning = report.pruning;
  std::vector<std::string> layers;
  for (const network::PrunedLayer& layer : pruning.layers) {
    if (layer.met) continue;
    const std::string& name = pruning.network.steps[static_cast<std::size_t>(layer.step)].name;
    layers.push_back("of " + name + " " + best_of(report, counts_of(layer)));
  }
  const bool by_layer = report.options.per_layer && !layers.empty();
  return by_layer ? fmt::format("{}", fmt::join(layers, ", ")) : best_of(report, counts_of(pruning));
}

void check_met(const PruneReport& report) {
  if (report.pruning.met) return;
  const network::PruneOptions& options = report.options;
  // Plans with other cycles than the sum of their tiles' are searched among.
  const bool searched = options.goal == network::PruneGoal::cycles || options.goal == network::PruneGoal::speedup;
  const bool neighbours = options.groups == network::PruneGroups::neighbours;
  throw CheckFailed(
      fmt::format("{}{}: out of reach: the best {} is {}{}", report.goal, options.per_layer ? " per layer" : "",
                  searched ? "that was found" : "that can be had", best_text(report),
                  neighbours ? "; N:M clears what it may whatever the goal: --sparsity 0 takes that" : ""));
}

PruneReport prune_to_goal(const PruneFlags& given, const network::Network& network,
                          const network::InputStatistics& statistics, Index images) {
  PruneReport report;
  report.name = network.name, report.goal = given.goal, report.options = given.options, report.images = images;
  report.options.cost = given.cost(), report.options.statistics = statistics;
  require_pruned(given, network::try_prune(network, report.options, report.pruning));
  check_met(report);
  if (!given.flags.output.empty() && !given.is_matrix()) report.mask_files = mask_files(report.pruning);
  return report;
}

void run_prune(const PruneFlags& given) {
  const Flags& flags = given.flags;
  check_prune_flags(given);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  if (flags.gemm.threads > 0) {
    if (const Status status = set_threads(flags.gemm.threads); !status.ok()) refuse("--threads", status.message());
  }
  PruneSections sections;
  if (!given.points.empty()) sections.points = read_points(given.points);
  const network::Network network = read_prune_model(given);
  sections.name = network.name;
  Index images = 0;
  const network::InputStatistics statistics = read_statistics(given, network, images);
  if (given.has_goal()) sections.pruned = prune_to_goal(given, network, statistics, images);
  if (!given.curves.empty()) sections.curves = curves_of(given, network, statistics);
  std::optional<PruneFiles> files;
  if (sections.pruned) files.emplace(given, sections.pruned->pruning);
  publish(
      flags, sections_json(sections), sections_table(sections),
      [&] {
        if (files) files->commit();
      },
      flags.report.empty() ? "" : prune_page(sections));
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
