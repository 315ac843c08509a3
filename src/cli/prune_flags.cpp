// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_flags.hpp"
#include "command_line.hpp"

#include "errors.hpp"
#include "io/network_index.hpp"
#include "output.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace septet::cli {
namespace {

using network::PruneGoal;
using network::PruneGroups;

namespace fs = std::filesystem;

constexpr const char* kGoalGroup = "Goal, one of them";
constexpr const char* kGroupsGroup = "Groups";
constexpr const char* kCurvesGroup = "Curves";
constexpr const char* kOutputGroup = "Output";

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

double parse_share(const std::string& flag, const std::string& text) {
  const double share = parse_real(flag, text);
  if (!(share >= 0 && share <= 1)) refuse(flag, cli::quoted(text) + " is not 0 to 1");
  return share;
}

double parse_cycles(const std::string& flag, const std::string& text) {
  constexpr Index kMost = Index{1} << 53;  // what a double counts
  return static_cast<double>(parse_whole(flag, text, 1, kMost));
}

double parse_speedup(const std::string& flag, const std::string& text) {
  const double times = parse_real(flag, text);
  if (!(times > 0) || !std::isfinite(times)) refuse(flag, cli::quoted(text) + " is not above 0, and finite");
  return times;
}

void add_goal(CLI::App& verb, PruneFlags& given, const char* flag, const char* kind, const char* meaning,
              PruneGoal goal, double (*parse)(const std::string&, const std::string&)) {
  add_value(verb, flag, kind, meaning, [&given, flag, goal, parse](const std::string& text) {
    given.options.value = parse(flag, text), given.options.goal = goal;
    if (given.has_goal()) refuse(flag, "excludes " + given.goal + ": there is one goal");
    given.goal = std::string(flag) + " " + text;
  })->group(kGoalGroup);
}

void add_goals(CLI::App& verb, PruneFlags& given) {
  add_goal(verb, given, "--sparsity", "S", "at least this share of the weights is zero, 0 to 1", PruneGoal::sparsity,
           parse_share);
  add_goal(verb, given, "--cycles", "C", "the products take at most so many on the array", PruneGoal::cycles,
           parse_cycles);
  add_goal(verb, given, "--speedup", "X",
           "cycles of the dense network, each layer with its best dense dataflow,\nover those of the pruned one",
           PruneGoal::speedup, parse_speedup);
  add_goal(verb, given, "--kept", "E", "at least this share of the energy stays, 0 to 1, with the fewest cycles",
           PruneGoal::kept, parse_share);
  verb.add_flag_callback(
          "--per-layer", [&given] { given.options.per_layer = true; }, "of each layer by itself, not of all together")
      ->group(kGoalGroup);
}

void parse_groups(const std::string& text, network::PruneOptions& options) {
  constexpr const char* kFlag = "--group";
  if (text == "auto") {
    options.groups = PruneGroups::dataflow;
  } else if (text == "weights") {
    options.groups = PruneGroups::weights;
  } else if (text.rfind("block:", 0) == 0) {
    options.groups = PruneGroups::blocks, options.block = parse_block(kFlag, text.substr(6));
  } else if (text.find(':') != std::string::npos) {
    options.groups = PruneGroups::neighbours, options.group = parse_group(kFlag, text);
  } else {
    refuse(kFlag, cli::quoted(text) + " is none of auto, weights, N:M, block:RxC");
  }
}

void add_groups(CLI::App& verb, PruneFlags& given) {
  add_value(verb, "--group", "NAME",
            "what is removed together. auto: what the dataflow skips; weights: each\nby itself; N:M: N of M "
            "neighbours stay, whatever the goal; block:RxC;\ndefault auto",
            [&given](const std::string& text) { parse_groups(text, given.options); })
      ->group(kGroupsGroup);
  verb.add_option_function<std::vector<std::string>>(
          "--dense-layer", [&given](const std::vector<std::string>& names) { given.options.untouched = names; },
          "a layer that keeps its weights, but for their order under --permute;\nseveral: again and again")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroupsGroup);
  verb.add_flag_callback(
          "--permute", [&given] { given.options.permute = true; },
          "orders channels between layers so that rows alike share tiles;\nthe network computes the same")
      ->group(kGroupsGroup);
}

void parse_sparse_dataflow(const std::string& text, GemmOptions& gemm) {
  gemm.dataflow = parse_dataflow("--dataflow", text);
  if (gemm.dataflow != Dataflow::automatic && !is_sparse(gemm.dataflow)) {
    refuse("--dataflow", text + " skips nothing: auto, sOS, sWS, sIS or csOS");
  }
}

