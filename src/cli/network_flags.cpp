// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_flags.hpp"
#include "command_line.hpp"

#include "errors.hpp"
#include "io/network_index.hpp"
#include "output.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace septet::cli {
namespace {

constexpr const char* kArrayGroup = "Array";
constexpr const char* kWeightsGroup = "Weights";

// One of `values`, by its name().
template <class T>
T parse_named(const char* flag, const std::string& text, std::initializer_list<T> values) {
  std::vector<std::string> names;
  for (const T value : values) {
    if (text == name(value)) return value;
    names.emplace_back(name(value));
  }
  refuse(flag, fmt::format("{} is none of {}", cli::quoted(text), fmt::join(names, ", ")));
}

network::Split parse_split(const std::string& text) {
  using network::Split;
  return parse_named("--partition", text, {Split::layer, Split::filter, Split::table});
}

network::WeightForm parse_weights(const std::string& text) {
  using network::WeightForm;
  return parse_named("--weights", text, {WeightForm::dense, WeightForm::sparse, WeightForm::automatic});
}

double parse_share(const char* flag, const std::string& text) {
  const double share = parse_real(flag, text);
  if (!(share >= 0 && share <= 1)) refuse(flag, cli::quoted(text) + " is not 0 to 1");
  return share;
}

double parse_clock(const std::string& text) {
  const double hertz = 1e6 * parse_real("--clock", text);
  if (!(hertz > 0) || !std::isfinite(hertz)) refuse("--clock", "has to be positive, and finite");
  return hertz;
}

io::Architecture parse_architecture(const std::string& text) {
  using io::Architecture;
  return parse_named(
      "--architecture", text,
      {Architecture::none, Architecture::gpt2, Architecture::gpt3, Architecture::gpt_neox, Architecture::bert});
}

Type parse_table_type(const std::string& text) {
  return parse_named("--table-type", text, {Type::f32, Type::f16, Type::u8});
}

void add_inputs(CLI::App& verb, NetworkFlags& given) {
  verb.add_option_function<std::vector<std::string>>(
          "--input", [&given](const std::vector<std::string>& paths) { given.inputs = paths; },
          "what goes in (.npy); several inputs: again and again, in their order")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Operands");
}

// Of what goes in, where a model leaves it open.
void add_model_choices(CLI::App& verb, NetworkFlags& given) {
  constexpr const char* kGroup = "Operands";
  constexpr Index kMost = Index{1} << 40;
  add_value(verb, "--batch", "N", "inputs that go together through a table of layers; default 1, or the\ntable's own",
            [&given](const std::string& text) { given.table.batch = parse_whole("--batch", text, 1, kMost); })
      ->group(kGroup);
  add_value(
      verb, "--tokens", "N",
      "tokens of an input, for figures per token; of a table with sequences\nof several lengths: those lines alone. "
      "Default what a table says",
      [&given](const std::string& text) { given.table.tokens = parse_whole("--tokens", text, 1, kMost); })
      ->group(kGroup);
  add_value(verb, "--architecture", "NAME",
            "of a table of a transformer, gpt2, gpt3, gpt-neox, bert or none: what\nparameters there are beside its "
            "weights (docs/layer_tables.md); default\nby the model's name",
            [&given](const std::string& text) { given.table.architecture = parse_architecture(text); })
      ->group(kGroup);
  add_value(verb, "--config", "NAME", "which of the models of a .json with several configurations",
            [&given](const std::string& text) { given.config = text; })
      ->group(kGroup);
  add_value(verb, "--vector-work", "FILE",
            "beside a table of layers (.csv), another with the work of the vector\nunit: it comes behind the layers",
            [&given](const std::string& text) { given.vector_work = text; })
      ->group(kGroup);
  add_value(
      verb, "--table-type", "TYPE",
      "f32, f16 or u8 (with scale and bias in every row): of the embedding\ntables of such a configuration; default "
      "f32",
      [&given](const std::string& text) { given.table_type = parse_table_type(text); })
      ->group(kGroup);
}

// N:M, or block:RxC.
void parse_pattern(const std::string& text, network::Compression& compression) {
  constexpr const char* kFlag = "--weight-pattern";
  compression.group = {0, 0}, compression.block = {1, 1};
  if (text == "unstructured") return;
  if (text.rfind("block:", 0) == 0) {
    compression.block = parse_block(kFlag, text.substr(6));
    if (compression.block.rows < 1 || compression.block.cols < 1) {
      refuse(kFlag, cli::quoted(text) + " is not at least block:1x1");
    }
  } else if (text.find(':') != std::string::npos) {
    compression.group = parse_group(kFlag, text);
    if (compression.group.n < 1 || compression.group.n > compression.group.m) {
      refuse(kFlag, cli::quoted(text) + " is not N of M neighbours, 1 <= N <= M");
    }
  } else {
    refuse(kFlag, cli::quoted(text) + " is none of unstructured, N:M, block:RxC");
  }
}

// Of transformers by configuration, and what weights become of which only the shape is known.
void add_models(CLI::App& verb, NetworkFlags& given) {
  constexpr const char* kGroup = "Models";
  constexpr Index kMost = Index{1} << 40;
  io::TableOptions& table = given.table;
  add_value(verb, "--phase", "NAME",
            "of a transformer: prefill, all --tokens of a sequence at once, or\ndecode, one token of each behind "
            "--context; default prefill",
            [&table](const std::string& text) {
              table.phase = parse_named("--phase", text, {io::Phase::prefill, io::Phase::decode});
            })
      ->group(kGroup);
  add_value(verb, "--context", "N", "tokens before those, whose keys and values are kept; default 0",
            [&table](const std::string& text) { table.context = parse_whole("--context", text, 0, kMost); })
      ->group(kGroup);
  add_value(verb, "--weight-sparsity", "S", "share of zeros, 0 to 1, in weights (of a transformer: of its blocks)",
            [&table](const std::string& text) { table.compression.sparsity = parse_share("--weight-sparsity", text); })
      ->group(kGroup);
  add_value(verb, "--weight-pattern", "NAME",
            "unstructured; block:RxC, zeros in blocks; N:M, N of M neighbours\nstay, which says the sparsity itself; "
            "default unstructured",
            [&table](const std::string& text) { parse_pattern(text, table.compression); })
      ->group(kGroup);
  add_value(verb, "--weight-bits", "N",
            "of a weight (of a transformer: of its blocks) in buffers, off-chip and\non the way to the array, which "
            "unpacks it; default its type's",
            [&table](const std::string& text) { table.compression.bits = parse_whole("--weight-bits", text, 1, 64); })
      ->group(kGroup);
  add_value(verb, "--group", "N", "weights of a row that share an f16 scale, for --weight-bits; default none",
            [&table](const std::string& text) { table.scale_group = parse_whole("--group", text, 1, 1 << 20); })
      ->group(kGroup);
}

void add_partition(CLI::App& verb, NetworkFlags& given) {
  add_value(verb, "--arrays", "N", "equal arrays, each with a vector unit, among which the layers are split",
            [&given](const std::string& text) { given.partition.arrays = parse_whole("--arrays", text, 1, 4096); })
      ->group(kArrayGroup);
  add_value(verb, "--partition", "NAME",
            "layer: a pipeline, cut where its slowest stage is quickest; filter:\nevery layer's outputs shared out; "
            "table: embedding tables by their\nsize, the rest by cycles; default layer",
            [&given](const std::string& text) { given.partition.split = parse_split(text); })
      ->group(kArrayGroup);
  add_value(verb, "--table-bytes", "BYTES", "what an array holds of embedding tables at most (K, M); default no limit",
            [&given](const std::string& text) { given.partition.table_bytes = parse_bytes("--table-bytes", text); })
      ->group(kArrayGroup);
}

void add_weights(CLI::App& verb, NetworkFlags& given) {
  add_weight_form(verb, given);
  verb.add_flag_callback(
          "--sparse-over-dense", [&given] { given.sparse_over_dense = true; },
          "layer by layer, how much quicker sparse is: cycles, each with its\nbest dataflow; with --input also times "
          "on "
          "this CPU, dense and\nsparse runs in turn")
      ->group(kWeightsGroup);
  add_value(verb, "--runs", "N",
            "on the CPU, of which medians are reported; default 1, with\n--sparse-over-dense 5 of each",
            [&given](const std::string& text) { given.runs = parse_whole("--runs", text, 1, 1000000); })
      ->group(kWeightsGroup);
}

}  // namespace

