// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search over public networks of which only shapes are known.
#include "random_sweep.hpp"
#include "septet/network/training_cost.hpp"
#include "src/io/layer_table.hpp"

#include <filesystem>

namespace septet::network::explore_test {
namespace {

namespace fs = std::filesystem;

std::vector<Layer> table(const std::string& name, const io::TableOptions& options = {}) {
  const fs::path path = fs::path(SEPTET_SHARED_DIR) / "workloads" / name;
  if (!fs::exists(path)) {
    MESSAGE("no " << path.string());
    return {};
  }
  return io::read_layer_table(path.string(), options).layers;
}

io::TableOptions pruned(double sparsity) {
  io::TableOptions options;
  options.batch = 2, options.tokens = 8, options.compression.sparsity = sparsity;
  return options;
}

// In two micro-batches.
std::vector<Layer> step_of(const std::vector<Layer>& forward) {
  std::vector<TrainingLayer> step;
  REQUIRE(training_step(forward, {2, false}, step).ok());
  std::vector<Layer> layers;
  for (TrainingLayer& part : step) layers.push_back(std::move(part.layer));
  return layers;
}

// The generic split comes first.
void check_splits(const std::string& name, double at_least) {
  CAPTURE(name);
  const std::vector<Layer> layers = table(name);
  if (layers.empty()) return;
  Sweep sweep;
  sweep.arrays = {{32, 32}};
  sweep.buffers = splits_of(384 << 10, 8);
  sweep.bandwidths = {16};
  sweep.dataflows = {Dataflow::automatic, Dataflow::dOS};
  const std::vector<DesignPoint> points = all_points(Explorer(layers, sweep));
  for (std::size_t dataflow = 0; dataflow < 2; ++dataflow) {
    const Index generic = points[dataflow].cycles;
    Index best = generic;
    for (std::size_t i = dataflow; i < points.size(); i += 2) {
      CHECK(points[i].infeasible.empty());
      best = std::min(best, points[i].cycles);
    }
    const double gain = static_cast<double>(generic) / static_cast<double>(best);
    MESSAGE(name << ", " << std::string(septet::name(sweep.dataflows[dataflow])) << ": best split " << best
                 << " cycles, generic " << generic << ", " << gain << " times as many");
    CHECK(gain >= at_least);
  }
}

}  // namespace

TEST_CASE("explore: the best split of the memory is never slower than the generic one") {
  check_splits("resnet50_v1.5_fwd.csv", 1);
  check_splits("resnet50_v1.5_train_b32.csv", 1);
}

TEST_CASE("explore: ResNet-50, layer by layer is never slower than one dataflow for all, and equals cost()") {
  const std::vector<Layer> layers = table("resnet50_v1.5_fwd.csv");
  if (layers.empty()) return;
  Sweep sweep;
  sweep.buffers = {{256 << 10, 128 << 10, 256 << 10}};  // of docs/memory.md
  sweep.arrays = {{32, 32}};
  sweep.bandwidths = {32};
  sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS, Dataflow::dIS};
  CostOptions options;
  options.array.timing = Timing::overlapped;
  const Explorer explorer(layers, sweep, options);
  const std::vector<DesignPoint> points = all_points(explorer);
  CHECK(points[1].cycles == 5495677);  // docs/memory.md
  CHECK(points[2].cycles == 11145462);
  CHECK(points[3].cycles == 7532568);
  for (std::size_t i = 1; i < points.size(); ++i) CHECK(points[0].cycles <= points[i].cycles);
  std::vector<LayerCost> costs;
  REQUIRE(explorer.layers(points[0].design, costs).ok());
  Index cycles = 0;
  for (const LayerCost& cost : costs) cycles += cost.cycles;
  CHECK(cycles == points[0].cycles);
}

// With one dataflow each: cost() looks at all weights.
TEST_CASE("explore: a sparsity has the zeros that septet network --weight-sparsity has: GPT-2") {
  const io::TransformerModel gpt2 = io::transformer_by_name("gpt2");
  check_same_zeros(io::transformer_layers("gpt2", gpt2, pruned(0)).layers,
                   io::transformer_layers("gpt2", gpt2, pruned(0.8)).layers, 0.8, {Dataflow::sWS});
}

TEST_CASE("explore: a sparsity has the zeros that septet network --weight-sparsity has: ResNet-50") {
  const std::vector<Layer> dense = table("resnet50_v1.5_fwd.csv", pruned(0));
  if (dense.empty()) return;
  check_same_zeros(dense, table("resnet50_v1.5_fwd.csv", pruned(0.8)), 0.8, {Dataflow::sOS});
}

TEST_CASE("explore: a sparsity has the zeros that septet network --weight-sparsity has: a training step") {
  const std::vector<Layer> dense = table("mobilenet_v1_fwd.csv", pruned(0));
  if (dense.empty()) return;
  check_same_zeros(step_of(dense), step_of(table("mobilenet_v1_fwd.csv", pruned(0.8))), 0.8, {Dataflow::sIS});
}

}  // namespace septet::network::explore_test
