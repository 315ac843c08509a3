// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search over designs: every point is what cost() says of its layers, and what the registers of the array count.
#include "random_sweep.hpp"
#include "septet/emulation/emulate.hpp"
#include "septet/network/training_cost.hpp"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace septet::network::explore_test {
namespace {

bool equal(const DesignPoint& x, const DesignPoint& y) {
  return x.design.index == y.design.index && x.infeasible == y.infeasible && x.cycles == y.cycles &&
         x.cycles_vector == y.cycles_vector && x.energy_pj == y.energy_pj && x.area_mm2 == y.area_mm2 &&
         x.off_chip_bytes == y.off_chip_bytes && x.utilization == y.utilization;
}

// What a point has to be, from cost() alone.
DesignPoint summed(const Explorer& explorer, const Design& design, int& joined) {
  DesignPoint sum;
  sum.design = design;
  const CostOptions options = explorer.options(design);
  const Type type = design.precision.type;
  sum.area_mm2 = emulation::area(design.array, type, type, options.array.memory, options.vector.lanes).total_mm2();
  std::vector<LayerCost> costs;
  if (const Status status = explorer.layers(design, costs); !status.ok()) {
    sum.infeasible = status.to_string();
    return sum;
  }
  Index useful = 0, array_cycles = 0;
  for (const LayerCost& cost : costs) {
    const emulation::MemoryReport& m = cost.array.memory;
    sum.cycles += cost.cycles, sum.cycles_vector += cost.vector.cycles;
    sum.energy_pj += cost.energy_pj;
    sum.off_chip_bytes +=
        m.off_chip_reads_a_bytes + m.off_chip_reads_b_bytes + m.off_chip_reads_c_bytes + m.off_chip_writes_c_bytes;
    useful += cost.array.macs_useful, array_cycles += cost.array_cycles();
    joined += cost.joined;
  }
  const Index pes = design.array.height * design.array.width;
  if (array_cycles > 0) {
    sum.utilization = static_cast<double>(useful) / (static_cast<double>(pes) * static_cast<double>(array_cycles));
  }
  return sum;
}

Layer random_convolution(Rng& rng) {
  ConvolutionShape shape;
  Window& w = shape.window;
  shape.batch = 2, shape.groups = rng.between(1, 3);
  shape.inputs = shape.groups * rng.between(1, 6), shape.outputs = shape.groups * rng.between(1, 6);
  w.height = rng.between(1, 3), w.width = rng.between(1, 3);
  w.stride_h = rng.between(1, 2), w.stride_w = rng.between(1, 2);
  w.pad_top = w.pad_left = rng.below(w.height);
  shape.in_height = rng.between(3, 7), shape.in_width = rng.between(3, 7);
  Layer layer;
  layer.name = "convolution", layer.op = "convolution", layer.convolution = shape;
  layer.product = {shape.outputs / shape.groups, 2 * shape.out_height() * shape.out_width(),
                   shape.inputs / shape.groups * w.height * w.width, shape.groups};
  layer.parameters = layer.product.m * layer.product.k * shape.groups;
  return layer;
}

// A matrix of any type.
struct AnyMatrix {
  std::vector<std::byte> bytes;
  Matrix view;

  AnyMatrix(Type type, Index rows, Index cols)
      : bytes(static_cast<std::size_t>(rows * cols * size_of(type))), view(bytes.data(), type, rows, cols, cols, 1) {}
};

void fill_ones(AnyMatrix& matrix) {
  const auto fill = [&](auto one) {
    for (std::size_t at = 0; at < matrix.bytes.size(); at += sizeof(one))
      std::memcpy(&matrix.bytes[at], &one, sizeof(one));
  };
  switch (matrix.view.type) {
    case Type::f32:
      return fill(1.0F);
    case Type::f64:
      return fill(1.0);
    case Type::bf16:
      return fill(bf16(1.0F));
    case Type::f16:
      return fill(f16(1.0F));
    case Type::s16:
      return fill(std::int16_t{1});
    default:
      return fill(std::int8_t{1});
  }
}

// Cycles of one product on the array, register by register, stalls included.
Index emulated_cycles(Rng& rng, const ConstMatrix& a, Index n, const CostOptions& options) {
  AnyMatrix b(a.type, a.cols, n), c(accumulator_of(a.type), a.rows, n);
  for (std::byte& byte : b.bytes) byte = static_cast<std::byte>(rng.below(256));
  const emulation::Report report = emulation::emulate(a, b.view, c.view, options.gemm, options.array);
  return report.memory.system.given() ? report.memory.cycles_with_memory : report.cycles;
}

// The groups as blocks on the diagonal.
AnyMatrix on_diagonal(const Layer& layer) {
  const Product& p = layer.product;
  const Index size = size_of(layer.a_type);
  AnyMatrix joined(layer.a_type, p.count * p.m, p.count * p.k);
  for (Index row = 0; row < p.count * p.m; ++row) {
    const Index from = row / p.m * layer.weights_stride + row % p.m * p.k, to = row * p.count * p.k + row / p.m * p.k;
    std::memcpy(&joined.bytes[static_cast<std::size_t>(to * size)],
                static_cast<const std::byte*>(layer.weights.data) + from * size, static_cast<std::size_t>(p.k * size));
  }
  return joined;
}

Index emulated_layer(Rng& rng, const Layer& layer, const LayerCost& cost, CostOptions options) {
  const Product& p = layer.product;
  if (p.count == 0) return 0;
  options.gemm.dataflow = cost.dataflow;
  if (cost.joined) return emulated_cycles(rng, on_diagonal(layer).view, p.n, options);
  AnyMatrix ones(layer.a_type, p.m, p.k);
  fill_ones(ones);
  Index cycles = 0;
  for (Index i = 0; i < p.count; ++i) {
    ConstMatrix a = ones.view;
    if (layer.weights.data != nullptr) {
      a = layer.weights;
      a.data = static_cast<const std::byte*>(a.data) + i * layer.weights_stride * size_of(a.type);
    }
    cycles += emulated_cycles(rng, a, p.n, options);
  }
  return cycles;
}

}  // namespace

