// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/sparse_options.hpp"

#include "bench/packed_formats.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace septet::bench {
namespace {

constexpr const char* kFooter =
    "C[m x n] = A[m x k] * B[k x n], A sparse and known beforehand: packing, analysis and conversion are not timed, "
    "ours\n"
    "or the peers'. B and C are row-major. Every result is checked; ours against our dense product too, bit for bit.\n"
    "Examples:\n"
    "  bench_sparse                                           twelve layers, uniform zeros, f32, one thread\n"
    "  bench_sparse sparse_resnet50 --n own --zeros 0.8,0.9   every layer with its own number of columns\n"
    "  bench_sparse --patterns 8x1,16x1,4x4,2:4 --zeros 0.5,0.75,0.9\n"
    "  bench_sparse --type s8 --patterns 1x4 --zeros 0.75,0.9\n"
    "  bench_sparse --matrices pruned/ --n 196 --json pruned.json\n"
    "  bench_sparse sparse_beyond --n 1 --zeros 0.5 --formats csr,bitmap --peers mkl,openblas\n"
    "  bench_sparse --filter attn --n 16 --formats csr,tsb --details --threads 2\n"
    "Exit codes: 0 ok, 1 a result of ours was wrong, 2 bad usage or bad input.";

std::vector<std::string> known_peers() {
  std::vector<std::string> names;
  for (const PeerEntry& entry : all_peers()) names.emplace_back(entry.name);
  for (const SparsePeerEntry& entry : all_sparse_peers()) {
    if (std::find(names.begin(), names.end(), entry.name) == names.end()) names.emplace_back(entry.name);
  }
  return names;
}

double last_cache_bytes() {
  constexpr double kUnknown = 32e6;
  const long size = std::max(::sysconf(_SC_LEVEL3_CACHE_SIZE), ::sysconf(_SC_LEVEL2_CACHE_SIZE));
  return size > 0 ? static_cast<double>(size) : kUnknown;
}

Index columns_of(const std::string& text) {
  if (text == "own") return 0;
  std::size_t end = 0;
  Index n = 0;
  try {
    n = std::stoll(text, &end);
  } catch (const std::exception&) {  // said below
  }
  if (n < 1 || end != text.size()) throw CLI::ValidationError("--n " + text, "want positive numbers, or own");
  return n;
}

// Each element of a list as what it stands for.
template <class T, class Convert>
CLI::Option* add_list(CLI::App& app, const std::string& flag, std::vector<T>& values, Convert convert,
                      const std::string& help) {
  return app
      .add_option_function<std::vector<std::string>>(
          flag,
          [&values, convert](const std::vector<std::string>& texts) {
            values.clear();
            for (const std::string& text : texts) values.push_back(convert(text));
          },
          help)
      ->delimiter(',')
      ->allow_extra_args(false);
}

void add_operands(CLI::App& app, SparseOptions& options) {
  add_list(
      app, "--patterns", options.patterns,
      [](const std::string& text) {
        try {
          return pattern_named(text);
        } catch (const std::invalid_argument& error) {
          throw CLI::ValidationError("--patterns", error.what());
        }
      },
      "Of the zeros: uniform; 8x1, 16x1, 4x4, 1x4, … (blocks of rows x columns); 2:4, … (of groups in a row)")
      ->default_str("uniform")
      ->type_name("NAMES");
  app.add_option("--zeros", options.zeros, "Shares of zeros (2:4 and files have their own)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.0, 1.0))
      ->default_str("0.5,0.6,0.7,0.8,0.9,0.95,0.98")
      ->type_name("SHARES");
  add_list(app, "--n", options.columns, columns_of, "Columns of B; own: as the file of shapes says")
      ->default_str("1,16,49,196,784,3136")
      ->type_name("NUMBERS");
  app.add_option("--matrices", options.matrices,
                 "Instead of shapes: .mtx and .smtx files, or directories of them; where they have elements counts, not"
                 " their values")
      ->allow_extra_args(false)
      ->type_name("PATH");
  const auto known = sparse_format_names();
  app.add_option("--formats", options.formats, "Of ours, only these (automatic is always there): " + joined(known))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(known))
      ->type_name("NAMES");
}

void add_limits(CLI::App& app, SparseOptions& options) {
  app.add_option_function<double>(
         "--largest", [&](double giga) { options.largest = giga * 1e9; },
         "Leave out products of more than so many dense GFLOP")
      ->default_str("20")
      ->type_name("GFLOP");
  app.add_option(
         "--give-up", options.give_up,
         "Measure no further what took so many times longer than the best of its kind in a trial; 0: everything")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("TIMES");
  app.add_option_function<double>(
         "--cache-mb", [&](double mega) { options.cache_bytes = mega * 1e6; },
         "A format larger than this is beyond the caches")
      ->default_str("the last cache of this machine")
      ->type_name("MB");
}

}  // namespace

int parse(int argc, char** argv, SparseOptions& options) {
  CLI::App app("Sparse products: Septet's formats, the best dense product and other libraries, in the same rounds");
  app.footer(kFooter);
  options.cache_bytes = last_cache_bytes();
  options.setting.prepacked = Prepacked::a;
  add_shapes(app, options, "sparse_list");
  add_operands(app, options);
  add_type(app, options, {"f32", "f64", "s8", "s8u8"});
  add_threads(app, options);
  add_peers(app, options, known_peers());
  add_rounds(app, options);
  add_limits(app, options);
  add_output(app, options);
  app.add_flag("--details", options.details, "Show every candidate");
  const int code = parse(app, argc, argv, options);
  if (options.files.empty()) options.files.push_back("sparse_list");
  return code;
}

}  // namespace septet::bench
