// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/types.hpp"

namespace septet::detail {

/// Threads for a call with `macs` multiply-accumulates on so many elements of memory: at most what was requested, or
/// OpenMP's choice; one inside a parallel region and for work too small to share.
int thread_count(int requested, Index macs, double elements = 0);

/// How many multiply-accumulates are worth a second thread. Tests set it to 0, so that small problems are shared too.
Index& worth_sharing();

}  // namespace septet::detail
