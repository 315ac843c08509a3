// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet explore: a network on every machine of a sweep, and which of them is worth building. docs/explore.md.
#include "command_line.hpp"
#include "errors.hpp"
#include "explore_flags.hpp"
#include "explore_html.hpp"
#include "explore_merge.hpp"
#include "explore_report.hpp"
#include "explore_settings.hpp"
#include "network_model.hpp"
#include "septet/threads.hpp"
#include "training_report.hpp"
#include "verbs.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "With files:\n"
    "  septet explore layers.csv --arrays 8x8,16x16,32x32 --dataflows auto,dOS,dWS -o designs.csv\n"
    "  septet explore layers.csv --arrays 32x32 --buffer-total 128K,256K,512K --bandwidths 8,16,32 --report "
    "report.html\n"
    "  septet explore model/index.json --sweep sweep.json --sparsities own,0.5,0.8 --json -\n"
    "  septet explore layers.csv --hardware machines.csv --dataflows all\n"
    "  septet explore model:gpt2-xl --phase decode --context 1024 --arrays 32x32,64x64\n"
    "Killed, the same command reads on where it was. In parts, on one machine or many:\n"
    "  septet explore layers.csv --sweep sweep.json --shard 1/2 -o part1\n"
    "  septet explore layers.csv --sweep sweep.json --shard 2/2 -o part2\n"
    "  septet explore --merge part1 part2 -o designs.csv --report report.html";

// The type of its products, where the sweep says none.
AxisTexts own_precision(const NetworkModel& model) {
  std::optional<Type> type;
  for (const network::Layer& layer : model.layers) {
    if (layer.product.count == 0) continue;
    if (type && *type != layer.a_type) refuse("--precisions", "is needed: the model's products have several types");
    type = layer.a_type;
  }
  return {"--precisions", {name(type.value_or(Type::s8))}};
}

ExplorePlan plan_of(const ExploreFlags& given, const NetworkModel& model) {
  Axes axes;
  if (!given.sweep.empty()) axes = read_sweep_file(given.sweep);
  join(axes, given.axes);
  if (given.hardware.empty() && axes.count("precisions") == 0) axes["precisions"] = own_precision(model);
  ExplorePlan plan(axes, given.flags().gemm.accumulate, given.hardware);
  if (const std::string narrow = plan.narrow_words(); !narrow.empty()) {
    refuse_flags(given.model, {"--weight-bits"}, "excludes " + narrow + ", which says it already");
  }
  for (const Type type : plan.types()) check_accumulators(given.flags(), type);
  return plan;
}

std::string shard_text(const io::JournalHeader& header, const std::vector<io::MachineRecord>& records) {
  std::string text = header.line();
  for (const io::MachineRecord& record : records) text += record.text();
  return text;
}

void publish_whole(const ExploreFlags& given, const Exploration& exploration) {
  const Flags& flags = given.flags();
  const Summary summary = summary_of(exploration, given.slowdown);
  std::vector<OutputText> files;
  if (!flags.output.empty()) files.push_back({flags.output, explore_csv(exploration)});
  if (!flags.report.empty()) files.push_back({flags.report, explore_page(exploration, summary)});
  const std::string json = flags.json.empty() ? "" : dump(explore_json(exploration, summary));
  if (!flags.json.empty() && flags.json != "-") files.push_back({flags.json, json});
  publish(files, flags.json == "-" ? json : explore_table(exploration, summary));
}

// Under --training, the layers of a step.
NetworkModel model_of(const NetworkFlags& given) {
  NetworkModel model = read_model(given);
  if (!given.training) return model;
  NetworkReport forward;
  forward.layers = std::move(model.layers), forward.batch = model.batch, forward.options = cost_options(given);
  model.layers.clear();
  for (network::TrainingLayer& part : step_of(given.flags.a, given.step, forward)) {
    model.layers.push_back(std::move(part.layer));
  }
  return model;
}

void run_sweep(const ExploreFlags& given) {
  const NetworkModel model = model_of(given.model);
  ExplorePlan plan = plan_of(given, model);
  const network::CostOptions options = cost_options(given.model);
  plan.set_model(model.layers, options, given.area);
  const io::JournalHeader header{model.name, given.shard.text(), plan.machines(), plan.designs_per_machine(),
                                 explore_settings(model.layers, options, given.area, plan.json())};
  std::optional<io::DesignJournal> journal;
  if (const std::string path = given.journal_path(); !path.empty()) journal.emplace(path, header);
  std::vector<io::MachineRecord> records = explore_machines(plan, given.shard, journal ? &*journal : nullptr);
  if (given.whole()) {
    publish_whole(given, exploration_of(header, std::move(records)));
  } else {
    publish({{given.flags().output, shard_text(header, records)}}, "");
  }
  if (journal) journal->remove();
}

void run_explore(const ExploreFlags& given) {
  check_explore_flags(given);
  if (const int threads = given.flags().gemm.threads; threads > 0) require(set_threads(threads));
  given.merge.empty() ? run_sweep(given) : publish_whole(given, merged(given.merge));
}

}  // namespace

void add_explore(CLI::App& app, Action& action) {
  CLI::App& verb =
      *app.add_subcommand("explore", "Which array to build for a network: many machines, and the best of them");
  const auto given = std::make_shared<ExploreFlags>();
  add_explore_flags(verb, *given);
  verb.footer(kExamples);
  set_action(verb, action, given->flags(), [given] { run_explore(*given); });
}

}  // namespace septet::cli
