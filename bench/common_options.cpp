// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/common_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <stdexcept>

namespace septet::bench {
namespace {

// A path, or the name of one of ours.
std::string shape_file(const std::string& name) {
  return name.find_first_of("./") == std::string::npos ? std::string(SEPTET_SHAPES_DIR "/") + name + ".txt" : name;
}

void check_peer(const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw CLI::ValidationError("peer " + name, "want one of " + joined(known));
}

}  // namespace

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool CommonOptions::wants_peer(const std::string& name) const {
  if (setting.order != Order::chained) return name == "septet";
  return peers.empty() || std::find(peers.begin(), peers.end(), name) != peers.end();
}

PeerSettings CommonOptions::peer_settings(const std::string& name) const {
  const auto library = libraries.find(name);
  return {setting.threads, limit, library == libraries.end() ? "" : library->second};
}

std::vector<Shape> CommonOptions::shapes() const {
  std::vector<Shape> all;
  for (const std::string& file : files) {
    for (const Shape& shape : read_shapes(shape_file(file))) {
      if (shape.name.find(filter) != std::string::npos) all.push_back(shape);
    }
  }
  if (all.empty()) throw std::runtime_error("no shape's name contains " + filter);
  return all;
}

void add_shapes(CLI::App& app, CommonOptions& options, const std::string& default_file) {
  app.add_option("shapes", options.files, "Files of shapes, or names of files in bench/shapes")
      ->default_str(default_file);
  app.add_option("--filter", options.filter, "Only shapes whose name contains this")->type_name("TEXT");
}

void add_type(CLI::App& app, CommonOptions& options, const std::vector<std::string>& known) {
  app.add_option_function<std::string>(
         "--type",
         [&options, known](const std::string& name) {
           if (std::find(known.begin(), known.end(), name) == known.end()) {
             throw CLI::ValidationError("--type " + name, "want one of " + joined(known));
           }
           options.setting.types = types_named(name);
         },
         "Element types of A and B: " + joined(known))
      ->default_str("f32")
      ->type_name("TYPE");
  app.add_flag("--seven-bits", options.setting.seven_bits,
               "Bytes of half their range: without VNNI, some peers saturate beyond and are left out as wrong");
}

void add_threads(CLI::App& app, CommonOptions& options) {
  app.add_option("--threads", options.setting.threads, "Threads; one is pinned to a core")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->type_name("N");
}

void add_peers(CLI::App& app, CommonOptions& options, const std::vector<std::string>& known) {
  app.add_option_function<std::vector<std::string>>(
         "--peers",
         [&options, known](const std::vector<std::string>& names) {
           for (const std::string& name : names) check_peer(name, known);
           options.peers = names;
         },
         "Only these: " + joined(known))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  app.add_option_function<std::vector<std::string>>(
         "--library",
         [&options, known](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const std::size_t at = pair.find('=');
             if (at == std::string::npos) throw CLI::ValidationError("--library " + pair, "want peer=path");
             check_peer(pair.substr(0, at), known);
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
}

void add_rounds(CLI::App& app, CommonOptions& options) {
  app.add_option("--rounds", options.measuring.rounds, "Rounds per shape; long calls have at most five")
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

void add_output(CLI::App& app, CommonOptions& options) {
  app.add_option("--json", options.json, "Write everything that was measured to this file")->type_name("FILE");
  app.add_flag("--list", options.list, "Show the libraries found, and measure nothing");
}

int parse(CLI::App& app, int argc, char** argv, CommonOptions& options) {
  app.set_help_flag("-h,--help", "Say this and exit");
  app.get_formatter()->column_width(28);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.measuring.threads = options.setting.threads;
  return -1;
}

}  // namespace septet::bench
