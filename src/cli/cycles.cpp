// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet cycles: the report in closed form, without values.
#include "septet/emulation/cycles.hpp"
#include "command_line.hpp"

#include "operands.hpp"
#include "packing.hpp"
#include "report_output.hpp"
#include "values.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <limits>
#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet cycles 96x3025x363 --dataflow dWS --array 32x32 --timing scalesim\n"
    "  septet cycles 128x256x256 --dataflow all --array 32x32\n"
    "  septet cycles random:64x576,zeros=0.8 100 --dataflow sWS --timing overlapped --json -\n"
    "  septet cycles 64x3136x576 --dtype s8 --dataflow all --array 32x32 --buffers 64K,64K,256K --off-chip-bandwidth "
    "16 "
    "--energy default";

struct CycleFlags {
  Flags flags;
  std::string n;               // empty: not given
  std::optional<Type> b_type;  // --b-dtype
  bool every = false;          // --dataflow all
};

// What there is to count: A from a file, or a dense shape.
struct Subject {
  ProductShape shape;
  Type a_type = Type::f32, b_type = Type::f32;
  std::optional<WeightFile> file;
};

Subject dense_subject(const CycleFlags& given, const ProductShape& shape) {
  if (!given.n.empty()) refuse(given.n, given.flags.a + " says already how many columns B has");
  Subject subject;
  subject.shape = shape;
  subject.a_type = given.flags.dtype.value_or(given.b_type.value_or(Type::f32));
  subject.b_type = given.b_type.value_or(subject.a_type);
  return subject;
}

Subject file_subject(const CycleFlags& given) {
  const Flags& flags = given.flags;
  if (given.n.empty()) refuse("N", "the number of B's columns is needed with a file (or a shape: MxNxK)");
  Subject subject;
  subject.shape.n = parse_whole("N", given.n, 0, std::numeric_limits<Index>::max());
  io::FileMatrix file = read_file(flags.a);
  check_dtype(flags, {&file});
  subject.a_type = operand_type(file, flags.dtype, given.b_type);
  subject.b_type = given.b_type.value_or(subject.a_type);
  subject.shape.m = file.rows;
  subject.shape.k = file.cols;
  const int zero_point = a_zero_point_of(flags, file);
  subject.file = WeightFile(std::move(file), subject.a_type, zero_point);
  return subject;
}

emulation::Report count(const CycleFlags& given, Subject& subject, const GemmOptions& options) {
  const ProductShape& shape = subject.shape;
  ArgumentNames names;
  names.a = given.flags.a;
  names.preload = given.flags.preload;
  if (!subject.file) names.n = given.flags.a;
  emulation::Report report;
  PackedMatrix stored;
  if (subject.file && !given.every) stored = as_streamed(given.flags, subject.file->file(), subject.a_type);
  // The closed form takes a sparse view for the dense dataflows too: nothing has to be expanded.
  require(subject.file ? emulation::try_cycles(stored.empty() ? subject.file->weights(false) : stored, shape.n,
                                               subject.b_type, options, given.flags.array, report)
                       : emulation::try_cycles(shape.m, shape.n, shape.k, subject.a_type, subject.b_type, options,
                                               given.flags.array, report),
          names);
  return report;
}

void run_cycles(const CycleFlags& given) {
  check_outputs(given.flags);
  check_memory(given.flags);
  check_arithmetic(given.flags);
  ProductShape shape;
  Subject subject = parse_product_shape(given.flags.a, shape) ? dense_subject(given, shape) : file_subject(given);
  check_accumulators(given.flags, subject.a_type);
  GemmOptions options = given.flags.gemm;
  if (subject.file) take_stored(given.flags, subject.file->file(), options);
  const io::OwnedMatrix preload =
      load_preload(given.flags, subject.shape.m, subject.shape.n, accumulator_of(subject.a_type), options);
  if (!given.every) {
    const emulation::Report report = count(given, subject, options);
    const auto& energy = given.flags.energy;
    return publish(given.flags, report_json(report, energy), report_table(report, energy));
  }
  std::vector<emulation::Report> reports;
  Json json;
  json["results"] = Json::array();
  for (const Dataflow dataflow : all_dataflows(options.accumulate)) {
    options.dataflow = dataflow;
    reports.push_back(count(given, subject, options));
    json["results"].push_back(report_json(reports.back(), given.flags.energy));
  }
  publish(given.flags, json, reports_table(reports, given.flags.energy));
}

}  // namespace

void add_cycles(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("cycles", "The emulator's report in closed form: no values, no stepping");
  const auto given = std::make_shared<CycleFlags>();
  Flags& flags = given->flags;
  verb.add_option("A", flags.a, "the weights (.npy, .mtx, .smtx, .septet, random:...), or MxNxK: a dense product")
      ->required()
      ->type_name("FILE|MxNxK");
  verb.add_option("N", given->n, "with a file: the number of B's columns")->type_name("");
  add_value(verb, "--dataflow", "NAME",
            "auto, dOS, dWS, dIS, sOS, sWS, sIS, csOS, or all: a table;\n"
            "default auto: dOS for a dense A, csOS for a coordinate file;\nwith --accumulate fold dWS and sWS",
            [given](const std::string& text) {
              given->every = text == "all";
              if (!given->every) given->flags.gemm.dataflow = parse_dataflow("--dataflow", text);
            })
      ->group("Array");
  add_preset(verb, flags);
  add_array(verb, flags.gemm.array);
  add_timing(verb, flags);
  add_bandwidth(verb, flags);
  add_weight_bits(verb, flags);
  add_memory(verb, flags);
  add_arithmetic(verb, flags);
  add_alpha(verb, flags);
  add_beta(verb, flags, "anything but 0: the sums start from an old C; default 0");
  add_dtype(verb, flags,
            "f32, f64, bf16, f16, s8, u8 or s16: of a shape, or of a file without\n"
            "a type of its own; default --b-dtype, else f32 for a shape\nand f64 for a file");
  add_value(verb, "--b-dtype", "TYPE", "the type of B's elements; default A's", [given](const std::string& text) {
    given->b_type = parse_type("--b-dtype", text);
  })->group("Numbers");
  add_combine(verb, flags.gemm.combine);
  add_json(verb, flags);
  verb.footer(kExamples);
  set_action(verb, action, flags, [given] { run_cycles(*given); });
}

}  // namespace septet::cli
