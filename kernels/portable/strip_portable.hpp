// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The strip kernels in plain C++, always built. Their odd tile sizes exercise packing and edges on any CPU.
#pragma once

#include "kernels/dispatch.hpp"

namespace septet::kernels {

KernelSet portable_set(Arithmetic arithmetic);

}  // namespace septet::kernels