CLI::Option* add_model(CLI::App& verb, NetworkFlags& given) {
  add_model_choices(verb, given);
  add_models(verb, given);
  return verb
      .add_option("MODEL", given.flags.a,
                  "an index.json (or its folder), a table of layers (.csv), a list of\nconfigurations (.json), or "
                  "model:NAME, a transformer")
      ->type_name("FILE");
}

void add_weight_form(CLI::App& verb, NetworkFlags& given) {
  add_value(verb, "--weights", "NAME",
            "dense, sparse or auto: the dataflows of which --dataflow auto takes\none, and how the CPU keeps weights; "
            "default auto, what is quickest",
            [&given](const std::string& text) { given.weights = parse_weights(text); })
      ->group(kWeightsGroup);
}

void add_vector(CLI::App& verb, NetworkFlags& given) {
  add_value(verb, "--vector-lanes", "N", "lanes of the vector unit beside the array; default 16",
            [&given](const std::string& text) { given.vector.lanes = parse_whole("--vector-lanes", text, 1, 1 << 20); })
      ->group(kArrayGroup);
}

void add_training(CLI::App& verb, NetworkFlags& given) {
  constexpr const char* kGroup = "Training";
  verb.add_flag_callback(
          "--training", [&given] { given.training = true; },
          "a step of training: forward, gradients, update (docs/training.md)")
      ->group(kGroup);
  add_value(verb, "--micro-batches", "K", "equal parts of the batch, whose gradients are summed up; default 1",
            [&given](const std::string& text) {
              given.step.micro_batches = parse_whole("--micro-batches", text, 1, Index{1} << 40);
            })
      ->group(kGroup);
  verb.add_flag_callback(
          "--padded-input", [&given] { given.step.padded_input = true; },
          "the padding of the first product is part of its input")
      ->group(kGroup);
}

