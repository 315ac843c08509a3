// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Channels in another order, undone where they are read: the same function. Outputs of a layer are rows of its weights
// and columns of the next layer's, so the order decides which rows share a tile of the array.
//
//   const auto channels = septet::network::channels_of(network);
//   auto orders = septet::network::identity(channels);
//   std::swap(orders[0][0], orders[0][1]);
//   const auto same = septet::network::permuted(network, channels, orders);
#pragma once

#include "septet/network/network.hpp"

#include <vector>

namespace septet::network {

/// Channels that have one order: of an output of products and of everything that is made of it element by element, up
/// to the products that read it.
struct ChannelSet {
  Index size = 0;
  std::vector<Index> writers;  ///< steps whose outputs (rows of their weights) these channels are
  std::vector<Index> readers;  ///< steps whose inputs (columns of their weights, or inputs of a group) they are
};

/// Sets whose order is free, in the order of their first writers. Not among them: channels of the network's inputs and
/// outputs, and those that grouped convolutions, softmax, layer normalisation, matmul or embedding bags read or write.
SEPTET_API std::vector<ChannelSet> channels_of(const Network& network);

/// Channel i of set s becomes what was orders[s][i]. Integer networks keep every output's bits; of f32 the sums along k
/// come in another order. Errors: bad_option "orders" (not a permutation of each set).
SEPTET_API Status try_permuted(const Network& network, const std::vector<ChannelSet>& channels,
                               const std::vector<std::vector<Index>>& orders, Network& result);
SEPTET_API Network permuted(const Network& network, const std::vector<ChannelSet>& channels,
                            const std::vector<std::vector<Index>>& orders);

}  // namespace septet::network
