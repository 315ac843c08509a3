// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The kernels of quantised bytes in plain C++, always built.
#pragma once

#include "kernels/bytes.hpp"

namespace septet::kernels {

ByteKernels portable_bytes();

}  // namespace septet::kernels
