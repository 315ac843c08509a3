// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Trained networks with their channels in another order: integer ones keep every output's bits, the layers of the
// others stay within a bound.
#include "io/network_index.hpp"
#include "permuted_outputs.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace septet::network {
namespace {

using namespace septet::support;
namespace fs = std::filesystem;

bool has_floats(const Network& network) {
  return std::any_of(network.steps.begin(), network.steps.end(), [&](const Step& step) {
    return network.tensors[static_cast<std::size_t>(step.output)].type == Type::f32;
  });
}

void check_network(Rng& rng, const Network& network) {
  const Orders orders = random_orders(rng, network);
  CHECK(orders.size() >= 5);
  const std::vector<Tensor> inputs = random_inputs(rng, network);
  if (has_floats(network)) return check_layers(network, orders, inputs);
  check_same_outputs(network, permuted(network, orders), inputs);
}

}  // namespace

TEST_CASE("permuted: trained networks") {
  const fs::path models = fs::path(SEPTET_SHARED_DIR) / "data" / "models";
  if (!fs::is_directory(models)) {
    MESSAGE("NOT TESTED: no networks at " << models.string());
    return;
  }
  const std::uint64_t seed = 1013;
  MESSAGE("seed " << seed);
  int networks = 0;
  for (const auto& entry : fs::directory_iterator(models)) {
    Rng rng(seed);
    INFO(entry.path().filename().string());
    check_network(rng, io::read_network(entry.path().string()));
    ++networks;
  }
  MESSAGE("networks: " << networks);
  CHECK(networks > 0);
}

}  // namespace septet::network
