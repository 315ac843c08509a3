// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/options.hpp"

#include <CLI/CLI.hpp>

namespace septet::bench {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  bench_gemm                                            squares, f32, one thread, every peer there is\n"
    "  bench_gemm resnet50 bert --type u8s8 --threads 2      shapes by the name of their file\n"
    "  bench_gemm columns --prepacked a --layout rcc         few columns times weights packed beforehand\n"
    "  bench_gemm batches --json batches.json\n"
    "  bench_gemm squares --filter 512 --details --peers septet,mkl --library mkl=/path/to/libmkl_rt.so\n"
    "Exit codes: 0 ok, 1 a result of ours was wrong, 2 bad usage or bad input.";

std::vector<std::string> known_peers() {
  std::vector<std::string> names;
  for (const PeerEntry& entry : all_peers()) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> known_types() {
  std::vector<std::string> names;
  for (const Types& types : all_types()) names.emplace_back(types.name);
  return names;
}

void add_product(CLI::App& app, Options& options) {
  const std::map<std::string, Prepacked> prepacked = {
      {"none", Prepacked::none}, {"a", Prepacked::a}, {"b", Prepacked::b}};
  app.add_option("--prepacked", options.setting.prepacked, "Operand that may be packed beforehand: none, a, b")
      ->transform(CLI::CheckedTransformer(prepacked))
      ->default_str("none")
      ->type_name("OPERAND");
  const std::map<std::string, Order> orders = {
      {"chained", Order::chained}, {"fold", Order::fold}, {"unfused", Order::unfused}};
  app.add_option("--order", options.setting.order,
                 "Of our sums: chained, fold (fold-then-add, depth 16), unfused; no peers but with chained")
      ->transform(CLI::CheckedTransformer(orders))
      ->default_str("chained")
      ->type_name("ORDER");
  app.add_option("--layout", options.setting.layout, "Of A, B and C: r by rows, c by columns")
      ->check([](const std::string& text) {
        const bool good = text.size() == 3 && text.find_first_not_of("rc") == std::string::npos;
        return good ? std::string() : "want three letters, each r or c";
      })
      ->capture_default_str()
      ->type_name("XYZ");
}

}  // namespace

int parse(int argc, char** argv, Options& options) {
  CLI::App app("Dense products of named shapes: Septet beside other libraries, in the same rounds");
  app.footer(kFooter);
  add_shapes(app, options, "squares");
  add_type(app, options, known_types());
  add_threads(app, options);
  add_product(app, options);
  add_peers(app, options, known_peers());
  add_rounds(app, options);
  app.add_option("--repeat", options.repeats, "Go through all shapes so many times; their rounds are put together")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  add_output(app, options);
  app.add_flag("--details", options.details, "Show every candidate");
  const int code = parse(app, argc, argv, options);
  if (options.files.empty()) options.files.push_back("squares");
  return code;
}

}  // namespace septet::bench
