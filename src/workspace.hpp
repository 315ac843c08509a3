// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aligned_buffer.hpp"
#include "septet/types.hpp"

#include <utility>

namespace septet::detail {

/// Memory that a thread keeps from one product to the next, so that small and medium products do not pay for fresh
/// pages. Never shrinks below what was last asked for; what is larger than kKept is given back after use.
class Workspace {
 public:
  /// At least `bytes` bytes on a cache line. Throws std::bad_alloc.
  static char* of_this_thread(std::size_t bytes);
  /// Gives back what is too large to be kept.
  static void release();
};

}  // namespace septet::detail