TEST_CASE("explore: points are the sums of cost() over the layers, to the last bit") {
  int feasible = 0, infeasible = 0, joined = 0;
  for (int round = 0; round < support::problem_count(20); ++round) {
    const std::uint64_t seed = 90100 + static_cast<std::uint64_t>(round);
    Rng rng(seed);
    const Explorer explorer(random_layers(rng, 30), random_sweep(rng), random_options(rng));
    for (const DesignPoint& point : all_points(explorer)) {
      INFO("seed ", seed, ", ", text(point.design));
      const DesignPoint expected = summed(explorer, design_of(explorer.sweep(), point.design.index), joined);
      CHECK(point.infeasible == expected.infeasible);
      CHECK(point.cycles == expected.cycles);
      CHECK(point.energy_pj == expected.energy_pj);
      REQUIRE(equal(point, expected));
      ++(point.infeasible.empty() ? feasible : infeasible);
    }
  }
  MESSAGE(feasible << " feasible designs, " << infeasible << " others, " << joined << " layers of joined groups");
  CHECK(feasible > 0);
  CHECK(infeasible > 0);
  CHECK(joined > 0);
}

TEST_CASE("explore: points of small layers have the cycles that the array's registers count, stalls included") {
  int emulated = 0, stalled = 0;
  for (int round = 0; round < support::problem_count(200); ++round) {
    const std::uint64_t seed = 90200 + static_cast<std::uint64_t>(round);
    Rng rng(seed);
    const Explorer explorer(random_layers(rng, 14), random_sweep(rng), random_options(rng));
    std::vector<DesignPoint> points;
    explorer.evaluate(rng.below(explorer.sweep().machines()), points);
    for (const DesignPoint& point : points) {
      INFO("seed ", seed, ", ", text(point.design));
      std::vector<LayerCost> costs;
      const Status status = explorer.layers(point.design, costs);
      CHECK(status.ok() == point.infeasible.empty());
      if (!status.ok()) continue;
      const std::vector<Layer> layers = explorer.network(point.design);
      Index cycles = point.cycles_vector;
      for (std::size_t i = 0; i < layers.size(); ++i) {
        cycles += emulated_layer(rng, layers[i], costs[i], explorer.options(point.design));
        stalled += costs[i].array.memory.chosen.cycles_stall_memory > 0;
      }
      REQUIRE(cycles == point.cycles);
      ++emulated;
    }
  }
  MESSAGE(emulated << " designs, " << stalled << " layers with stalls");
  CHECK(emulated > 0);
  CHECK(stalled > 0);
}

TEST_CASE("explore: whatever the threads and the order, the same points") {
  for (int round = 0; round < support::problem_count(10); ++round) {
    const std::uint64_t seed = 90300 + static_cast<std::uint64_t>(round);
    CAPTURE(seed);
    Rng rng(seed);
    const std::vector<Layer> layers = random_layers(rng, 30);
    const Sweep sweep = random_sweep(rng);
    const CostOptions options = random_options(rng);
    const std::vector<DesignPoint> expected = all_points(Explorer(layers, sweep, options));
    const Explorer shared(layers, sweep, options);
    std::vector<std::vector<DesignPoint>> by_machine(static_cast<std::size_t>(sweep.machines()));
#pragma omp parallel for num_threads(4) schedule(dynamic, 1)
    for (Index i = 0; i < sweep.machines(); ++i) {
      const Index machine = sweep.machines() - 1 - i;
      shared.evaluate(machine, by_machine[static_cast<std::size_t>(machine)]);
    }
    std::size_t at = 0;
    for (const std::vector<DesignPoint>& points : by_machine) {
      for (const DesignPoint& point : points) REQUIRE(equal(point, expected[at++]));
    }
    CHECK(at == expected.size());
  }
}

