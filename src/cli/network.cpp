// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet network: a whole network, its layers' costs, and its outputs on this CPU or the emulated array.
#include "command_line.hpp"
#include "errors.hpp"
#include "io/layer_table.hpp"
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "network_checks.hpp"
#include "network_html.hpp"
#include "network_report.hpp"
#include "options.hpp"
#include "partition_report.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "values.hpp"
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
    "  septet network model/index.json --arrays 4 --partition filter\n"
    "  septet network layers.csv --array 32x32 --dataflow dWS --json -\n"
    "  septet network model/index.json --array 16x16 --report report.html   # charts and tables, in a browser";

struct NetworkFlags {
  Flags flags;
  std::vector<std::string> inputs;
  network::Executor executor = network::Executor::cpu;
  network::VectorUnit vector;
  double clock_hz = 1e9;
  NetworkChecks checks;
  network::PartitionOptions partition;

  bool has(const std::string& flag) const { return flag == "-o" ? !flags.output.empty() : flags.has(flag); }
};

bool is_table(const std::string& path) { return path.size() > 4 && path.compare(path.size() - 4, 4, ".csv") == 0; }

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

network::CostOptions cost_options(const NetworkFlags& given) {
  network::CostOptions options;
  options.gemm = given.flags.gemm;
  options.array = given.flags.array;
  options.vector = given.vector;
  if (given.flags.energy) options.energy = *given.flags.energy;
  return options;
}

