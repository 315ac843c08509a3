// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet network: a whole network, its layers' costs, and its outputs on this CPU or the emulated array.
#include "command_line.hpp"
#include "errors.hpp"
#include "io/config_list.hpp"
#include "io/layer_table.hpp"
#include "io/network_index.hpp"
#include "io/recommendation_config.hpp"
#include "io/tensor_file.hpp"
#include "network_flags.hpp"
#include "network_html.hpp"
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

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

// A table, and the vector unit's work in another one.
io::LayerTable read_layers(const NetworkFlags& given) {
  io::LayerTable table = io::read_layer_table(given.flags.a, given.table);
  if (given.vector_work.empty()) return table;
  io::TableOptions options;
  options.batch = table.inputs;
  for (network::Layer& layer : io::read_layer_table(given.vector_work, options).layers) {
    if (!layer.work) refuse(given.vector_work, "is no table of the vector unit's work");
    table.layers.push_back(std::move(layer));
  }
  return table;
constexpr const char* kModel = "model:";

io::LayerTable read_config(const NetworkFlags& given) {
  const std::string& path = given.flags.a;
  const io::ConfigList list(path);
  const io::JsonObject json = list.named(given.config);
  if (io::is_transformer_config(json)) {
    refuse_flags(given, {"--table-type"}, "is of recommendation models alone");
    return io::transformer_layers(path, io::read_transformer_config(json), given.table);
  }
  refuse_flags(given, {"--phase", "--context"}, "is of a transformer's configuration alone");
  return io::read_recommendation_config(json, given.table_type, given.table);
}

// Shapes alone, or nothing: then it is a network.
std::optional<io::LayerTable> read_table(const NetworkFlags& given) {
  const std::string& path = given.flags.a;
  const bool model = path.rfind(kModel, 0) == 0;
  const bool configurations = !model && ends_with(path, ".json") && io::is_config_list(path);
  if ((model || configurations || ends_with(path, ".csv")) && given.table.compression.bits > 8) {
    refuse("--weight-bits", "1 to 8: the weights of tables and models are bytes");
  }
  if (!configurations) refuse_flags(given, {"--config", "--table-type"}, "is of configurations (.json) alone");
  const bool lines = ends_with(path, ".csv");
  if (!lines) refuse_flags(given, {"--vector-work"}, "is of tables of layers (.csv) alone");
  if (configurations) return read_config(given);
  if (model) {
    return io::transformer_layers(path, io::transformer_by_name(path.substr(std::strlen(kModel))), given.table);
  }
  refuse_flags(given, {"--phase", "--context"}, "is of a transformer's configuration alone");
  if (lines) return read_layers(given);
  refuse_flags(given, {"--batch", "--architecture"}, "is of tables of layers; a network's shapes say it");
  refuse_flags(given, {"--weight-sparsity", "--weight-pattern", "--group"},
               "is of tables of layers; a network has its weights");
  return {};
}

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

void run_table(const NetworkFlags& given, io::LayerTable table) {
  const Flags& flags = given.flags;
  refuse_flags(given, {"--input", "-o", "--executor", "--runs", "--record", "--compare", "--against"},
               "a table has shapes alone: there is nothing to run");
  NetworkReport report;
  report.name = flags.a, report.options = cost_options(given), report.clock_hz = given.clock_hz;
  if (!given.config.empty()) report.name += ": " + given.config;
  report.layers = std::move(table.layers), report.batch = table.inputs, report.tokens = table.tokens;
  check_sums(given, report.layers);
  NetworkSections sections;
  sections.training = train(given, report);
  count(report);
  if (sections.training) count_zero_inserted(report, *sections.training);
  sections.partition = partition_of(given, report, nullptr), sections.sparse_over_dense = given.sparse_over_dense;
  if (table.transformer) {
    sections.language = LanguageReport{*table.transformer, given.table.compression, given.table.scale_group};
  }
  sections.embedding.tables = std::move(table.tables);
  publish_report(flags, report, sections, {});
}

NetworkReport report_on(const network::Network& network, const NetworkFlags& given, NetworkSections& sections) {
  NetworkReport report;
  report.name = network.name, report.options = cost_options(given), report.clock_hz = given.clock_hz;
  report.layers = network::layers_of(network, given.vector);
  for (network::Layer& layer : report.layers) {
    if (layer.weights.data != nullptr) layer.weight_bits = given.table.compression.bits;
  }
  check_sums(given, report.layers);
  if (!network.inputs.empty()) {
    const network::TensorInfo& input = network.tensors[static_cast<std::size_t>(network.inputs[0])];
    if (!input.shape.empty()) report.batch = input.dim(0);
  }
  const bool fits = !__builtin_mul_overflow(given.table.tokens, report.batch, &report.tokens);
  if (!fits) refuse("--tokens", "of all inputs are beyond 64 bits");
  sections.training = train(given, report);
  count(report);
  if (sections.training) count_zero_inserted(report, *sections.training);
  return report;
}

void run_model(const NetworkFlags& given) {
  const Flags& flags = given.flags;
  const network::Network network = io::read_network(flags.a);
  if (given.inputs.empty()) {
    refuse_flags(given, {"-o", "--record", "--against", "--runs"}, "nothing is run without --input");
    if (!flags.has("--compare")) refuse_flags(given, {"--executor"}, "nothing is run without --input");
  }
  if (given.has("-o") && network.outputs.size() != 1) refuse("-o", "the network has more than one output");
  NetworkSections sections;
  NetworkReport report = report_on(network, given, sections);
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
  std::optional<io::LayerTable> table = read_table(given);
  table ? run_table(given, *std::move(table)) : run_model(given);
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
