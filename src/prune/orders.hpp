// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Orders of a network's channels in which its layers are pruned with less loss.
#pragma once

#include "septet/network/permute.hpp"
#include "septet/network/prune.hpp"

#include <vector>

namespace septet::network::pruning {

using Orders = std::vector<std::vector<Index>>;

/// For each set, of channels_of(network): the rows of its writers' weights in aligned order (align.hpp), the writers
/// side by side, each row's scores as shares of their layer's energy. `pruned`, as it has been without, says how high
/// tiles are and how many columns of them stay. What nobody asks for keeps its order.
Orders aligned_orders(const Network& network, const std::vector<ChannelSet>& channels, const PruneOptions& options,
                      const std::vector<PrunedLayer>& pruned);

/// Of the network permuted by these orders.
InputStatistics permuted_statistics(const InputStatistics& statistics, const std::vector<ChannelSet>& channels,
                                    const Orders& orders);

}  // namespace septet::network::pruning
