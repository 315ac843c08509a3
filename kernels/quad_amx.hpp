// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/quad.hpp"

namespace septet::kernels {

/// AMX tiles, and AVX-512 VNNI for everything around them; null if this build, CPU or system is without.
const QuadKernels* amx_kernels();

/// Asks the system for them. To be called before they are used.
bool may_use_tiles();

}  // namespace septet::kernels
