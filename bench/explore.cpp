// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search over designs: how many in a second, over a network of which a table has the layers. A sample of the points
// is compared with cost(), layer by layer.
#include "septet/network/explore.hpp"
#include "src/io/layer_table.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <ctime>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace septet::bench {
namespace {

using network::Buffers;
using network::DesignPoint;
using network::Explorer;
using network::Sweep;

constexpr Index kKib = 1024;

Sweep all_dataflows() {
  Sweep sweep;
  sweep.sparsities = {-1, 0.8};
  sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS, Dataflow::dIS,
                     Dataflow::sOS,       Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};
  return sweep;
}

// 5 arrays, dense and 80 % zeros, 25 buffers, 5 bandwidths, 8 dataflows: 10,000 designs.
Sweep typical() {
  Sweep sweep = all_dataflows();
  sweep.arrays = {{8, 8}, {16, 16}, {32, 32}, {64, 64}, {128, 128}};
  sweep.buffers.clear();
  for (Index a = 1; a <= 5; ++a) {
    for (Index b = 1; b <= 5; ++b) sweep.buffers.push_back({a * 128 * kKib, b * 128 * kKib, 256 * kKib});
  }
  sweep.bandwidths = {8, 16, 32, 64, 128};
  return sweep;
}

// Every design chooses layer by layer: 5 arrays, dense and 80 % zeros, 200 buffers, 5 bandwidths.
Sweep automatic() {
  Sweep sweep = typical();
  sweep.dataflows = {Dataflow::automatic};
  sweep.buffers.clear();
  for (Index a = 1; a <= 20; ++a) {
    for (Index b = 1; b <= 10; ++b) sweep.buffers.push_back({a * 32 * kKib, b * 64 * kKib, 256 * kKib});
  }
  return sweep;
}

// Little in common: 125 arrays, dense and 80 % zeros, 5 buffers, 8 dataflows.
Sweep arrays() {
  Sweep sweep = all_dataflows();
  sweep.arrays.clear();
  for (Index height = 8; height <= 200; height += 8) {
    for (const Index width : {8, 16, 32, 64, 128}) sweep.arrays.push_back({height, width});
  }
  sweep.buffers.clear();
  for (Index size = 1; size <= 5; ++size) {
    sweep.buffers.push_back({size * 128 * kKib, size * 128 * kKib, size * 256 * kKib});
  }
  sweep.bandwidths = {32};
  return sweep;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// One in some hundreds, with another dataflow each time: cost() takes a while.
int compare_with_cost(const Explorer& explorer, const std::vector<std::vector<DesignPoint>>& machines) {
  constexpr std::size_t kEvery = 101;
  int compared = 0;
  for (std::size_t m = 0; m < machines.size(); m += kEvery) {
    const DesignPoint& point = machines[m][m % machines[m].size()];
    std::vector<network::LayerCost> costs;
    const Status status = explorer.layers(point.design, costs);
    Index cycles = 0;
    for (const network::LayerCost& cost : costs) cycles += cost.cycles;
    if (status.ok() != point.infeasible.empty() || cycles != point.cycles) {
      throw std::runtime_error(
          fmt::format("design {}: {} cycles, and cost() says {}", point.design.index, point.cycles, cycles));
    }
    ++compared;
  }
  return compared;
}

nlohmann::json explore(const std::string& name, const Sweep& sweep, const std::vector<network::Layer>& layers,
                       int threads) {
  std::vector<std::vector<DesignPoint>> machines(static_cast<std::size_t>(sweep.machines()));
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t cpu_begin = std::clock();
  const Explorer explorer(layers, sweep);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (Index i = 0; i < sweep.machines(); ++i) explorer.evaluate(i, machines[static_cast<std::size_t>(i)]);
  const double seconds = seconds_since(begin);
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  std::vector<DesignPoint> points;
  for (const auto& machine : machines) points.insert(points.end(), machine.begin(), machine.end());
  const std::size_t pareto = network::pareto_set(points).size();
  const double rate = static_cast<double>(sweep.designs()) / seconds;
  fmt::print(
      "{:10} {:6} designs in {:7.3f} s, {:8.0f} per second; {:.2f} s of all cores; {} in the Pareto set; {} as cost() "
      "has them\n",
      name, sweep.designs(), seconds, rate, cpu_seconds, pareto, compare_with_cost(explorer, machines));
  std::fflush(stdout);
  return {{"designs", sweep.designs()},
          {"seconds", seconds},
          {"cpu_seconds", cpu_seconds},
          {"designs_per_second", rate},
          {"pareto", pareto}};
}

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) {
  using namespace septet;
  std::string table, json;
  int threads = omp_get_num_procs();
  CLI::App app{"The search over designs: designs per second, patterns and all, from a standing start"};
  app.footer("Example: bench_explore resnet50_v1.5_fwd.csv --threads 2");
  app.add_option("table", table, "layers of a network, as septet network takes them")->required();
  app.add_option("--threads", threads, "all there are")->check(CLI::Range(1, 1024));
  app.add_option("--json", json, "where to write the figures");
  CLI11_PARSE(app, argc, argv);
  try {
    const std::vector<network::Layer> layers = io::read_layer_table(table).layers;
    fmt::print("{} layers, {} threads\n", layers.size(), threads);
    nlohmann::json report;
    report["typical"] = bench::explore("typical", bench::typical(), layers, threads);
    report["automatic"] = bench::explore("automatic", bench::automatic(), layers, threads);
    report["arrays"] = bench::explore("arrays", bench::arrays(), layers, threads);
    if (!json.empty() && !(std::ofstream(json) << report.dump(2) << "\n").flush()) {
      throw std::runtime_error(json + " cannot be written");
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_explore: {}\n", error.what());
    return 1;
  }
  return 0;
}
