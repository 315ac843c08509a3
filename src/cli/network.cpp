// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet network: a whole network, its layers' costs, and its outputs on this CPU or the emulated array.
#include "command_line.hpp"
#include "errors.hpp"
#include "io/tensor_file.hpp"
#include "network_flags.hpp"
#include "network_html.hpp"
#include "network_model.hpp"
#include "network_report.hpp"
#include "network_sections.hpp"
#include "network_times.hpp"
#include "progress.hpp"
#include "septet/threads.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "With files:\n"
    "  septet network model/index.json                            # what each layer costs, dataflow by dataflow the "
    "best\n"
    "  septet network model/index.json --input image.npy -o logits.npy --executor array --array 16x16\n"
    "  septet network model/index.json --input image.npy --compare record   # beside others' numbers, layer by layer\n"
    "  septet network model/index.json --input image.npy --sparse-over-dense   # … in cycles and in time\n"
    "  septet network model/index.json --arrays 4 --partition filter\n"
    "  septet network layers.csv --array 32x32 --dataflow dWS --batch 8 --json -\n"
    "  septet network layers.csv --vector-work nonconv.csv --training --batch 32 --micro-batches 4   # a training "
    "step\n"
    "  septet network model:gpt2-xl --tokens 1024 --array 128x128   # transformers by name: attention's share, "
    "tokens/s\n"
    "  septet network model:gpt2-xl --phase decode --context 1024 --weight-bits 4 --group 64 --batch 8\n"
    "  septet network models.json --config dlrm --batch 64 --arrays 8 --partition table   # embedding tables, MLPs\n"
    "  septet network model/index.json --array 16x16 --report report.html   # charts and tables, in a browser";

// An input's file may lack the first dimension where that is 1.
network::Tensor read_input(const std::string& path, const network::TensorInfo& info) {
  const network::Tensor file = io::read_tensor(path);
  if (file.info().type != info.type) {
    refuse(path, fmt::format("holds {}; the network's {} is {}", name(file.info().type), info.name, name(info.type)));
  }
  std::vector<Index> shape = file.info().shape;
  if (shape.size() + 1 == info.shape.size()) shape.insert(shape.begin(), 1);
  if (shape != info.shape) {
    refuse(path, fmt::format("is {}; the network's {} is {}", io::shape_text(file.info().shape), info.name,
                             io::shape_text(info.shape)));
  }
  network::Tensor tensor(info);
  if (file.bytes() > 0) std::memcpy(tensor.data(), file.data(), file.bytes());
  return tensor;
}

void count(NetworkReport& report) {
  for (network::Layer& layer : report.layers) layer.vector = network::with_cycles(layer.vector, report.options.vector);
  ProgressLine progress("septet network", "layer");
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    progress.show(static_cast<Index>(i), static_cast<Index>(report.layers.size()));
    network::LayerCost cost;
    std::vector<network::LayerCost> each;
    require(network::cost(report.layers[i], report.options, cost, &each));
    report.costs.push_back(std::move(cost)), report.each.push_back(std::move(each));
  }
}

std::vector<network::Tensor> read_inputs(const NetworkFlags& given, const network::Network& network) {
  if (given.inputs.size() != network.inputs.size()) {
    refuse("--input",
           fmt::format("is given {} times; the network has {} inputs", given.inputs.size(), network.inputs.size()));
  }
  std::vector<network::Tensor> inputs;
  for (std::size_t i = 0; i < given.inputs.size(); ++i) {
    inputs.push_back(read_input(given.inputs[i], network.tensors[static_cast<std::size_t>(network.inputs[i])]));
  }
  return inputs;
}

// From weights packed once, layers unseen.
std::vector<network::Tensor> run_prepared(const network::Network& network,
                                          const std::vector<const network::Tensor*>& inputs, const NetworkFlags& given,
                                          NetworkReport& report) {
  TimedSession session(network, given.weights);
  for (Index run = 0; run < given.runs.value_or(1); ++run) session.run(inputs);
  report.executor = "cpu", report.runs = session.medians(), report.prepared = session.steps();
  return session.outputs();
}

std::vector<network::Tensor> run_observed(const network::Network& network,
                                          const std::vector<const network::Tensor*>& inputs,
                                          const network::RunOptions& options, NetworkReport& report,
                                          NetworkWatch& watch) {
  report.executor = options.executor == network::Executor::array ? "array" : "cpu";
  ProgressLine progress("septet network", "layer");
  Index done = 0;
  const auto observer = [&](const network::Step& step, const std::vector<const network::Tensor*>& x,
                            const network::Tensor& y, const network::Tensor* sums) {
    progress.show(++done, static_cast<Index>(network.steps.size()));
    watch.see(step, x, y, sums);
  };
  return network::run(network, inputs, options, report.costs, report.runs, observer);
}

// The layers become those of a step, counted; nothing: no training was asked for.
std::optional<TrainingReport> train(const NetworkFlags& given, NetworkReport& report) {
  if (!given.training) return {};
  TrainingReport training;
  training.how = given.step, training.step = step_of(given.flags.a, given.step, report);
  report.layers.clear();
  for (const network::TrainingLayer& part : training.step) report.layers.push_back(part.layer);
  return training;
}

