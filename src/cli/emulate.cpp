// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet emulate: the product on the emulated array.
#include "command_line.hpp"
#include "operands.hpp"
#include "packing.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "text_table.hpp"
#include "trace.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet emulate random:64x576,zeros=0.8 random:576x50 --dataflow sWS --array 16x16\n"
    "  septet emulate random:32x96,zeros=0.9 random:96x16 --dataflow csOS --timing overlapped --bandwidth 16 --json -\n"
    "  septet emulate random:12x10,zeros=0.6,dtype=s8 random:10x9,dtype=s8 --dataflow sWS --array 4x4 --trace run.svg\n"
    "  septet emulate random:64x576,zeros=0.9,dtype=s8 random:576x50,dtype=s8 --dataflow sOS --buffers 16K,32K,8K "
    "--off-chip-bandwidth 8 --energy default\n"
    "With files: septet emulate weights.mtx inputs.npy --dataflow sOS -o C.npy --json report.json";

// Not in the JSON, which is the same for every run.
std::string speed_line(Engine engine, const emulation::Report& r, double seconds) {
  const double pe_cycles =
      static_cast<double>(r.array_height) * static_cast<double>(r.array_width) * static_cast<double>(r.cycles);
  return fmt::format("\nEngine {}: {}, {:.3g} PE-cycles a second\n", name(engine), milliseconds(seconds),
                     pe_cycles / seconds);
}

void run_emulate(const Flags& flags) {
  check_outputs(flags);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  check_trace(flags);
  check_memory(flags);
  Product product = load_product(flags);
  io::OwnedMatrix c = make_output(flags, product);
  const PackedMatrix stored = as_streamed(flags, product.a.file(), product.a.type());
  const Weights a = stored.empty() ? product.a.weights(wants_dense(flags.gemm.dataflow)) : stored;
  TraceFile trace(flags);
  if (!flags.trace.empty()) product.names.trace = flags.trace;
  emulation::Report report;
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressLine progress("septet emulate");
    require(emulation::try_emulate(a, product.b.dense_view(), c.dense_view(), product.options, flags.array, report,
                                   progress.callback(), trace.trace()),
            product.names);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  trace.close();
  const ConstMatrix result = c.dense_view();
  std::string table = report_table(report, flags.energy);
  if (flags.trace.empty()) table += speed_line(flags.array.engine, report, seconds.count());  // else it includes that
  if (!flags.output.empty()) table += "\nC written to " + flags.output + "\n";
  if (!flags.trace.empty()) table += "\ntrace written to " + flags.trace + "\n";
  publish(flags, report_json(report, flags.energy), table, &result, trace.file());
}

}  // namespace

void add_emulate(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("emulate", "The same on an emulated systolic array, counted cycle by cycle");
  const auto flags = std::make_shared<Flags>();
  add_operands(verb, *flags);
  add_dataflow(verb, *flags);
  add_preset(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_timing(verb, *flags);
  add_bandwidth(verb, *flags);
  add_weight_bits(verb, *flags);
  add_engine(verb, *flags);
  add_memory(verb, *flags);
  add_arithmetic(verb, *flags);
  add_alpha(verb, *flags);
  add_dtype(verb, *flags, kOperandTypes);
  add_beta(verb, *flags, "0 ignores the old C, anything else reads it from the -o file; default 0");
  add_combine(verb, flags->gemm.combine);
  add_cpu(verb, *flags);
  add_output(verb, *flags);
  add_json(verb, *flags);
  add_trace(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] { run_emulate(*flags); });
}

}  // namespace septet::cli
