// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/quad_blocks.hpp"

namespace septet::kernels {

/// Null where the CPU (or the compiler's target) has no AVX-512 VNNI.
const QuadBlockKernels* quad_blocks_vnni();

}  // namespace septet::kernels
