// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse rows and blocks in plain C++, for CPUs without vectors and to check those with them.
#pragma once

#include "kernels/dispatch.hpp"

namespace septet::kernels {

/// A "vector" has three columns.
RowSet portable_rows(Arithmetic arithmetic);

}  // namespace septet::kernels
