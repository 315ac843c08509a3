// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The kernels of pools in plain C++, always built.
#pragma once

#include "kernels/pool.hpp"

namespace septet::kernels {

PoolKernels portable_pool();

}  // namespace septet::kernels
