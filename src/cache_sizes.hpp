// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/types.hpp"

namespace septet::detail {

/// Bytes of the caches that one core has for itself, as the system tells; usual sizes where it does not.
struct CacheSizes {
  Index l1 = Index{32} * 1024;
  Index l2 = Index{512} * 1024;
};
const CacheSizes& cache_sizes();

}  // namespace septet::detail
