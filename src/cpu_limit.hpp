// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace septet::detail {

/// CPUs that this process may keep busy: those of its affinity, and no more than the whole ones of its control group's
/// quota; at least 1. Reads files of the system each time.
int cpu_limit();

/// The quota alone: the smallest of the group's own (version 1 or 2) and of the groups it is in, rounded down, for a
/// thread that is stopped for the rest of a period makes all others wait. At least 1; a huge number where there is
/// none. `root` replaces "/", for tests.
int cpu_quota(const std::string& root = "/");

}  // namespace septet::detail
