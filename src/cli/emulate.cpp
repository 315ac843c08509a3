// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet emulate: the product on the emulated array.
#include "operands.hpp"
#include "packing.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "verbs.hpp"

#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet emulate random:64x576,zeros=0.8 random:576x50 --dataflow sWS --array 16x16\n"
    "  septet emulate random:32x96,zeros=0.9 random:96x16 --dataflow csOS --timing overlapped --bandwidth 16 --json -\n"
    "  septet emulate random:64x576,zeros=0.9,dtype=s8 random:576x50,dtype=s8 --dataflow sOS --buffers 16K,32K,8K "
    "--off-chip-bandwidth 8 --energy default\n"
    "With files: septet emulate weights.mtx inputs.npy --dataflow sOS -o C.npy --json report.json";

void run_emulate(const Flags& flags) {
  check_outputs(flags);
  check_memory(flags);
  Product product = load_product(flags);
  io::OwnedMatrix c = make_output(flags, product);
  const PackedMatrix stored = as_streamed(flags, product.a.file(), product.a.type());
  const Weights a = stored.empty() ? product.a.weights(wants_dense(flags.gemm.dataflow)) : stored;
  emulation::Report report;
  {
    ProgressLine progress("septet emulate");
    require(emulation::try_emulate(a, product.b.dense_view(), c.dense_view(), product.options, flags.array, report,
                                   progress.callback()),
            product.names);
  }
  const ConstMatrix result = c.dense_view();
  std::string table = report_table(report, flags.energy);
  if (!flags.output.empty()) table += "\nC written to " + flags.output + "\n";
  publish(flags, report_json(report, flags.energy), table, &result);
}

}  // namespace

void add_emulate(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("emulate", "The same on an emulated systolic array, counted cycle by cycle");
  const auto flags = std::make_shared<Flags>();
  add_operands(verb, *flags);
  add_dataflow(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_timing(verb, *flags);
  add_memory(verb, *flags);
  add_arithmetic(verb, *flags);
  add_dtype(verb, *flags, kOperandTypes);
  add_beta(verb, *flags, "0 ignores the old C, anything else reads it from the -o file; default 0");
  add_combine(verb, flags->gemm.combine);
  add_output(verb, *flags);
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] { run_emulate(*flags); });
}

}  // namespace septet::cli
