// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/expand.hpp"

namespace septet::kernels {

/// Null where the CPU (or the compiler's target) has no AVX-512.
const ExpandKernels* expand_avx512();

}  // namespace septet::kernels
