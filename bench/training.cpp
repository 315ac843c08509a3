// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Steps of training of a whole network (septet/network/training.hpp): forward, loss, backward, update. What they take;
// or as a worker that scripts/bench.sh training starts, beside other programs' workers.
//
//   bench_training model/index.json --images images.npy --labels labels.npy             milliseconds
//   bench_training model/index.json --images images.npy --labels labels.npy --serve     a worker (bench/serving.hpp),
//   which takes this order, too:
//     gradients FOLDER    the loss, without an update; of every step's parameters a file FOLDER/STEP.NUMBER.npy
#include "septet/network/training.hpp"
#include "bench/measure.hpp"
#include "bench/serving.hpp"
#include "bench/session.hpp"
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "septet/threads.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <vector>

namespace septet::bench {
namespace {

struct Options {
  std::string index, images, labels;
  network::TrainingOptions training;
  int threads = 1, runs = 5;
  bool serve = false;
};

class Trainer {
 public:
  explicit Trainer(const Options& options)
      : training_(io::read_network(options.index), options.training),
        images_(io::read_tensor(options.images)),
        labels_(io::read_tensor(options.labels)) {}

  void step() {
    accumulate();
    training_.update();
  }

  std::string gradients(const std::string& folder) {
    const double loss = accumulate();
    const network::Network& network = training_.network();
    for (std::size_t s = 0; s < network.steps.size(); ++s) {
      for (std::size_t p = 0; p < network::parameters_of(network.steps[s].op).size(); ++p) {
        io::StagedFile file(fmt::format("{}/{}.{}.npy", folder, network.steps[s].name, p));
        io::write_tensor(file, training_.gradient(s, p));
        file.commit();
      }
    }
    training_.clear();
    return fmt::format("{:.17g}", loss);
  }

 private:
  double accumulate() { return training_.accumulate({&images_}, labels_, labels_.info().elements()); }

  network::Training training_;
  network::Tensor images_, labels_;
};

void show(Trainer& trainer, const Options& options) {
  std::vector<double> ms;
  for (int i = 0; i < options.runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    trainer.step();
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  const Spread spread = spread_of(ms);
  fmt::print("{}, {} thread{}, {} steps: median {:.1f} ms, quartiles {:.1f} – {:.1f}\n", options.index, options.threads,
             options.threads == 1 ? "" : "s", options.runs, spread.median, spread.lower_quartile,
             spread.upper_quartile);
}

void add_options(CLI::App& app, Options& options) {
  app.set_help_flag("-h,--help", "Say this and exit");
  app.add_option("index", options.index, "index.json of a network of f32, or its folder")
      ->required()
      ->type_name("FILE");
  app.add_option("--images", options.images, "Its input, an .npy file")->required()->type_name("FILE");
  app.add_option("--labels", options.labels, "A class per image, an .npy file of s32")->required()->type_name("FILE");
  network::Sgd& sgd = options.training.sgd;
  app.add_option("--learning-rate", sgd.learning_rate, "Of the update")->capture_default_str()->type_name("X");
  app.add_option("--momentum", sgd.momentum, "Of the update")->capture_default_str()->type_name("X");
  app.add_option("--weight-decay", sgd.weight_decay, "Of the update")->capture_default_str()->type_name("X");
  app.add_option("--threads", options.threads, "Threads; one is pinned to a core, unless --serve")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--runs", options.runs, "Steps, after one that is not counted")
      ->check(CLI::Range(1, kMostRuns))
      ->capture_default_str()
      ->type_name("N");
  app.add_flag("--serve", options.serve, "Take orders from stdin: run N, gradients FOLDER, quit");
}

int run(const Options& options) {
  if (!options.serve) pin(options.threads);
  if (const Status status = set_threads(options.threads); !status.ok()) throw Error(status);
  Trainer trainer(options);
  if (options.serve) {
    serve({[&] { trainer.step(); }, options.threads, {{"gradients", [&](const std::string& folder) {
                                                         return trainer.gradients(folder);
                                                       }}}});
    return 0;
  }
  trainer.step();
  show(trainer, options);
  return 0;
}

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) {
  septet::bench::Options options;
  CLI::App app("Steps of training of a whole network on this CPU");
  septet::bench::add_options(app, options);
  try {
    app.parse(argc, argv);
    return septet::bench::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_training: {}\n", error.what());
    return 2;
  }
}
