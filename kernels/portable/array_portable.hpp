// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/array.hpp"
#include "kernels/dispatch.hpp"

namespace septet::kernels {

/// The emulated array's kernels, PE by PE.
ArrayKernels portable_array(Arithmetic arithmetic);

}  // namespace septet::kernels
