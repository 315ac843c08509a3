// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cache_sizes.hpp"

#include <unistd.h>

namespace septet::detail {
namespace {

CacheSizes ask_system() {
  CacheSizes sizes;
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
  const Index l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (l1 > 0) sizes.l1 = l1;
  if (l2 > 0) sizes.l2 = l2;
#endif
  return sizes;
}

}  // namespace

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = ask_system();
  return sizes;
}

}  // namespace septet::detail
