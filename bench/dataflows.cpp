// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The seven dataflows' kernels on named shapes, dense and pruned:
//
//   bench_dataflows [shapes.txt …] [--benchmark_filter=conv3 --benchmark_out=result.json …]
//
// Counters: `useful` is operations on A's non-zeros per second (what a user gets), `executed` those that the dataflow
// really does, `of_peak` the latter as a share of the FMA peak measured at the start. Every result is checked first.
#include "bench/peak.hpp"
#include "bench/shapes.hpp"
#include "septet/septet.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <iostream>
#include <random>

namespace {

using namespace septet;
using septet::bench::Shape;

std::vector<float> random_values(Index count, double zeros, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const bool zero = static_cast<double>(engine() >> 11) * 0x1p-53 < zeros;
    value = zero ? 0.f : static_cast<float>(static_cast<double>(engine() >> 11) * 0x1p-53 - 0.5);
  }
  return values;
}

// A sampled column against double precision. |error| <= (k + 1) eps sum |a||b| for any order of k additions (Higham,
// Accuracy and Stability of Numerical Algorithms, 2002, section 3.1); eps = 2^-24 for f32, rounded up here.
bool is_right(const Shape& s, const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& c) {
  for (const Index j : {Index{0}, s.n / 2, s.n - 1}) {
    for (Index i = 0; i < s.m; ++i) {
      double sum = 0, magnitude = 0;
      for (Index k = 0; k < s.k; ++k) {
        const double product = static_cast<double>(a[i * s.k + k]) * static_cast<double>(b[k * s.n + j]);
        sum += product;
        magnitude += std::abs(product);
      }
      const double bound = static_cast<double>(s.k + 2) * 0x1p-24 * magnitude;
      if (!(std::abs(static_cast<double>(c[i * s.n + j]) - sum) <= bound)) return false;
    }
  }
  return true;
}

void run(benchmark::State& state, const Shape& shape, Dataflow dataflow, double zeros, double peak) {
  const auto a = random_values(shape.m * shape.k, zeros, 1), b = random_values(shape.k * shape.n, 0, 2);
  std::vector<float> c(shape.m * shape.n, 7);
  PackOptions packing;
  packing.dataflow = dataflow;
  const PackedMatrix packed = pack(row_major(a.data(), shape.m, shape.k), packing);
  GemmOptions options;
  options.dataflow = dataflow;
  options.threads = 1;
  const auto multiply = [&] {
    gemm(packed, row_major(b.data(), shape.k, shape.n), row_major(c.data(), shape.m, shape.n), options);
  };
  multiply();
  if (!is_right(shape, a, b, c)) return state.SkipWithError("wrong result");
  for (auto _ : state) multiply();
  const auto report = emulation::cycles(packed, shape.n, Type::f32, options);
  const double calls = static_cast<double>(state.iterations());
  const auto rate = [&](Index macs) {
    return benchmark::Counter(2e-9 * static_cast<double>(macs) * calls, benchmark::Counter::kIsRate);
  };
  state.counters["useful_GFLOP/s"] = rate(report.macs_useful);
  state.counters["executed_GFLOP/s"] = rate(report.macs_issued);
  state.counters["of_peak"] =
      benchmark::Counter(2 * static_cast<double>(report.macs_issued) * calls / peak, benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  std::vector<std::string> files(argv + 1, argv + argc);
  if (files.empty()) files.push_back(SEPTET_SHAPES_DIR "/resnet50.txt");
  const double peak = bench::peak_f32();
  std::cerr << "f32 FMA peak of one core: " << peak * 1e-9 << " GFLOP/s; kernels: " << target() << '\n';
  for (const std::string& file : files) {
    for (const Shape& shape : bench::read_shapes(file)) {
      for (int d = 1; d < 8; ++d) {
        const auto dataflow = static_cast<Dataflow>(d);
        for (const double zeros : {0.0, 0.5, 0.8, 0.95}) {
          if (!is_sparse(dataflow) && zeros != 0) continue;  // dense kernels do not look
          const std::string name =
              shape.name + "/" + septet::name(dataflow) + "/zeros:" + std::to_string(zeros).substr(0, 4);
          benchmark::RegisterBenchmark(name.c_str(),
                                       [=](benchmark::State& state) { run(state, shape, dataflow, zeros, peak); });
        }
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_dataflows: " << error.what() << '\n';
  return 2;
}