TEST_CASE("explore: machines that are not of the sweep") {
  int others = 0;
  for (int round = 0; round < support::problem_count(10); ++round) {
    const std::uint64_t seed = 90350 + static_cast<std::uint64_t>(round);
    CAPTURE(seed);
    Rng rng(seed);
    const std::vector<Layer> layers = random_layers(rng, 30);
    const CostOptions options = random_options(rng);
    const Sweep sweep = random_sweep(rng);
    Sweep elsewhere = random_sweep(rng);
    elsewhere.sparsities = sweep.sparsities, elsewhere.seed = sweep.seed, elsewhere.dataflows = sweep.dataflows;
    const std::vector<DesignPoint> expected = all_points(Explorer(layers, elsewhere, options));
    const Explorer explorer(layers, sweep, options);
    std::vector<DesignPoint> points;
    for (Index machine = elsewhere.machines(); machine-- > 0;) {
      const Index first = machine * static_cast<Index>(sweep.dataflows.size());
      explorer.evaluate(design_of(elsewhere, first), points);
      for (std::size_t i = 0; i < sweep.dataflows.size(); ++i) {
        REQUIRE(
            equal(points[points.size() - sweep.dataflows.size() + i], expected[static_cast<std::size_t>(first) + i]));
      }
      ++others;
    }
    Design refused = design_of(elsewhere, 0);
    refused.array.height = 0;
    CHECK_THROWS_AS(explorer.evaluate(refused, points), Error);
    refused = design_of(elsewhere, 0);
    refused.sparsity = 0.123;
    CHECK_THROWS_AS(explorer.evaluate(refused, points), Error);
  }
  CHECK(others > 0);
}

// Of a training step, too: its data gradients have the zeros of the weights and those between phases.
TEST_CASE("explore: a sparsity has the zeros that compress() makes") {
  int strided = 0;
  for (int round = 0; round < support::problem_count(40); ++round) {
    const std::uint64_t seed = 90450 + static_cast<std::uint64_t>(round);
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<Layer> dense, pruned;
    Compression how;
    how.sparsity = rng.unit();
    for (Index i = rng.between(1, 4); i > 0; --i) {
      dense.push_back(random_convolution(rng)), pruned.push_back(dense.back());
      dense.back().prunable = i == 1 || rng.chance(0.8);
      if (dense.back().prunable) REQUIRE(compress(pruned.back(), how).ok());
      strided += dense.back().convolution->window.stride_h > 1;
    }
    const auto step_of = [](const std::vector<Layer>& forward) {
      std::vector<TrainingLayer> step;
      REQUIRE(training_step(forward, {2, false}, step).ok());
      std::vector<Layer> layers;
      for (TrainingLayer& part : step) layers.push_back(std::move(part.layer));
      return layers;
    };
    check_same_zeros(dense, pruned, how.sparsity, {Dataflow::automatic, Dataflow::csOS});
    check_same_zeros(step_of(dense), step_of(pruned), how.sparsity, {Dataflow::automatic, Dataflow::csOS});
  }
  CHECK(strided > 0);
}

TEST_CASE("explore: machines with and without buffers share an array's folds") {
  Layer layer;
  layer.product = {20, 30, 40, 2};
  Sweep sweep;
  sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS};
  Design without;
  without.array = {8, 8};
  Design with = without;
  with.buffers = {256, 256, 256}, with.bandwidth = 2;
  const auto fresh = [&](const Design& machine) {
    std::vector<DesignPoint> points;
    Explorer({layer}, sweep).evaluate(machine, points);
    return points;
  };
  for (const auto& order : {std::vector<Design>{without, with, without}, std::vector<Design>{with, without, with}}) {
    const Explorer shared({layer}, sweep);
    for (const Design& machine : order) {
      std::vector<DesignPoint> points;
      shared.evaluate(machine, points);
      const std::vector<DesignPoint> expected = fresh(machine);
      CHECK(std::equal(points.begin(), points.end(), expected.begin(), expected.end(), equal));
      for (const DesignPoint& point : points) CHECK((point.off_chip_bytes > 0) == (machine.bandwidth > 0));
    }
  }
  CHECK(fresh(with)[0].cycles > fresh(without)[0].cycles);
}

