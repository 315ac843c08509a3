// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The kernels of batch normalisation in plain C++, always built.
#pragma once

#include "kernels/batch_norm.hpp"

namespace septet::kernels {

BatchNormKernels portable_batch_norm();

}  // namespace septet::kernels