// Nothing: one array was asked for. `network`: null of a table.
std::optional<PartitionReport> partition_of(const NetworkFlags& given, const NetworkReport& report,
                                            const network::Network* network) {
  if (!given.has("--arrays")) return {};
  PartitionReport result;
  result.how = given.partition, result.batch = report.batch, result.clock_hz = report.clock_hz;
  require(network::partition(report.layers, report.costs, report.options, result.how, result.partition));
  for (const network::LayerCost& cost : report.costs) result.cycles_single += cost.cycles;
  if (network != nullptr) result.exchange_bytes = network::exchange_bytes(*network, result.how, result.partition);
  return result;
}

// What both kinds of models end with.
void publish_report(const Flags& flags, const NetworkReport& report, const NetworkSections& sections,
                    const WriteOutput& write) {
  Json json = network_json(report);
  std::string table = network_table(report);
  if (sections.language) {
    json["language"] = language_json(report, *sections.language);
    table += "\n" + language_table(report, *sections.language);
  }
  if (!sections.embedding.tables.empty()) {
    json["tables"] = embedding_json(report, sections.embedding, sections.parts());
    table += "\n" + embedding_table(report, sections.embedding, sections.parts());
  }
  if (sections.partition) {
    json["partition"] = partition_json(*sections.partition), table += "\n" + partition_table(*sections.partition);
  }
  if (sections.training) {
    json["training"] = training_json(report, *sections.training);
    table += "\n" + training_table(report, *sections.training);
  }
  if (sections.sparse_over_dense) {
    json["sparse_over_dense"] = sparse_json(report, sections.sparse_times());
    table += "\n" + sparse_table(report, sections.sparse_times());
  }
  if (sections.numerics) {
    json["numerics"] = numerics_json(*sections.numerics), table += "\n" + numerics_table(*sections.numerics);
  }
  publish(flags, json, table, write, nullptr, flags.report.empty() ? "" : html_of(report, sections));
}

// What a model costs, layer by layer.
NetworkReport report_on(const NetworkModel& model, const NetworkFlags& given, NetworkSections& sections) {
  check_sums(given, model.layers);
  NetworkReport report;
  report.name = model.name, report.options = cost_options(given), report.clock_hz = given.clock_hz;
  report.layers = model.layers, report.batch = model.batch, report.tokens = model.tokens;
  sections.training = train(given, report);
  count(report);
  if (sections.training) count_zero_inserted(report, *sections.training);
  return report;
}

void run_table(const NetworkFlags& given, const NetworkModel& model) {
  refuse_flags(given, {"--input", "-o", "--executor", "--runs", "--record", "--compare", "--against"},
               "a table has shapes alone: there is nothing to run");
  NetworkSections sections;
  const NetworkReport report = report_on(model, given, sections);
  sections.partition = partition_of(given, report, nullptr), sections.sparse_over_dense = given.sparse_over_dense;
  if (model.transformer && !sections.training) {
    sections.language = LanguageReport{*model.transformer, given.table.compression, given.table.scale_group};
  }
  sections.embedding.tables = model.tables;
  publish_report(given.flags, report, sections, {});
}

void run_model(const NetworkFlags& given, const NetworkModel& model) {
  const Flags& flags = given.flags;
  const network::Network& network = *model.network;
  if (given.inputs.empty()) {
    refuse_flags(given, {"-o", "--record", "--against", "--runs"}, "nothing is run without --input");
    if (!flags.has("--compare")) refuse_flags(given, {"--executor"}, "nothing is run without --input");
  }
  if (given.has("-o") && network.outputs.size() != 1) refuse("-o", "the network has more than one output");
  NetworkSections sections;
  NetworkReport report = report_on(model, given, sections);
  sections.partition = partition_of(given, report, &network), sections.sparse_over_dense = given.sparse_over_dense;
  const network::RunOptions options{given.executor, report.options, wants_sums(given.checks)};
  NetworkWatch watch(given.checks, network, options, report.costs);
  std::vector<network::Tensor> inputs, outputs;
  std::vector<const network::Tensor*> pointers;
  if (!given.inputs.empty()) {
    inputs = read_inputs(given, network);
    for (const network::Tensor& input : inputs) pointers.push_back(&input);
    outputs = given.prepared() ? run_prepared(network, pointers, given, report)
                               : run_observed(network, pointers, options, report, watch);
    if (given.sparse_over_dense) sections.times = time_sparse_over_dense(network, pointers, given.runs.value_or(5));
  }
  sections.numerics = watch.finish(pointers);
  publish_report(flags, report, sections, [&](const io::StagedFile& file) { io::write_tensor(file, outputs.at(0)); });
  watch.commit();
  if (sections.numerics && flags.has("--compare") && any(*sections.numerics)) {
    throw CheckFailed(given.checks.compare + ": " + first_difference_text(*sections.numerics));
  }
}

void run_network(const NetworkFlags& given) {
  const Flags& flags = given.flags;
  check_network_flags(given);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  if (flags.gemm.threads > 0) {
    if (const Status status = set_threads(flags.gemm.threads); !status.ok()) refuse("--threads", status.message());
  }
  const NetworkModel model = read_model(given);
  model.network ? run_model(given, model) : run_table(given, model);
}

}  // namespace

void add_network(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("network", "A whole network: layers' costs on an array, outputs bit for bit");
  const auto given = std::make_shared<NetworkFlags>();
  add_network_flags(verb, *given);
  verb.footer(kExamples);
  set_action(verb, action, given->flags, [given] { run_network(*given); });
}

}  // namespace septet::cli