TEST_CASE("explore: totals beyond 64 bits") {
  constexpr Index kMost = std::numeric_limits<Index>::max();
  Sweep sweep;
  sweep.arrays = {{1, 1}}, sweep.dataflows = {Dataflow::dWS};  // one PE: nothing else is more than the cycles
  const auto infeasible = [&](const std::vector<Layer>& layers) {
    const Explorer explorer(layers, sweep);
    std::vector<DesignPoint> points;
    explorer.evaluate(0, points);
    return points[0].infeasible;
  };
  Layer layer;
  layer.product = {16, 16, 16, 1};
  const CostOptions options = Explorer({layer}, sweep).options(design_of(sweep, 0));
  LayerCost once, cost_of_layer;
  REQUIRE(cost(layer, options, once).ok());
  layer.repeats = kMost / once.cycles;
  CHECK(infeasible({layer}).empty());
  CHECK(infeasible({layer, layer}) == "layer: totals beyond 64 bits");
  layer.repeats += 1;
  CHECK(infeasible({layer}) == "layer: totals beyond 64 bits");
  CHECK(cost(layer, options, cost_of_layer).to_string() == "layer: totals beyond 64 bits");
  layer.repeats = 1, layer.product.count = kMost / once.cycles + 1;  // in a layer's own sum
  CHECK(infeasible({layer}) == "layer: totals beyond 64 bits");
  CHECK(cost(layer, options, cost_of_layer).cause() == Cause::bad_shape);
  Layer vector;
  vector.vector.simple_operations = 1 << 20, vector.repeats = kMost >> 19;
  CHECK(infeasible({vector, vector, vector, vector, vector, vector, vector, vector, vector}) ==
        "layer: totals beyond 64 bits");
  CHECK(cost(vector, options, cost_of_layer).to_string() == "layer: totals beyond 64 bits");
}

TEST_CASE("explore: more weights than a pattern is kept of") {
  Layer layer;
  layer.name = "huge", layer.product = {(Index{1} << 14) + 1, 1, Index{1} << 14, 1};
  layer.prunable = true;
  Sweep sweep;
  CHECK_NOTHROW(Explorer({layer}, sweep));
  sweep.sparsities = {-1, 0.5};
  const auto refused = [&](const char* part) {
    try {
      Explorer({layer}, sweep);
      FAIL("is taken");
    } catch (const Error& error) {
      CHECK(error.status().cause() == Cause::bad_shape);
      CHECK(error.status().argument() == "sweep.sparsities");
      CHECK_MESSAGE(error.status().message().find(part) != std::string::npos, error.status().message());
    }
  };
  refused("huge has 16385 x 16384 weights: a pattern of zeros is made for up to 268435456");
  layer.product = {1 << 13, 1, (1 << 13) + 1, 1}, layer.data_gradient_of.emplace();
  CHECK_NOTHROW(Explorer({layer}, sweep));
  layer.data_gradient_of->window.height = 3;
  refused("up to 67108864");
}

TEST_CASE("explore: seeded weights") {
  Layer layer;
  layer.product = {40, 8, 50, 2}, layer.prunable = true;
  Layer wider = layer, attention = layer;
  wider.product.n = 9, wider.product.count = 3, attention.prunable = false;
  Sweep sweep;
  sweep.sparsities = {-1, 0.2, 0.8, 1};
  sweep.seed = 90400;
  const Explorer explorer({layer, wider, attention}, sweep);
  const auto weights = [&](const Explorer& from, double sparsity) {
    Design design;
    design.sparsity = sparsity;
    std::vector<std::vector<std::int8_t>> all;
    for (const Layer& one : from.network(design)) {
      const auto* data = static_cast<const std::int8_t*>(one.weights.data);
      all.emplace_back(data, data == nullptr ? data : data + 40 * 50);
      CHECK(one.weights_stride == 0);
    }
    return all;
  };
  for (const auto& none : weights(explorer, -1)) CHECK(none.empty());
  const auto few = weights(explorer, 0.2), many = weights(explorer, 0.8), all = weights(explorer, 1);
  CHECK(few[0] == few[1]);
  CHECK(few[2].empty());
  Index zeros_few = 0, zeros_many = 0;
  for (std::size_t i = 0; i < few[0].size(); ++i) {
    zeros_few += few[0][i] == 0, zeros_many += many[0][i] == 0;
    CHECK(few[0][i] >= many[0][i]);
    CHECK(all[0][i] == 0);
  }
  CHECK(zeros_few == 400);
  CHECK(zeros_many == 1600);
  CHECK(weights(Explorer({wider, layer}, sweep), 0.2)[1] == few[0]);
  sweep.sparsities = {0.2};
  CHECK(weights(Explorer({layer}, sweep), 0.2)[0] == few[0]);
  sweep.seed = 90401;
  CHECK(weights(Explorer({layer}, sweep), 0.2)[0] != few[0]);
}

}  // namespace septet::network::explore_test
