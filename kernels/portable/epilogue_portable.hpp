// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue's kernels in plain C++, always built: the twin of epilogue-inl.h, operation by operation.
#pragma once

#include "kernels/epilogue.hpp"

namespace septet::kernels {

EpilogueKernels portable_epilogue();

}  // namespace septet::kernels
