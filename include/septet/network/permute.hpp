// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Channels in another order, undone where they are read: the same function. Outputs of a layer are rows of its weights
// and columns of the next layer's, so the order decides which rows share a tile of the array.
//
//   std::vector<std::vector<Index>> orders;
//   for (const auto& set : septet::network::channels_of(network)) orders.push_back(septet::network::given_order(set));
//   std::swap(orders[0][0], orders[0][1]);
//   const auto same = septet::network::permuted(network, orders);
#pragma once

#include "septet/network/network.hpp"

#include <vector>

namespace septet::network {

/// Channels that have one order: of an output of products, of what is made of it channel by channel (pools, additions,
/// depthwise convolutions of one output per input …), up to the products that read it. Steps are indices, ascending.
/// Column j of a reader's weights, in a row of [window rows][window columns][inputs] or, where an image was flattened,
/// [image rows][image columns][channels], is of channel j % size.
struct ChannelSet {
  Index size = 0;
  std::vector<Index> writers;   ///< products: row i of their weights is of channel i, as are bias and requantisation
  std::vector<Index> carriers;  ///< in between: depthwise convolutions, likewise, and batch normalisation's numbers
  std::vector<Index> readers;   ///< products; one that is a writer, too, has rows and columns of this set
};

/// Sets whose order is free, in the order of their first writers; `network` has been validated. Not among them:
/// channels of the network's inputs and outputs, those that other grouped convolutions, softmax, layer normalisation,
/// matmul or embedding bags read or write, and those that are reshaped and then read so that a column has no one
/// channel.
SEPTET_API std::vector<ChannelSet> channels_of(const Network& network);

/// 0, 1, … size - 1.
SEPTET_API std::vector<Index> given_order(const ChannelSet& channels);

/// Channel i of set s of channels_of(network) becomes what was orders[s][i]; `network` has been validated. Weights,
/// bias and requantisation that differ are the result's own; the others are shared. Integer networks keep every
/// output's bits; of f32 the sums along k come in another order. `result` may be `network`. Errors: bad_option "orders"
/// (how many), "orders[1]" (not a permutation of its set).
SEPTET_API Status try_permuted(const Network& network, const std::vector<std::vector<Index>>& orders, Network& result);
SEPTET_API Network permuted(const Network& network, const std::vector<std::vector<Index>>& orders);

}  // namespace septet::network
