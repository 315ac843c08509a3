// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole trained networks against what TensorFlow Lite's reference kernels made of the same inputs: networks.txt, which
// answers.py wrote.
#include "answers.hpp"
#include "io/network_index.hpp"
#include "septet/network/session.hpp"
#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace septet::network {
namespace {

using support::fill_with_numbers;
using support::fnv;

// The output of a network of one input and one output, step by step on the CPU.
Tensor run_all(const Network& network, const Tensor& input) {
  std::map<Index, Tensor> values;
  const auto info = [&](Index i) { return network.tensors[static_cast<std::size_t>(i)]; };
  values[network.inputs[0]] = input;
  for (const Step& step : network.steps) {
    std::vector<const Tensor*> x;
    for (const Index input : step.inputs) x.push_back(&values.at(input));
    execute(step, x, values[step.output] = Tensor(info(step.output)));
  }
  return values.at(network.outputs[0]);
}

Tensor input_of(const Network& network, std::uint32_t seed) {
  Tensor input(network.tensors[static_cast<std::size_t>(network.inputs[0])]);
  fill_with_numbers(input, seed);
  return input;
}

// Made ready in every form of the weights.
std::vector<Session> sessions_of(const Network& network) {
  std::vector<Session> sessions;
  for (const WeightForm form : {WeightForm::automatic, WeightForm::dense, WeightForm::sparse}) {
    sessions.emplace_back(network, SessionOptions{form});
  }
  return sessions;
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
  std::vector<Session> sessions;
  for (std::uint32_t seed = 0; file >> name >> seed >> hash; ++runs) {
    INFO(name << ", seed " << seed);
    if (network.name != name) {
      network = io::read_network((models / name).string());
      sessions = sessions_of(network);
    }
    const std::uint64_t want = std::stoull(hash, nullptr, 16);
    const Tensor input = input_of(network, seed);
    CHECK(fnv(run_all(network, input)) == want);
    for (Session& session : sessions) CHECK(fnv(session.run({&input}).at(0)) == want);
  }
  CHECK(runs == 30);
}

TEST_CASE("trained networks of f32 have the same bits in sessions as step by step") {
  const std::filesystem::path models = std::filesystem::path(SEPTET_SHARED_DIR) / "data" / "models";
  if (!std::filesystem::exists(models)) {
    MESSAGE("no trained networks under " SEPTET_SHARED_DIR);
    return;
  }
  Index networks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(models)) {
    const Network network = io::read_network(entry.path().string());
    Tensor input(network.tensors[static_cast<std::size_t>(network.inputs[0])]);
    if (input.info().type != Type::f32) continue;
    INFO(network.name);
    support::Rng rng(20);
    for (Index i = 0; i < input.info().elements(); ++i) input.as<float>()[i] = support::random_float<float>(rng, -6, 1);
    const Tensor want = run_all(network, input);
    for (Session& session : sessions_of(network)) {
      const Tensor& got = session.run({&input}).at(0);
      REQUIRE(got.bytes() == want.bytes());
      CHECK(std::memcmp(got.data(), want.data(), want.bytes()) == 0);
    }
    ++networks;
  }
  CHECK(networks > 0);
}

}  // namespace septet::network
