// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The kernels of depthwise convolutions in plain C++, always built.
#pragma once

#include "kernels/depthwise.hpp"

namespace septet::kernels {

DepthwiseKernels portable_depthwise();

}  // namespace septet::kernels
