// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A folder with a small random network in "net" and an input of it in "x.npy".
#pragma once

#include "cli_test_support.hpp"
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "network/random_network.hpp"
#include "septet/network/run.hpp"

namespace septet::cli::test {

using network::Network;
using network::Tensor;
using network::TensorInfo;

inline const TensorInfo& info_of(const Network& network, Index tensor) {
  return network.tensors[static_cast<std::size_t>(tensor)];
}

inline void write_tensor(const std::string& path, const Tensor& tensor) {
  io::StagedFile file(path);
  io::write_tensor(file, tensor);
  file.commit();
}

struct Model {
  explicit Model(std::uint64_t seed) {
    support::Rng rng(seed);
    network = support::random_network(rng);
    io::write_network(folder.path("net"), network);
    input = support::random_tensor(rng, info_of(network, network.inputs[0]));
    write_tensor(folder.path("x.npy"), input);
  }
  Tensor output() const {
    std::vector<network::LayerRun> runs;
    return network::run(network, {&input}, {}, std::vector<network::LayerCost>(network.steps.size()), runs).at(0);
  }
  Index products() const {
    Index count = 0;
    for (const network::Step& step : network.steps) count += network::product_of(network, step).count > 0 ? 1 : 0;
    return count;
  }

  Folder folder;
  Network network;
  Tensor input;
};

inline bool same_elements(const Tensor& left, const Tensor& right) {
  return left.info().type == right.info().type && left.info().shape == right.info().shape &&
         std::memcmp(left.data(), right.data(), left.bytes()) == 0;
}

}  // namespace septet::cli::test