void add_network_flags(CLI::App& verb, NetworkFlags& given) {
  Flags& flags = given.flags;
  add_inputs(verb, given);
  add_model(verb, given)->required();
  add_value(verb, "--executor", "NAME", "cpu, or array: emulated, layer by layer; default cpu",
            [&given](const std::string& text) {
              if (text != "cpu" && text != "array") refuse("--executor", cli::quoted(text) + " is none of cpu, array");
              given.executor = text == "array" ? network::Executor::array : network::Executor::cpu;
            })
      ->group(kArrayGroup);
  add_value(
      verb, "--dataflow", "NAME",
      "dOS, dWS, dIS, sOS, sWS, sIS or csOS for all layers, or auto: the\nfewest cycles, layer by layer; default auto",
      [&given](const std::string& text) { given.flags.gemm.dataflow = parse_dataflow("--dataflow", text); })
      ->group(kArrayGroup);
  add_preset(verb, flags);
  add_array(verb, flags.gemm.array);
  add_timing(verb, flags);
  add_bandwidth(verb, flags);
  add_memory(verb, flags);
  add_vector(verb, given);
  add_value(verb, "--clock", "MHZ", "of the array, for latency and throughput; default 1000",
            [&given](const std::string& text) { given.clock_hz = parse_clock(text); })
      ->group(kArrayGroup);
  add_partition(verb, given);
  add_training(verb, given);
  add_weights(verb, given);
  add_sums(verb, flags);
  add_combine(verb, flags.gemm.combine);
  add_cpu(verb, flags);
  add_network_checks(verb, given.checks);
  add_output(verb, flags);
  add_json(verb, flags);
  add_report(verb, flags.report);
}

