// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What environment variables ask for and cannot have is an error of every call, not a fallback.
#pragma once

#include "fp_environment.hpp"
#include "kernels/dispatch.hpp"
#include "threads.hpp"

namespace septet::detail {

/// Ok, or why SEPTET_TARGET or SEPTET_NUM_THREADS cannot be obeyed.
inline Status environment_status() {
  Status status = kernels::target_status();
  return status.ok() ? threads_status() : status;
}

/// The same at a glance: it is asked before every product.
inline bool environment_ok() { return kernels::target_ok() && threads_ok(); }

/// Around every call: how floats are rounded, and one target from its first decision to its last tile.
struct CallScope {
  FpEnvironment environment;
  kernels::PinnedTarget target;
};

}  // namespace septet::detail
