// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/emulate_bench.hpp"
#include "bench/emulate_run.hpp"
#include "bench/measure.hpp"
#include "bench/pattern.hpp"
#include "septet/emulation/cycles.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

using emulation::CycleModel;
using emulation::Report;

constexpr Index kSides[] = {4, 8, 12, 16, 24, 32, 64, 128};
constexpr int kDataflows = 7;

// f(options) for every dataflow and array.
template <class F>
void for_each_array(F&& f) {
  for (int dataflow = 1; dataflow <= kDataflows; ++dataflow) {
    for (const Index height : kSides) {
      for (const Index width : kSides) {
        GemmOptions options;
        options.dataflow = static_cast<Dataflow>(dataflow);
        options.array = {height, width};
        f(options);
      }
    }
  }
}

// Weights that know nothing but where they are not zero, as CSR.
struct PrunedLayer {
  Shape shape;
  std::vector<Index> row_ptr = {0}, col_idx;
  std::vector<std::int8_t> values;

  PrunedLayer(const Shape& layer, const Pattern& pattern) : shape(layer) {
    for (Index i = 0; i < pattern.rows; ++i) {
      for (Index j = 0; j < pattern.cols; ++j) {
        if (pattern.has(i, j)) col_idx.push_back(j);
      }
      row_ptr.push_back(static_cast<Index>(col_idx.size()));
    }
    values.assign(col_idx.size(), 1);
  }
  SparseView view() const { return csr(shape.m, shape.k, row_ptr.data(), col_idx.data(), values.data()); }
};

// The columns of B of a pattern from a file: those of the first layer with weights of its shape.
Index columns_of(const Pattern& pattern, const std::vector<Shape>& layers) {
  for (const Shape& layer : layers) {
    if (layer.m == pattern.rows && layer.k == pattern.cols) return layer.n;
  }
  return 196;
}

std::vector<PrunedLayer> pruned_layers(const EmulateOptions& options, const std::vector<Shape>& layers) {
  std::vector<PrunedLayer> pruned;
  if (options.matrices.empty()) {
    for (const Shape& layer : layers) {
      pruned.emplace_back(layer, make_pattern(PatternKind{}, layer.m, layer.k, options.zeros));
    }
    return pruned;
  }
  for (const std::string& file : pattern_files(options.matrices)) {
    const Pattern pattern = read_pattern(file);
    pruned.emplace_back(Shape{file, pattern.rows, columns_of(pattern, layers), pattern.cols, 1}, pattern);
  }
  return pruned;
}

// A sweep that can be timed, and the sum of all cycles, so that none of it can be left out.
struct Sweep {
  Index evaluations = 0, cycles = 0;
  void add(const Report& report) {
    ++evaluations;
    cycles += report.cycles;
  }
};

Sweep dense_sweep(const std::vector<Shape>& layers) {
  Sweep sweep;
  for (const Shape& s : layers) {
    for_each_array(
        [&](const GemmOptions& options) { sweep.add(emulation::cycles(s.m, s.n, s.k, Type::s8, Type::s8, options)); });
  }
  return sweep;
}

// Reads every pattern anew.
Sweep sparse_sweep(const std::vector<PrunedLayer>& layers) {
  Sweep sweep;
  for (const PrunedLayer& layer : layers) {
    const CycleModel model(layer.view());
    for_each_array([&](const GemmOptions& options) { sweep.add(model.cycles(layer.shape.n, Type::s8, options)); });
  }
  return sweep;
}

// Sampled: a model that is asked many things says what one that is asked once does.
void check_model(const PrunedLayer& layer) {
  const CycleModel model(layer.view());
  int number = 0;
  for_each_array([&](const GemmOptions& options) {
    const Report report = model.cycles(layer.shape.n, Type::s8, options);
    if (++number % 61 != 0) return;
    const Report alone = emulation::cycles(layer.view(), layer.shape.n, Type::s8, options);
    if (report.cycles != alone.cycles || report.reads_a_words != alone.reads_a_words) {
      throw WrongResult(layer.shape.name + ": a model that is asked many things says another number of cycles");
    }
  });
}

template <class Run>
nlohmann::json time_sweep(const char* what, std::size_t layers, int rounds, Run&& run) {
  Sweep sweep;
  Candidate candidate;
  candidate.run = [&] { sweep = run(); };
  Rounds seconds;
  for (int round = 0; round < rounds; ++round) seconds.push_back(glance(candidate, 1));
  const double median = spread_of(seconds).median;
  fmt::print("{}: {} layers x {} dataflows x {} arrays = {} evaluations in {:.4f} s, {:.2f} us each\n", what, layers,
             kDataflows, std::size(kSides) * std::size(kSides), sweep.evaluations, median,
             median / static_cast<double>(sweep.evaluations) * 1e6);
  std::fflush(stdout);
  return {{"layers", layers},
          {"evaluations", sweep.evaluations},
          {"sum_of_cycles", sweep.cycles},
          {"seconds", median},
          {"rounds", seconds}};
}

}  // namespace

nlohmann::json bench_closed_form(const EmulateOptions& options) {
  const std::vector<Shape> layers = read_layers(options.layers);
  fmt::print("\nClosed form, one thread; arrays of 4, 8, 12, 16, 24, 32, 64, 128 rows and columns\n");
  nlohmann::json json;
  json["dense"] = time_sweep("dense", layers.size(), options.rounds, [&] { return dense_sweep(layers); });
  const std::vector<PrunedLayer> pruned = pruned_layers(options, layers);
  Index nnz = 0, elements = 0;
  for (const PrunedLayer& layer : pruned) {
    nnz += layer.row_ptr.back();
    elements += layer.shape.m * layer.shape.k;
  }
  fmt::print("patterns {}: {} non-zeros of {}\n", options.matrices.empty() ? "made, uniform" : "of " + options.matrices,
             nnz, elements);
  for (const PrunedLayer& layer : pruned) check_model(layer);
  json["sparse"] = time_sweep("sparse", pruned.size(), options.rounds, [&] { return sparse_sweep(pruned); });
  json["sparse"]["nnz"] = nnz, json["sparse"]["elements"] = elements;
  json["sparse"]["patterns"] = options.matrices.empty() ? "uniform" : options.matrices;
  return json;
}

}  // namespace septet::bench
