// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include <omp.h>

namespace septet::detail {

int thread_count(int requested, Index macs) {
  // Waking a team costs a few microseconds, in which one core does some ten thousand MACs.
  constexpr Index kWorthSharing = 32768;
  if (omp_in_parallel()) return 1;
  if (requested > 0) return requested;
  return macs < kWorthSharing ? 1 : omp_get_max_threads();
}

}  // namespace septet::detail
