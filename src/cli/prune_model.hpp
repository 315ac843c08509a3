// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet prune` prunes: a model's network, or a matrix as a network of one layer.
#pragma once

#include "prune_flags.hpp"

namespace septet::cli {

/// Throws Error. A matrix is a fully connected layer "weights", of as many inputs at once as B has columns.
network::Network read_prune_model(const PruneFlags& given);

/// Of the only layer's weights.
const network::Tensor& weights_of(const network::Network& network, Index step);

/// From --input; empty: none was given. `images`: how many went in; of a matrix, columns. Throws Error.
network::InputStatistics read_statistics(const PruneFlags& given, const network::Network& network, Index& images);

}  // namespace septet::cli
