// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How fast the emulated array is, and what it takes:
//
//   bench_emulate                    rates of the engines and of the closed form
//   bench_emulate network            ResNet-50, batch 1, every MAC with its value
//   bench_emulate memory             peak memory of one large product
//
// Every result is compared, bit for bit with septet::gemm and count for count with the closed form.
#include "bench/emulate_bench.hpp"
#include "bench/emulate_run.hpp"
#include "bench/session.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  bench_emulate engines --dataflows dOS,csOS --arrays 32x32 --types s8 --threads 1\n"
    "  bench_emulate closed --matrices pruned/ --json closed.json\n"
    "  bench_emulate network --engines registers --threads 2\n"
    "  bench_emulate memory --product 4096x4096x4096 --arrays 128x128\n"
    "Exit codes: 0 ok, 1 a result was wrong, 2 bad usage or bad input.";

// One list of names between commas; `all` says what they stand for.
template <class T>
void add_names(CLI::App& app, const std::string& flag, std::vector<T>& values, const std::vector<T>& all,
               const std::string& text) {
  std::map<std::string, T> known;
  std::string names;
  for (const T value : all) {
    known[name(value)] = value;
    names += (names.empty() ? "" : ", ") + std::string(name(value));
  }
  app.add_option_function<std::vector<std::string>>(
         flag,
         [&values, known, flag, names](const std::vector<std::string>& given) {
           values.clear();
           for (const std::string& one : given) {
             if (known.count(one) == 0) throw CLI::ValidationError(flag + " " + one, "want some of " + names);
             values.push_back(known.at(one));
           }
         },
         text + ": " + names)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
}

// "AxB…": as many numbers from 1 to `most` as there are places for.
bool read_sizes(const std::string& text, Index most, const std::vector<Index*>& sizes) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t end = text.find_first_not_of("0123456789", at);
    const std::string digits = text.substr(at, end == std::string::npos ? end : end - at);
    if (digits.empty() || digits.size() > 9) return false;
    *sizes[i] = std::stoll(digits);
    if (*sizes[i] < 1 || *sizes[i] > most) return false;
    const bool last = i + 1 == sizes.size();
    if (last != (end == std::string::npos) || (!last && text[end] != 'x')) return false;
    at = end + 1;
  }
  return true;
}

void add_sizes(CLI::App& app, EmulateOptions& options) {
  app.add_option_function<std::vector<std::string>>(
         "--arrays",
         [&options](const std::vector<std::string>& given) {
           for (const std::string& text : given) {
             ArrayShape array;
             if (!read_sizes(text, 65536, {&array.height, &array.width})) {
               throw CLI::ValidationError("--arrays " + text, "want HxW, each from 1 to 65536");
             }
             options.arrays.push_back(array);
           }
         },
         "Arrays: HxW, ...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("SHAPES");
  app.add_option_function<std::vector<std::string>>(
         "--product",
         [&options](const std::vector<std::string>& given) {
           for (const std::string& text : given) {
             Shape shape;
             shape.name = text;
             if (!read_sizes(text, 1 << 20, {&shape.m, &shape.n, &shape.k})) {
               throw CLI::ValidationError("--product " + text, "want MxNxK, each from 1 to 2^20");
             }
             options.products.push_back(shape);
           }
         },
         "Products: MxNxK, ...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("SHAPES");
}

struct Command {
  EmulateOptions options;
  std::vector<std::string> parts;
  std::string json;

  bool wants(const std::string& part) const { return std::find(parts.begin(), parts.end(), part) != parts.end(); }
};

void add_options(CLI::App& app, Command& command) {
  EmulateOptions& options = command.options;
  app.add_option("parts", command.parts, "engines, closed, network, memory; engines and closed if none is named")
      ->check(CLI::IsMember({"engines", "closed", "network", "memory"}));
  add_names(app, "--engines", options.engines, {Engine::registers, Engine::plan, Engine::plain},
            "Engines (network and memory take the first)");
  add_names(app, "--dataflows", options.dataflows,
            {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS},
            "Dataflows");
  add_names(app, "--types", options.types, {Type::s8, Type::f32}, "Types");
  add_sizes(app, options);
  app.add_option("--threads", options.threads, "Thread counts")->delimiter(',')->check(CLI::Range(1, 1024));
  app.add_option("--zeros", options.zeros, "Share of zeros in A, for the sparse dataflows")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Rounds; the medians count")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--layers", options.layers,
                 "Layers of network and closed: a file of shapes, or a name in bench/shapes")
      ->capture_default_str();
  app.add_option("--matrices", options.matrices, "Patterns for closed: .mtx and .smtx files in and below a directory");
  app.add_option("--json", command.json, "Write everything that was measured to this file")->type_name("FILE");
}

// Memory first, before the allocator has kept anything of the others.
nlohmann::json run(Command command) {
  if (command.parts.empty()) command.parts = {"engines", "closed"};
  nlohmann::json json;
  if (command.wants("memory")) json["memory"] = bench_memory(command.options);
  if (command.wants("engines")) json["engines"] = bench_engines(command.options);
  if (command.wants("closed")) json["closed"] = bench_closed_form(command.options);
  if (command.wants("network")) json["network"] = bench_network(command.options);
  return json;
}

}  // namespace

std::vector<Shape> read_layers(const std::string& name) {
  const bool is_path = name.find_first_of("./") != std::string::npos;
  return read_shapes(is_path ? name : SEPTET_SHAPES_DIR "/" + name + ".txt");
}

}  // namespace septet::bench

int main(int argc, char** argv) {
  septet::bench::Command command;
  CLI::App app("The emulated array: rates of its engines and of the closed form, and memory");
  app.footer(septet::bench::kFooter);
  septet::bench::add_options(app, command);
  try {
    app.parse(argc, argv);
    const nlohmann::json json = septet::bench::run(command);
    if (!command.json.empty()) septet::bench::write_json(json, command.json);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const septet::bench::WrongResult& error) {
    fmt::print(stderr, "bench_emulate: {}\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_emulate: {}\n", error.what());
    return 2;
  }
  return 0;
}
