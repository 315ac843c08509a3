// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace septet::blas {

/// Counts one call, in a few instructions and without a line of memory that threads would share.
void count_call();
/// Of all threads, those that ended among them.
std::int64_t calls();

}  // namespace septet::blas
