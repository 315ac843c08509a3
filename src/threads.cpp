// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include <omp.h>

#include <algorithm>

namespace septet::detail {

int thread_count(int requested, Index macs, double elements) {
  constexpr double kMacsPerElement = 8;  // take as long as an element from memory
  const double work = std::max(static_cast<double>(macs), elements * kMacsPerElement);
  if (work < static_cast<double>(worth_sharing()) || omp_in_parallel()) return 1;
  return requested > 0 ? requested : omp_get_max_threads();
}

Index& worth_sharing() {
  // Waking a team costs some microseconds, in which one core does a few hundred thousand MACs.
  static Index macs = Index{1} << 20;
  return macs;
}

}  // namespace septet::detail
