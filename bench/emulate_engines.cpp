// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/emulate_bench.hpp"
#include "bench/emulate_run.hpp"
#include "bench/measure.hpp"
#include "bench/session.hpp"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

// The engines take turns, round by round.
std::vector<Rounds> time_engines(EmulatedProduct& product, const std::vector<Engine>& engines, int rounds) {
  std::vector<Rounds> seconds(engines.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < engines.size(); ++i) {
      Candidate candidate;
      candidate.run = [&] { product.emulate(engines[i]); };
      seconds[i].push_back(glance(candidate, product.setting().threads));
    }
  }
  return seconds;
}

// One line of the table: the engines' rates on one product, in 10^9 PE-cycles per second.
void bench_setting(const EmulateOptions& options, const EmulatedSetting& setting, const std::vector<Engine>& engines,
                   nlohmann::json& results) {
  EmulatedProduct product(setting, options.zeros);
  std::vector<emulation::Report> reports;
  for (const Engine engine : engines) {
    reports.push_back(product.emulate(engine));
    product.check(engine, reports.back());
  }
  const std::vector<Rounds> seconds = time_engines(product, engines, options.rounds);
  fmt::print("{:<15} {:<8} {:<4} {:<4} {:>2} {:>12}", text(setting.shape), text(setting.array), name(setting.type),
             name(setting.dataflow), setting.threads, reports.front().cycles);
  for (const Engine engine : options.engines) {
    const auto at = static_cast<std::size_t>(std::find(engines.begin(), engines.end(), engine) - engines.begin());
    if (at == engines.size()) {
      fmt::print(" {:>10}", "-");
      continue;
    }
    const Spread spread = spread_of(seconds[at]);
    fmt::print(" {:>10.3f}", pe_cycles(reports[at]) / spread.median * 1e-9);
    nlohmann::json result = to_json(setting, engine, reports[at]);
    result["zeros"] = is_sparse(setting.dataflow) ? options.zeros : 0;
    result["seconds"] = spread.median;
    result["rounds"] = seconds[at];
    result["pe_cycles_per_s"] = pe_cycles(reports[at]) / spread.median;
    results.push_back(result);
  }
  fmt::print("\n");
  std::fflush(stdout);
}

const std::vector<Dataflow> kSeven = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                      Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

}  // namespace

nlohmann::json bench_engines(const EmulateOptions& options) {
  fmt::print(
      "\nEngines, 10^9 PE-cycles per second (processing elements times cycles over time); sparse: {:.0f} % zeros\n",
      options.zeros * 100);
  fmt::print("{:<15} {:<8} {:<4} {:<4} {:>2} {:>12}", "MxNxK", "array", "type", "", "T", "cycles");
  for (const Engine engine : options.engines) fmt::print(" {:>10}", name(engine));
  fmt::print("\n");
  nlohmann::json results = nlohmann::json::array();
  const auto products = or_else(options.products, {{"small", 256, 512, 768, 1}, {"large", 1024, 784, 1152, 1}});
  for (std::size_t p = 0; p < products.size(); ++p) {
    std::vector<Engine> engines = options.engines;
    if (p > 0) engines.erase(std::remove(engines.begin(), engines.end(), Engine::plain), engines.end());
    if (engines.empty()) continue;
    for (const ArrayShape& array : or_else(options.arrays, {{16, 16}, {32, 32}, {128, 128}})) {
      for (const Type type : or_else(options.types, {Type::s8, Type::f32})) {
        for (const int threads : or_else(options.threads, {1, 2})) {
          for (const Dataflow dataflow : or_else(options.dataflows, kSeven)) {
            bench_setting(options, {products[p], type, dataflow, array, threads}, engines, results);
          }
        }
      }
    }
  }
  return results;
}

nlohmann::json bench_network(const EmulateOptions& options) {
  EmulatedSetting setting;
  setting.type = or_else(options.types, {Type::s8}).front();
  setting.dataflow = or_else(options.dataflows, {Dataflow::dOS}).front();
  setting.array = or_else(options.arrays, {{32, 32}}).front();
  setting.threads = or_else(options.threads, {2}).front();
  const Engine engine = options.engines.front();
  const std::vector<Shape> layers = read_layers(options.layers);
  fmt::print("\n{}: {} layers, {}, {} on {}, {} thread(s), engine {}\n", options.layers, layers.size(),
             name(setting.type), name(setting.dataflow), text(setting.array), setting.threads, name(engine));

  const ProgressLine progress;
  nlohmann::json json = {{"layers", nlohmann::json::array()}};
  double seconds = 0, work = 0, macs = 0;
  Index cycles = 0;
  for (const Shape& layer : layers) {
    progress.show(layer.name);
    setting.shape = layer;
    EmulatedProduct product(setting, options.zeros);
    const auto begin = std::chrono::steady_clock::now();
    const emulation::Report report = product.emulate(engine);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    product.check(engine, report);
    nlohmann::json result = to_json(setting, engine, report);
    result["seconds"] = taken;
    json["layers"].push_back(result);
    seconds += taken, work += pe_cycles(report), macs += static_cast<double>(report.macs_issued);
    cycles += report.cycles;
  }
  progress.clear();
  fmt::print("{} cycles, {:.0f} MACs in {:.2f} s: {:.3f} x 10^9 PE-cycles per second\n", cycles, macs, seconds,
             work / seconds * 1e-9);
  json["cycles"] = cycles, json["macs_issued"] = macs, json["seconds"] = seconds, json["pe_cycles"] = work;
  json["pe_cycles_per_s"] = work / seconds;
  return json;
}

}  // namespace septet::bench
