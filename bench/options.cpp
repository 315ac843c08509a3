// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <stdexcept>

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

// A path, or the name of one of ours.
std::string shape_file(const std::string& name) {
  return name.find_first_of("./") == std::string::npos ? std::string(SEPTET_SHAPES_DIR "/") + name + ".txt" : name;
}

std::string known_peers() {
  std::string names;
  for (const PeerEntry& entry : all_peers()) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

std::string known_types() {
  std::string names;
  for (const Types& types : all_types()) names += (names.empty() ? "" : ", ") + std::string(types.name);
  return names;
}

void check_peer(const std::string& name) {
  for (const PeerEntry& entry : all_peers()) {
    if (name == entry.name) return;
  }
  throw CLI::ValidationError("peer " + name, "want one of " + known_peers());
}

void add_what(CLI::App& app, Options& options) {
  app.add_option("shapes", options.files, "Files of shapes, or names of files in bench/shapes")->default_str("squares");
  app.add_option("--filter", options.filter, "Only shapes whose name contains this")->type_name("TEXT");
  app.add_option_function<std::string>(
         "--type", [&](const std::string& name) { options.setting.types = types_named(name); },
         "Element types of A and B: " + known_types())
      ->default_str("f32")
      ->type_name("TYPE");
  app.add_flag("--seven-bits", options.setting.seven_bits,
               "Bytes of half their range: without VNNI, some peers saturate beyond and are left out as wrong");
  app.add_option("--threads", options.setting.threads, "Threads; one is pinned to a core")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->type_name("N");
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

void add_how(CLI::App& app, Options& options) {
  app.add_option("--peers", options.peers, "Only these: " + known_peers())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  app.add_option_function<std::vector<std::string>>(
         "--library",
         [&](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const std::size_t at = pair.find('=');
             if (at == std::string::npos) throw CLI::ValidationError("--library " + pair, "want peer=path");
             check_peer(pair.substr(0, at));
             options.libraries[pair.substr(0, at)] = pair.substr(at + 1);
           }
         },
         "Shared library of openblas, blis or mkl, where it has no usual place")
      ->allow_extra_args(false)
      ->type_name("PEER=PATH");
  const std::map<std::string, InstructionLimit> limits = {
      {"all", InstructionLimit::all}, {"avx512", InstructionLimit::avx512}, {"avx2", InstructionLimit::avx2}};
  app.add_option("--isa", options.limit, "What everyone may use at most: all, avx512 (no AMX), avx2")
      ->transform(CLI::CheckedTransformer(limits))
      ->default_str("all")
      ->type_name("ISA");
  app.add_option("--rounds", options.measuring.rounds, "Rounds per shape; long calls have at most five")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--repeat", options.repeats, "Go through all shapes so many times; their rounds are put together")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  app.add_option_function<double>(
         "--burst-ms", [&](double milliseconds) { options.measuring.burst_s = milliseconds * 1e-3; },
         "Length of one candidate's turn in a round")
      ->check(CLI::PositiveNumber)
      ->default_str("6")
      ->type_name("MS");
}

void add_output(CLI::App& app, Options& options) {
  app.add_option("--json", options.json, "Write everything that was measured to this file")->type_name("FILE");
  app.add_flag("--details", options.details, "Show every candidate");
  app.add_flag("--list", options.list, "Show the libraries found, and measure nothing");
}

}  // namespace

bool Options::wants_peer(const std::string& name) const {
  if (setting.order != Order::chained) return name == "septet";
  return peers.empty() || std::find(peers.begin(), peers.end(), name) != peers.end();
}

PeerSettings Options::peer_settings(const std::string& name) const {
  const auto library = libraries.find(name);
  return {setting.threads, limit, library == libraries.end() ? "" : library->second};
}

std::vector<Shape> Options::shapes() const {
  std::vector<Shape> all;
  for (const std::string& file : files) {
    for (const Shape& shape : read_shapes(shape_file(file))) {
      if (shape.name.find(filter) != std::string::npos) all.push_back(shape);
    }
  }
  if (all.empty()) throw std::runtime_error("no shape's name contains " + filter);
  return all;
}

int parse(int argc, char** argv, Options& options) {
  CLI::App app("Dense products of named shapes: Septet beside other libraries, in the same rounds");
  app.set_help_flag("-h,--help", "Say this and exit");
  app.get_formatter()->column_width(28);
  app.footer(kFooter);
  add_what(app, options);
  add_how(app, options);
  add_output(app, options);
  try {
    app.parse(argc, argv);
    for (const std::string& peer : options.peers) check_peer(peer);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.files.empty()) options.files.push_back("squares");
  options.measuring.threads = options.setting.threads;
  return -1;
}

}  // namespace septet::bench