void add_machine(CLI::App& verb, PruneFlags& given) {
  Flags& flags = given.flags;
  add_value(
      verb, "--dataflow", "NAME",
      "sOS, sWS, sIS or csOS for all layers, or auto: layer by layer the one\nthat loses least for its cycles, dense "
      "ones among them; default auto",
      [&flags](const std::string& text) { parse_sparse_dataflow(text, flags.gemm); })
      ->group("Array");
  add_array(verb, flags.gemm.array);
  add_timing(verb, flags);
  add_bandwidth(verb, flags);
  add_combine(verb, flags.gemm.combine);
  add_buffers(verb, flags);
  add_cpu(verb, flags);
}

void add_operand(CLI::App& verb, PruneFlags& given) {
  constexpr const char* kGroup = "Operands";
  Flags& flags = given.flags;
  verb.add_option("MODEL", flags.a,
                  "an index.json (or its folder), or a matrix of weights, M x K: .npy, .mtx,\n.smtx, .septet, or "
                  "random:64x576,zeros=0.5,seed=1,dtype=f32")
      ->type_name("FILE")
      ->required();
  verb.add_option_function<std::vector<std::string>>(
          "--input", [&given](const std::vector<std::string>& paths) { given.inputs = paths; },
          "calibration (.npy): what goes in, one or many batches of it, which are\nrun one by one; several inputs: "
          "again and again. Of a matrix: B, K x N")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  add_value(verb, "--columns", "N", "of B, for a matrix; default the array's width", [&given](const std::string& text) {
    given.columns = parse_whole("--columns", text, 1, Index{1} << 40);
  })->group(kGroup);
  add_a_zero_point(verb, flags);
  add_dtype(verb, flags, "of a matrix without a type of its own: f32, s8 or u8; default f32");
}

ArrayShape parse_sides(const std::string& text) {
  constexpr Index kMost = 65536;
  const ArrayShape array = parse_array("--arrays", text);
  const auto side = [](Index size) { return size >= 1 && size <= kMost; };
  if (!side(array.height) || !side(array.width)) {
    refuse("--arrays", fmt::format("{}: sides are 1 to {}", cli::quoted(text), kMost));
  }
  return array;
}

void add_curves(CLI::App& verb, PruneFlags& given) {
  given.arrays = {{4, 4}, {8, 8}, {16, 16}, {32, 32}};
  add_value(verb, "--curves", "LIST",
            "speed-ups between commas (1.5,2,3,4,6): without retraining, what each\nof them does to the outputs for "
            "--input, for all arrays and dataflows,\nbeside single weights",
            [&given](const std::string& text) {
              given.curves.clear();
              for (const std::string& part : split(text, ',')) given.curves.push_back(parse_speedup("--curves", part));
            })
      ->group(kCurvesGroup);
  add_value(verb, "--arrays", "LIST", "of the curves, between commas; default 4x4,8x8,16x16,32x32",
            [&given](const std::string& text) {
              given.arrays.clear();
              for (const std::string& part : split(text, ',')) given.arrays.push_back(parse_sides(part));
            })
      ->group(kCurvesGroup);
  add_value(verb, "--labels", "FILE.npy",
            "an integer for each input: which element of the first output is to be\nthe greatest",
            [&given](const std::string& text) { given.labels = parse_file("--labels", text); })
      ->group(kCurvesGroup);
  add_value(verb, "--points", "FILE.json", "results of retraining, drawn and summed up over seeds (docs/prune.md)",
            [&given](const std::string& text) { given.points = parse_file("--points", text); })
      ->group(kCurvesGroup);
}

void add_outputs(CLI::App& verb, PruneFlags& given) {
  Flags& flags = given.flags;
  add_value(
      verb, "-o,--output", "OUT",
      "of a model: a new or empty folder, for the pruned network and a mask\nper layer (LAYER_mask.npy, 1: stays); "
      "of a matrix: a .npy file",
      [&flags](const std::string& text) { flags.output = parse_file("-o", text); })
      ->group(kOutputGroup);
  add_value(verb, "--mask", "FILE.npy", "of a matrix: its mask, of u8", [&given](const std::string& text) {
    given.mask = parse_file("--mask", text);
  })->group(kOutputGroup);
  add_json(verb, flags);
  add_report(verb, flags.report);
}

