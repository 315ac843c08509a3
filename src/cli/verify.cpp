// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet verify: kernel against emulator, for every dataflow.
#include "verify.hpp"
#include "command_line.hpp"

#include "comparison.hpp"
#include "operands.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "text_table.hpp"
#include "values.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet verify random:48x96,zeros=0.7 random:96x20 --array 8x8\n"
    "  septet verify random:40x64,zeros=0.8,dtype=s8 random:64x24,dtype=u8 --dataflow sWS,csOS --b-zero-point 128\n"
    "  septet verify random:40x64,zeros=0.8 random:64x24 --accumulate fold --json -";

// One dataflow's outcome.
struct Result {
  emulation::Report report;
  std::optional<Difference> difference;
  double kernel_seconds = 0;
};

Result run_one(const Flags& flags, Product& product, Dataflow dataflow, const Kernel& kernel) {
  GemmOptions options = product.options;
  options.dataflow = dataflow;
  const Weights a = product.a.weights(wants_dense(dataflow));
  const ConstMatrix b = product.b.dense_view();
  io::OwnedMatrix computed = make_output(flags, product), emulated = computed;
  Result result;
  const auto start = std::chrono::steady_clock::now();
  const Status status = kernel(a, b, computed.dense_view(), options);
  result.kernel_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  require(status, product.names);
  ProgressLine progress(fmt::format("septet verify {}", name(dataflow)));
  require(emulation::try_emulate(a, b, emulated.dense_view(), options, flags.array, result.report, progress.callback()),
          product.names);
  result.difference = first_difference(computed.dense_view(), emulated.dense_view());
  return result;
}

Json verify_json(const std::vector<Result>& results) {
  Json list = Json::array();
  for (const Result& result : results) {
    Json entry = report_json(result.report);
    entry["equal"] = !result.difference.has_value();
    entry["kernel_seconds"] = result.kernel_seconds;
    list.push_back(std::move(entry));
  }
  Json json;
  json["results"] = std::move(list);
  return json;
}

std::string verify_table(const Flags& flags, const Product& product, const std::vector<Result>& results) {
  TextTable table({{"dataflow", TextTable::Align::left},
                   {"bits", TextTable::Align::left},
                   {"cycles"},
                   {"utilization"},
                   {"kernel time"},
                   {"folds"},
                   {"MACs issued"},
                   {"zeros injected"},
                   {"elements skipped"}});
  for (const Result& result : results) {
    const emulation::Report& r = result.report;
    table.add({name(r.dataflow), result.difference ? "differ" : "equal", grouped(r.cycles), percent(r.utilization),
               milliseconds(result.kernel_seconds), grouped(r.folds), grouped(r.macs_issued), grouped(r.zeros_injected),
               grouped(r.elements_skipped)});
  }
  return fmt::format("{}{} x {} array, {} timing, {}; kernels for {}\n\n{}",
                     product_line(product.m(), product.n(), product.k(), product.a.type(), product.b.type),
                     product.options.array.height, product.options.array.width, name(flags.array.timing),
                     numbers_line(numbers_of(product.options, product.a.type())), target(), table.text());
}

}  // namespace

void verify(const Flags& flags, const std::vector<Dataflow>& dataflows, const Kernel& kernel) {
  check_outputs(flags);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  Product product = load_product(flags);
  std::vector<Result> results;
  for (const Dataflow dataflow : dataflows) {
    results.push_back(run_one(flags, product, dataflow, kernel));
    if (results.back().difference) break;
  }
  publish(flags, verify_json(results), verify_table(flags, product, results));
  if (results.empty() || !results.back().difference) return;
  const Difference& difference = *results.back().difference;
  throw CheckFailed(fmt::format("{}: C({}, {}) (0-based) differs: kernel {}, emulator {}",
                                name(results.back().report.dataflow), difference.row, difference.col, difference.left,
                                difference.right));
}

void add_verify(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("verify", "Kernel against emulator: equal bits, and what the array costs");
  const auto flags = std::make_shared<Flags>();
  const auto dataflows = std::make_shared<std::vector<Dataflow>>();
  add_operands(verb, *flags);
  add_value(verb, "--dataflow", "LIST",
            "names between commas, as in dOS,sWS,csOS; default all seven,\nwith --accumulate fold all that have it",
            [dataflows](const std::string& text) { *dataflows = parse_dataflows("--dataflow", text); })
      ->group("Array");
  add_preset(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_timing(verb, *flags);
  add_bandwidth(verb, *flags);
  add_engine(verb, *flags);
  add_arithmetic(verb, *flags);
  add_alpha(verb, *flags);
  add_dtype(verb, *flags, kOperandTypes);
  add_combine(verb, flags->gemm.combine);
  add_cpu(verb, *flags);
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags, dataflows] {
    const Kernel kernel = [](const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
      return try_gemm(a, b, c, options);
    };
    verify(*flags, dataflows->empty() ? all_dataflows(flags->gemm.accumulate) : *dataflows, kernel);
  });
}

}  // namespace septet::cli