void count(NetworkReport& report) {
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

std::vector<network::Tensor> run(const network::Network& network, const std::vector<const network::Tensor*>& inputs,
                                 const network::RunOptions& options, NetworkReport& report, NetworkWatch& watch) {
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

// Flags that mean nothing without another one.
void refuse_flags(const NetworkFlags& given, std::initializer_list<const char*> flags, const std::string& why) {
  for (const char* flag : flags) {
    if (given.has(flag)) refuse(flag, why);
  }
}

// Nothing: one array was asked for. `network`: null of a table.
std::optional<PartitionReport> partition_of(const NetworkFlags& given, const NetworkReport& report,
                                            const network::Network* network) {
  if (!given.has("--arrays")) {
    refuse_flags(given, {"--partition", "--table-bytes"}, "needs --arrays");
    return {};
  }
  const bool tables = given.partition.split == network::Split::table;
  if (!tables) refuse_flags(given, {"--table-bytes"}, "needs --partition table");
  PartitionReport result;
  result.how = given.partition;
  require(network::partition(report.layers, report.costs, report.options, result.how, result.partition));
  for (const network::LayerCost& cost : report.costs) result.cycles_single += cost.cycles;
  if (network != nullptr) result.exchange_bytes = network::exchange_bytes(*network, result.how, result.partition);
  return result;
}

// What both kinds of models end with.
void publish_report(const Flags& flags, const NetworkReport& report, const std::optional<PartitionReport>& partition,
                    const std::optional<Numerics>& numerics, const WriteOutput& write) {
  Json json = network_json(report);
  std::string table = network_table(report);
  if (partition) json["partition"] = partition_json(*partition), table += "\n" + partition_table(*partition);
  if (numerics) json["numerics"] = numerics_json(*numerics), table += "\n" + numerics_table(*numerics);
  publish(flags, json, table, write, nullptr, flags.report.empty() ? "" : html_of(report));
}

network::Split parse_split(const std::string& text) {
  for (const network::Split split : {network::Split::layer, network::Split::filter, network::Split::table}) {
    if (text == name(split)) return split;
  }
  refuse("--partition", cli::quoted(text) + " is none of layer, filter, table");
}

void run_table(const NetworkFlags& given) {
  const Flags& flags = given.flags;
  refuse_flags(given, {"--input", "-o", "--executor", "--record", "--compare", "--against"},
               "a table has shapes alone: there is nothing to run");
  NetworkReport report;
  report.name = flags.a, report.options = cost_options(given), report.clock_hz = given.clock_hz;
  report.layers = io::read_layer_table(flags.a);
  for (network::Layer& layer : report.layers) layer.vector = network::with_cycles(layer.vector, given.vector);
  count(report);
  publish_report(flags, report, partition_of(given, report, nullptr), {}, {});
}

void run_network(const NetworkFlags& given) {
  const Flags& flags = given.flags;
  check_outputs(flags);
  check_memory(flags);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  if (is_table(flags.a)) return run_table(given);
  const network::Network network = io::read_network(flags.a);
  if (given.inputs.empty()) {
    refuse_flags(given, {"-o", "--record", "--against"}, "nothing is run without --input");
    if (!flags.has("--compare")) refuse_flags(given, {"--executor"}, "nothing is run without --input");
  }
  if (flags.has("--compare")) refuse_flags(given, {"--against"}, "excludes --compare");
  if (given.has("-o") && network.outputs.size() != 1) refuse("-o", "the network has more than one output");
  NetworkReport report;
  report.name = network.name, report.options = cost_options(given), report.clock_hz = given.clock_hz;
  report.layers = network::layers_of(network, given.vector);
  if (!network.inputs.empty()) {
    const network::TensorInfo& input = network.tensors[static_cast<std::size_t>(network.inputs[0])];
    if (!input.shape.empty()) report.batch = input.dim(0);
  }
  count(report);
  const std::optional<PartitionReport> partition = partition_of(given, report, &network);
  const network::RunOptions options{given.executor, report.options, wants_sums(given.checks)};
  NetworkWatch watch(given.checks, network, options, report.costs);
  std::vector<network::Tensor> inputs, outputs;
  std::vector<const network::Tensor*> pointers;
  if (!given.inputs.empty()) {
    inputs = read_inputs(given, network);
    for (const network::Tensor& input : inputs) pointers.push_back(&input);
    outputs = run(network, pointers, options, report, watch);
  }
  const std::optional<Numerics> numerics = watch.finish(pointers);
  publish_report(flags, report, partition, numerics,
                 [&](const io::StagedFile& file) { io::write_tensor(file, outputs.at(0)); });
  watch.commit();
  if (numerics && flags.has("--compare") && any(*numerics)) {
    throw CheckFailed(given.checks.compare + ": " + first_difference_text(*numerics));
  }
}

}  // namespace

void add_network(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("network", "A whole network: layers' costs on an array, outputs bit for bit");
  const auto given = std::make_shared<NetworkFlags>();
  Flags& flags = given->flags;
  verb.add_option("MODEL", flags.a, "an index.json (or its folder), or a table of layers (.csv)")
      ->required()
      ->type_name("FILE");
  verb.add_option_function<std::vector<std::string>>(
          "--input", [given](const std::vector<std::string>& paths) { given->inputs = paths; },
          "what goes in (.npy); several inputs: again and again, in their order")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Operands");
  add_value(verb, "--executor", "NAME", "cpu, or array: emulated, layer by layer; default cpu",
            [given](const std::string& text) {
              if (text != "cpu" && text != "array") refuse("--executor", cli::quoted(text) + " is none of cpu, array");
              given->executor = text == "array" ? network::Executor::array : network::Executor::cpu;
            })
      ->group("Array");
  add_value(
      verb, "--dataflow", "NAME",
      "dOS, dWS, dIS, sOS, sWS, sIS or csOS for all layers, or auto: the\nfewest cycles, layer by layer; default auto",
      [given](const std::string& text) { given->flags.gemm.dataflow = parse_dataflow("--dataflow", text); })
      ->group("Array");
  add_array(verb, flags.gemm.array);
  add_timing(verb, flags);
  add_bandwidth(verb, flags);
  add_memory(verb, flags);
  add_value(verb, "--vector-lanes", "N", "lanes of the vector unit beside the array; default 16",
            [given](const std::string& text) { given->vector.lanes = parse_whole("--vector-lanes", text, 1, 1 << 20); })
      ->group("Array");
  add_value(verb, "--clock", "MHZ", "of the array, for latency and throughput; default 1000",
            [given](const std::string& text) {
              given->clock_hz = 1e6 * parse_real("--clock", text);
              if (!(given->clock_hz > 0)) refuse("--clock", "has to be positive");
            })
      ->group("Array");
  add_value(verb, "--arrays", "N", "equal arrays, each with a vector unit, among which the layers are split",
            [given](const std::string& text) { given->partition.arrays = parse_whole("--arrays", text, 1, 4096); })
      ->group("Array");
  add_value(verb, "--partition", "NAME",
            "layer: a pipeline, cut where its slowest stage is quickest; filter:\nevery layer's outputs shared out; "
            "table: embedding tables by their\nsize, the rest by cycles; default layer",
            [given](const std::string& text) { given->partition.split = parse_split(text); })
      ->group("Array");
  add_value(verb, "--table-bytes", "BYTES", "what an array holds of embedding tables at most (K, M); default no limit",
            [given](const std::string& text) { given->partition.table_bytes = parse_bytes("--table-bytes", text); })
      ->group("Array");
  add_combine(verb, flags.gemm.combine);
  add_cpu(verb, flags);
  add_network_checks(verb, given->checks);
  add_output(verb, flags);
  add_json(verb, flags);
  add_report(verb, flags.report);
  verb.footer(kExamples);
  set_action(verb, action, flags, [given] { run_network(*given); });
}

}  // namespace septet::cli
