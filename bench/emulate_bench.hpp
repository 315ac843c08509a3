// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The parts of bench_emulate. Each prints a table as it goes and returns what was measured.
#pragma once

#include "bench/shapes.hpp"
#include "septet/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace septet::bench {

struct EmulateOptions {
  std::vector<Engine> engines = {Engine::registers, Engine::plan, Engine::plain};
  std::vector<Dataflow> dataflows;  ///< empty: all seven; of `network` and `memory`, dOS
  std::vector<Type> types;          ///< empty: s8 and f32; of `network` and `memory`, s8
  std::vector<ArrayShape> arrays;   ///< empty: 16x16, 32x32, 128x128; of `network` 32x32, of `memory` 128x128
  std::vector<int> threads;         ///< empty: 1 and 2; of `network` and `memory`, 2
  std::vector<Shape> products;      ///< empty: 256x512x768 and 1024x784x1152; of `memory`, 4096x4096x4096
  double zeros = 0.8;               ///< of A, for the sparse dataflows
  int rounds = 3;
  std::string layers = "resnet50_layers";  ///< of `network` and `closed`: a file of shapes
  std::string matrices;                    ///< of `closed`: a directory of patterns; empty: made to `zeros`
};

/// Rates of the engines: every dataflow, type, array and thread count. The plain engine takes the first product alone.
nlohmann::json bench_engines(const EmulateOptions& options);
/// All layers of a network, one after the other, every MAC with its value.
nlohmann::json bench_network(const EmulateOptions& options);
/// The closed form: layers x 7 dataflows x 64 arrays, dense and sparse.
nlohmann::json bench_closed_form(const EmulateOptions& options);
/// Peak memory of one emulation.
nlohmann::json bench_memory(const EmulateOptions& options);

/// Throws std::runtime_error. A path, or the name of a file in bench/shapes.
std::vector<Shape> read_layers(const std::string& name);

}  // namespace septet::bench
