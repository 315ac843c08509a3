// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/quad.hpp"

namespace septet::kernels {

/// AVX-512 VNNI; null if this build or CPU is without it.
const QuadKernels* vnni_kernels();

}  // namespace septet::kernels
