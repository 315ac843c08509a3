// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/network/prune.hpp"

namespace septet::network::pruning {

/// All errors of try_prune() but those of cost(). The network is valid.
Status check(const Network& network, const PruneOptions& options);

/// Steps that are pruned.
std::vector<Index> prunable_steps(const Network& network, const PruneOptions& options);

}  // namespace septet::network::pruning
