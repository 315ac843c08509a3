// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the library says of pruning, in words of the command line.
#pragma once

#include "errors.hpp"
#include "prune_flags.hpp"

namespace septet::cli {

/// Throws Error unless `status`, of try_prune(), is ok.
void require_pruned(const PruneFlags& given, const Status& status);

}  // namespace septet::cli
