// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole networks: on the CPU as step by step, on the array the same bits in as many cycles as cost() says; what
// automatic chooses; what is refused.
#include "septet/network/run.hpp"

#include "random_network.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace septet::network {
namespace {

using namespace septet::support;

std::vector<LayerCost> costs_of(const Network& network, const CostOptions& options, Index weight_bits = 0) {
  std::vector<LayerCost> costs;
  for (Layer layer : layers_of(network, options.vector)) {
    if (layer.weights.data != nullptr) layer.weight_bits = weight_bits;
    LayerCost one;
    const Status status = cost(layer, options, one);
    REQUIRE_MESSAGE(status.ok(), status.to_string());
    costs.push_back(std::move(one));
  }
  return costs;
}

CostOptions random_options(Rng& rng) {
  CostOptions options;
  options.gemm.array = {rng.between(1, 9), rng.between(1, 9)};
  options.array.timing = rng.pick({Timing::serial, Timing::overlapped, Timing::scalesim});
  options.vector.lanes = rng.between(1, 20);
  return options;
}

bool equal(const Tensor& left, const Tensor& right) {
  return left.info().type == right.info().type && left.info().shape == right.info().shape &&
         std::memcmp(left.data(), right.data(), left.bytes()) == 0;
}

// Outputs and sums of every step, one execute() after the other: what run() has to see.
struct Values {
  std::vector<Tensor> outputs, sums;  // by step; sums of products alone
};
Values step_by_step(const Network& network, const Tensor& input) {
  Values values;
  std::vector<Tensor> all(network.tensors.size());
  all[static_cast<std::size_t>(network.inputs[0])] = input;
  for (const Step& step : network.steps) {
    std::vector<const Tensor*> x;
    for (const Index tensor : step.inputs) x.push_back(&all[static_cast<std::size_t>(tensor)]);
    Tensor y(network.tensors[static_cast<std::size_t>(step.output)]), sums;
    execute(step, x, y, {}, product_of(network, step).count > 0 ? &sums : nullptr);
    values.outputs.push_back(y), values.sums.push_back(std::move(sums));
    all[static_cast<std::size_t>(step.output)] = std::move(y);
  }
  return values;
}

void check_run(const Network& network, const Tensor& input, const RunOptions& options,
               const std::vector<LayerCost>& costs, const Values& want) {
  std::size_t seen = 0;
  std::vector<LayerRun> runs;
  const auto observer = [&](const Step& step, const std::vector<const Tensor*>& x, const Tensor& y,
                            const Tensor* sums) {
    INFO(step.name << " " << name(step.op));
    REQUIRE(seen < network.steps.size());
    CHECK(&step == &network.steps[seen]);
    CHECK(x.size() == step.inputs.size());
    CHECK(equal(y, want.outputs[seen]));
    CHECK((sums != nullptr) == !want.sums[seen].empty());
    if (sums != nullptr) CHECK(equal(*sums, want.sums[seen]));
    ++seen;
  };
  const std::vector<Tensor> outputs = run(network, {&input}, options, costs, runs, observer);
  CHECK(seen == network.steps.size());
  REQUIRE(outputs.size() == 1);
  CHECK(equal(outputs[0], want.outputs.back()));
  RunOptions without_sums = options;
  without_sums.sums = false;
  const std::vector<Tensor> unobserved = run(network, {&input}, without_sums, costs, runs,
                                             [](const Step&, const std::vector<const Tensor*>&, const Tensor&,
                                                const Tensor* sums) { CHECK(sums == nullptr); });
  CHECK(equal(unobserved[0], want.outputs.back()));
  REQUIRE(runs.size() == network.steps.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const emulation::Report& counted = runs[i].array;
    if (options.executor == Executor::cpu) {
      CHECK(counted.cycles == 0);
      continue;
    }
    INFO(network.steps[i].name << " " << septet::name(costs[i].dataflow));
    CHECK(counted.cycles == costs[i].array.cycles);
    CHECK(counted.folds == costs[i].array.folds);
    CHECK(counted.macs_issued == costs[i].array.macs_issued);
    CHECK(counted.reads_a_words == costs[i].array.reads_a_words);
    CHECK(counted.reads_b_words == costs[i].array.reads_b_words);
    CHECK(counted.reads_c_words == costs[i].array.reads_c_words);
    CHECK(counted.writes_c_words == costs[i].array.writes_c_words);
  }
}

}  // namespace

TEST_CASE("run: random networks have equal bits on CPU and array, and the array's cycles are cost()'s") {
  const std::uint64_t seed = 81;
  Rng rng(seed);
  for (int i = 0; i < problem_count(150); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = random_network(rng);
    const Status status = validate(network);
    REQUIRE_MESSAGE(status.ok(), status.to_string());
    const Tensor input = random_tensor(rng, network.tensors[static_cast<std::size_t>(network.inputs[0])]);
    const Values want = step_by_step(network, input);
    RunOptions options{Executor::cpu, random_options(rng), true};
    if (rng.chance(0.7)) options.cost.gemm.dataflow = static_cast<Dataflow>(rng.between(1, 7));
    if (rng.chance(0.5)) options.cost.array.bandwidth = rng.between(1, 16);
    const std::vector<LayerCost> costs = costs_of(network, options.cost, rng.chance(0.5) ? 0 : rng.between(1, 8));
    check_run(network, input, options, costs, want);
    options.executor = Executor::array;
    check_run(network, input, options, costs, want);
  }
}