std::vector<std::string> NetworkFlags::read_files() const {
  std::vector<std::string> files = {flags.a, vector_work};
  files.insert(files.end(), inputs.begin(), inputs.end());
  files.insert(files.end(), flags.tables.begin(), flags.tables.end());
  for (std::string& file : io::network_files(flags.a)) files.push_back(std::move(file));
  return files;
}

void refuse_flags(const NetworkFlags& given, std::initializer_list<const char*> flags, const std::string& why) {
  for (const char* flag : flags) {
    if (given.has(flag)) refuse(flag, why);
  }
}

void check_model_flags(const NetworkFlags& given) {
  if (!given.training) {
    refuse_flags(given, {"--micro-batches", "--padded-input"}, "needs --training");
  } else {
    refuse_flags(given, {"--weight-bits"}, "excludes --training: what is learnt is not of few bits");
    if (given.table.phase == io::Phase::decode) refuse_flags(given, {"--phase"}, "decode excludes --training");
    refuse_flags(given, {"--context"}, "excludes --training: what is learnt has no tokens before it");
  }
  if (!given.has("--weight-bits")) refuse_flags(given, {"--group"}, "needs --weight-bits");
  const network::Compression& compression = given.table.compression;
  if (compression.group.m > 0) {
    refuse_flags(given, {"--weight-sparsity"}, "excludes a pattern N:M, which says it already");
  } else if (!given.has("--weight-sparsity")) {
    refuse_flags(given, {"--weight-pattern"}, "needs --weight-sparsity");
  }
}

void check_network_flags(const NetworkFlags& given) {
  const Flags& flags = given.flags;
  check_outputs(flags);
  check_apart({flags.output, flags.json, flags.report}, given.read_files());
  check_memory(flags);
  if (given.weights != network::WeightForm::automatic && flags.gemm.dataflow != Dataflow::automatic) {
    refuse("--weights", fmt::format("excludes --dataflow {}, which says it already", name(flags.gemm.dataflow)));
  }
  check_arithmetic(flags);
  check_model_flags(given);
  const GemmOptions& gemm = flags.gemm;
  if (gemm.fold_depth != 0 && gemm.fold_depth != gemm.array.height) {  // a preset's
    refuse("--fold-depth", fmt::format("folds of {}, but an array of {} rows has folds of {}", gemm.fold_depth,
                                       gemm.array.height, gemm.array.height));
  }
  if (flags.has("--compare")) refuse_flags(given, {"--against"}, "excludes --compare");
  if (given.training) {
    refuse_flags(given, {"--input", "-o", "--executor", "--runs", "--record", "--compare", "--against"},
                 "excludes --training: a step of training is counted, not run");
    refuse_flags(given, {"--arrays"}, "excludes --training: a step of training is not shared out");
  }
  if (!given.has("--arrays")) refuse_flags(given, {"--partition", "--table-bytes"}, "needs --arrays");
  if (given.partition.split != network::Split::table) {
    refuse_flags(given, {"--table-bytes"}, "needs --partition table");
  }
  if (!given.sparse_over_dense && !given.prepared()) {
    refuse_flags(
        given, {"--runs"},
        "is of the CPU's own way: no --executor array, --dataflow, --record, --compare, --against, and full sums");
  }
}

void check_sums(const NetworkFlags& given, const std::vector<network::Layer>& layers) {
  for (const network::Layer& layer : layers) {
    if (layer.product.count > 0) check_accumulators(given.flags, layer.a_type);
  }
}

network::CostOptions cost_options(const NetworkFlags& given) {
  network::CostOptions options;
  options.gemm = given.flags.gemm;
  options.weights = given.weights;
  options.array = given.flags.array;
  options.vector = given.vector;
  if (given.flags.energy) options.energy = *given.flags.energy;
  return options;
}

}  // namespace septet::cli
