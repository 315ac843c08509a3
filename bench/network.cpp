// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A whole network, made ready once (septet/network/session.hpp) and run again and again: what each layer takes, in a
// table; or as a worker that scripts/bench.sh network starts, beside other programs' workers.
//
//   bench_network model/index.json                     the table
//   bench_network model/index.json --serve             a worker (bench/serving.hpp), which takes these orders, too:
//     logits    all elements of the first output of a run
//     layers    the table as JSON
#include "bench/measure.hpp"
#include "bench/network_layers.hpp"
#include "bench/serving.hpp"
#include "bench/session.hpp"
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "septet/threads.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

namespace septet::bench {
namespace {

struct NetworkOptions {
  std::string index, json;
  std::vector<std::string> inputs;
  network::SessionOptions session;
  int threads = 1, runs = 20;
  std::uint32_t seed = 1;
  bool serve = false;
};

network::Tensor read_input(const std::string& path, const network::TensorInfo& info) {
  const network::Tensor file = io::read_tensor(path);
  if (file.info().type != info.type || file.info().shape != info.shape) {
    throw std::runtime_error(fmt::format("{} holds {} of {}; the network's {} is {} of {}", path,
                                         name(file.info().type), io::shape_text(file.info().shape), info.name,
                                         name(info.type), io::shape_text(info.shape)));
  }
  network::Tensor tensor(info);
  std::memcpy(tensor.data(), file.data(), file.bytes());
  return tensor;
}

// Normal numbers, or all bytes there are.
network::Tensor random_input(const network::TensorInfo& info, std::mt19937& random) {
  network::Tensor tensor(info);
  if (info.type == Type::f32) {
    std::normal_distribution<float> normal;
    for (Index i = 0; i < info.elements(); ++i) tensor.as<float>()[i] = normal(random);
  } else if (info.type == Type::s8 || info.type == Type::u8) {
    for (Index i = 0; i < info.elements(); ++i) tensor.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(random());
  } else {
    throw std::runtime_error(fmt::format("input {} is {}: name a file with --input", info.name, name(info.type)));
  }
  return tensor;
}

std::vector<network::Tensor> inputs_of(const network::Network& network, const NetworkOptions& options) {
  if (!options.inputs.empty() && options.inputs.size() != network.inputs.size()) {
    throw std::runtime_error(
        fmt::format("{} times --input; the network has {} inputs", options.inputs.size(), network.inputs.size()));
  }
  std::mt19937 random(options.seed);
  std::vector<network::Tensor> inputs;
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    const network::TensorInfo& info = network.tensors[static_cast<std::size_t>(network.inputs[i])];
    inputs.push_back(options.inputs.empty() ? random_input(info, random) : read_input(options.inputs[i], info));
  }
  return inputs;
}

class Runner {
 public:
  explicit Runner(const NetworkOptions& options)
      : session_(io::read_network(options.index), options.session), inputs_(inputs_of(session_.network(), options)) {
    for (const network::Tensor& input : inputs_) pointers_.push_back(&input);
  }

  const std::vector<network::Tensor>& run() { return session_.run(pointers_); }

  std::string logits() {
    const network::Tensor& output = run().at(0);
    if (output.info().type != Type::f32) throw std::runtime_error("the first output is not f32");
    std::string text;
    for (Index i = 0; i < output.info().elements(); ++i) {
      text += fmt::format("{}{:.9g}", i == 0 ? "" : " ", output.as<float>()[i]);
    }
    return text;
  }

  std::vector<LayerTime> layers(int runs) { return layer_times(session_, pointers_, runs); }

 private:
  network::Session session_;
  std::vector<network::Tensor> inputs_;
  std::vector<const network::Tensor*> pointers_;
};

void take_orders(Runner& runner, const NetworkOptions& options) {
  serve({[&] { runner.run(); },
         options.threads,
         {{"logits", [&](const std::string& /*rest*/) { return runner.logits(); }},
          {"layers", [&](const std::string& /*rest*/) { return to_json(runner.layers(options.runs)).dump(); }}}});
}

void show(Runner& runner, const NetworkOptions& options) {
  const std::vector<LayerTime> layers = runner.layers(options.runs);
  fmt::print("{}, {} thread{}, medians of {} runs\n\n{}", options.index, options.threads,
             options.threads == 1 ? "" : "s", options.runs, table_of(layers));
  if (!options.json.empty()) write_json({{"threads", options.threads}, {"layers", to_json(layers)}}, options.json);
}

network::WeightForm form_named(const std::string& text) {
  for (const auto form : {network::WeightForm::dense, network::WeightForm::sparse}) {
    if (text == name(form)) return form;
  }
  return network::WeightForm::automatic;
}

void add_options(CLI::App& app, NetworkOptions& options) {
  app.set_help_flag("-h,--help", "Say this and exit");
  app.add_option("index", options.index, "index.json of a network, or its folder")->required()->type_name("FILE");
  app.add_option("--input", options.inputs, "An .npy file per input; without, seeded random numbers")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--seed", options.seed, "Of random inputs")->capture_default_str()->type_name("N");
  app.add_option_function<std::string>(
         "--weights", [&options](const std::string& name) { options.session.weights = form_named(name); },
         "Form of weights")
      ->check(CLI::IsMember({"auto", "dense", "sparse"}))
      ->default_str("auto")
      ->type_name("FORM");
  app.add_flag("!--no-fuse", options.session.fuse, "Additions as steps of their own");
  app.add_option("--threads", options.threads, "Threads; one is pinned to a core, unless --serve")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--runs", options.runs, "Runs whose medians the table shows")
      ->check(CLI::Range(1, kMostRuns))
      ->capture_default_str()
      ->type_name("N");
  CLI::Option* serve = app.add_flag("--serve", options.serve, "Take orders from stdin: run N, logits, layers, quit");
  app.add_option("--json", options.json, "Write the table to this file")->type_name("FILE")->excludes(serve);
}

int run(const NetworkOptions& options) {
  if (!options.serve) pin(options.threads);
  if (const Status status = set_threads(options.threads); !status.ok()) throw Error(status);
  Runner runner(options);
  runner.run();
  options.serve ? take_orders(runner, options) : show(runner, options);
  return 0;
}

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) {
  septet::bench::NetworkOptions options;
  CLI::App app("A whole network: what each layer takes on this CPU");
  septet::bench::add_options(app, options);
  try {
    app.parse(argc, argv);
    return septet::bench::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_network: {}\n", error.what());
    return 2;
  }
}