void refuse_flags(const PruneFlags& given, std::initializer_list<const char*> flags, const std::string& why) {
  for (const char* flag : flags) {
    if (given.flags.has(flag)) refuse(flag, why);
  }
}

// Of a model: none of its reports is in the folder, which the network has for itself.
void check_folder(const PruneFlags& given) {
  const Flags& flags = given.flags;
  if (flags.output.empty()) return;
  if (check_output_folder(flags.output)) refuse(flags.output, "is not empty: the network needs a folder for itself");
  for (const std::string& report : {flags.json, flags.report}) {
    if (report.empty() || report == "-") continue;
    const bool folder = io::same_file(report, flags.output);
    if (folder || io::same_file(fs::absolute(report).parent_path().string(), flags.output)) {
      refuse(report, "is the folder of the network, or in it");
    }
  }
}

void check_mask(const PruneFlags& given) {
  if (given.mask.empty()) return;
  if (!ends_with(given.mask, ".npy")) refuse(given.mask, "the mask is a .npy file, and its name has to say so");
  for (const std::string& other : {given.flags.output, given.flags.json, given.flags.report}) {
    if (io::same_file(given.mask, other)) refuse(given.mask, "is the file of another output already");
  }
  io::check_writable(given.mask);
}

void check_places(const PruneFlags& given) {
  Flags reports = given.flags;
  if (!given.is_matrix()) reports.output.clear();
  check_outputs(reports);
  given.is_matrix() ? check_mask(given) : check_folder(given);
  std::vector<std::string> inputs = given.inputs;
  inputs.insert(inputs.end(), {given.flags.a, given.labels, given.points});
  if (!given.is_matrix()) {
    for (std::string& file : io::network_files(given.flags.a)) inputs.push_back(std::move(file));
  }
  check_apart({reports.output, reports.json, reports.report, given.mask}, inputs);
}

}  // namespace

bool PruneFlags::is_matrix() const {
  for (const char* ending : {".npy", ".mtx", ".smtx", ".septet"}) {
    if (ends_with(flags.a, ending)) return true;
  }
  return flags.a.rfind("random:", 0) == 0;
}

std::string PruneFlags::index() const {
  std::error_code ignored;
  return fs::is_directory(flags.a, ignored) ? (fs::path(flags.a) / "index.json").string() : flags.a;
}

network::CostOptions PruneFlags::cost() const {
  network::CostOptions cost;
  cost.gemm = flags.gemm, cost.array = flags.array;
  return cost;
}

void add_prune_flags(CLI::App& verb, PruneFlags& given) {
  add_operand(verb, given);
  add_goals(verb, given);
  add_groups(verb, given);
  add_machine(verb, given);
  add_curves(verb, given);
  add_outputs(verb, given);
}

namespace {

void check_curves(const PruneFlags& given) {
  if (given.curves.empty()) return refuse_flags(given, {"--arrays", "--labels"}, "needs --curves");
  if (given.inputs.empty()) refuse("--curves", "needs --input: what goes through the network");
}

// Without a goal there is no pruned network.
void check_goal(const PruneFlags& given) {
  if (given.has_goal()) return;
  if (given.curves.empty() && given.points.empty()) {
    refuse("goal", "is missing: one of --sparsity, --cycles, --speedup, --kept");
  }
  constexpr const char* kNeeds = "needs a goal: --sparsity, --cycles, --speedup or --kept";
  refuse_flags(given, {"--output", "--mask", "--group", "--dataflow", "--array"}, kNeeds);
  if (!given.curves.empty()) return;
  refuse_flags(given,
               {"--dense-layer", "--permute", "--per-layer", "--timing", "--bandwidth", "--lanes", "--combine",
                "--buffers", "--off-chip-bandwidth"},
               kNeeds);
}

}  // namespace

void check_prune_flags(const PruneFlags& given) {
  if (given.is_matrix()) {
    refuse_flags(given, {"--dense-layer", "--permute", "--curves", "--arrays", "--labels"},
                 "is of models: a matrix is one layer");
    if (given.inputs.size() > 1) refuse("--input", "is given twice: a matrix has one");
  } else {
    refuse_flags(given, {"--columns", "--mask", "--a-zero-point", "--dtype"}, "is of a matrix: a model says it");
  }
  check_goal(given), check_curves(given);
  check_memory(given.flags);
  check_places(given);
}

}  // namespace septet::cli