TEST_CASE("cost: automatic takes as many cycles as the best dataflow of the layer, so never more than a single one") {
  const std::uint64_t seed = 82;
  Rng rng(seed);
  bool chosen[8] = {};
  for (int i = 0; i < problem_count(100); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = random_network(rng);
    CostOptions options = random_options(rng);
    const std::vector<LayerCost> automatic = costs_of(network, options);
    std::vector<Index> best(automatic.size(), std::numeric_limits<Index>::max());
    Index total = 0, best_single = std::numeric_limits<Index>::max();
    for (int d = 1; d < 8; ++d) {
      options.gemm.dataflow = static_cast<Dataflow>(d);
      const std::vector<LayerCost> fixed = costs_of(network, options);
      Index sum = 0;
      for (std::size_t s = 0; s < fixed.size(); ++s) {
        const bool product = product_of(network, network.steps[s]).count > 0;
        CHECK(fixed[s].dataflow == (product ? static_cast<Dataflow>(d) : Dataflow::automatic));
        best[s] = std::min(best[s], fixed[s].cycles), sum += fixed[s].cycles;
      }
      best_single = std::min(best_single, sum);
    }
    for (std::size_t s = 0; s < automatic.size(); ++s) {
      CHECK(automatic[s].cycles == best[s]);
      total += automatic[s].cycles;
      chosen[static_cast<int>(automatic[s].dataflow)] = true;
    }
    CHECK(total <= best_single);
  }
  int different = 0;
  for (int d = 1; d < 8; ++d) different += chosen[d] ? 1 : 0;
  CHECK(different >= 3);
}

TEST_CASE("run: another arithmetic reaches every product, on CPU and array alike") {
  const std::uint64_t seed = 83;
  Rng rng(seed);
  int changed = 0;
  for (int i = 0; i < problem_count(60); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = random_network(rng);
    const Tensor input = random_tensor(rng, network.tensors[static_cast<std::size_t>(network.inputs[0])]);
    RunOptions options{Executor::cpu, random_options(rng), true};
    options.cost.gemm.accumulator = {16, Overflow::clamp};
    options.cost.gemm.dataflow = Dataflow::dOS;
    const std::vector<LayerCost> costs = costs_of(network, options.cost);
    std::vector<Tensor> cpu;
    std::vector<LayerRun> runs;
    run(network, {&input}, options, costs, runs,
        [&](const Step&, const std::vector<const Tensor*>&, const Tensor& y, const Tensor*) { cpu.push_back(y); });
    options.executor = Executor::array;
    std::size_t s = 0;
    run(network, {&input}, options, costs, runs,
        [&](const Step& step, const std::vector<const Tensor*>&, const Tensor& y, const Tensor*) {
          INFO(step.name << " " << name(step.op));
          CHECK(equal(y, cpu[s++]));
        });
    options.executor = Executor::cpu, options.cost.gemm.dataflow = Dataflow::automatic;
    const std::vector<Tensor> by_default = run(network, {&input}, options, costs, runs);
    CHECK(equal(by_default[0], cpu.back()));
    const Values in_full = step_by_step(network, input);
    for (std::size_t t = 0; t < cpu.size(); ++t) changed += equal(cpu[t], in_full.outputs[t]) ? 0 : 1;
  }
  CHECK(changed > 0);
}

TEST_CASE("run: inputs that are none of the network's are refused") {
  Rng rng(84);
  const Network network = random_network(rng);
  const TensorInfo& info = network.tensors[static_cast<std::size_t>(network.inputs[0])];
  const RunOptions options;
  const std::vector<LayerCost> costs = costs_of(network, options.cost);
  const auto refused = [&](const std::vector<const Tensor*>& inputs, Cause cause, const char* argument) {
    std::vector<LayerRun> runs;
    try {
      run(network, inputs, options, costs, runs);
      FAIL("not refused");
    } catch (const Error& error) {
      CHECK(error.status().cause() == cause);
      CHECK(error.status().argument() == argument);
    }
  };
  const Tensor good(info);
  refused({}, Cause::bad_shape, "inputs");
  refused({&good, &good}, Cause::bad_shape, "inputs");
  TensorInfo other = info;
  ++other.shape[1];
  const Tensor larger(other);
  refused({&larger}, Cause::bad_shape, "inputs[0]");
  other = info, other.type = Type::f32;
  const Tensor floats(other);
  refused({&floats}, Cause::bad_type, "inputs[0]");
}

}  // namespace septet::network
