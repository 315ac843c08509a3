// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole trained networks against what TensorFlow Lite's reference kernels made of the same inputs: networks.txt, which
// answers.py wrote.
#include "answers.hpp"
#include "io/network_index.hpp"
#include "septet/network/execute.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace septet::network {
namespace {

using support::fill_with_numbers;
using support::fnv;

// The output of a network of one input and one output, step by step on the CPU.
Tensor run_all(const Network& network, std::uint32_t seed) {
  std::map<Index, Tensor> values;
  const auto info = [&](Index i) { return network.tensors[static_cast<std::size_t>(i)]; };
  fill_with_numbers(values[network.inputs[0]] = Tensor(info(network.inputs[0])), seed);
  for (const Step& step : network.steps) {
    std::vector<const Tensor*> x;
    for (const Index input : step.inputs) x.push_back(&values.at(input));
    execute(step, x, values[step.output] = Tensor(info(step.output)));
  }
  return values.at(network.outputs[0]);
}

}  // namespace

TEST_CASE("trained networks have the outputs of TensorFlow Lite's reference kernels") {
  const std::filesystem::path models = std::filesystem::path(SEPTET_SHARED_DIR) / "data" / "models";
  if (!std::filesystem::exists(models)) {
    MESSAGE("no trained networks under " SEPTET_SHARED_DIR);
    return;
  }
  std::ifstream file(SEPTET_TFLITE_NETWORKS);
  std::string name, hash;
  int runs = 0;
  Network network;
  for (std::uint32_t seed = 0; file >> name >> seed >> hash; ++runs) {
    INFO(name << ", seed " << seed);
    if (network.name != name) network = io::read_network((models / name).string());
    CHECK(fnv(run_all(network, seed)) == std::stoull(hash, nullptr, 16));
  }
  CHECK(runs == 30);
}

}  // namespace septet::network
