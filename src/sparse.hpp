// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse products on the CPU, straight from the arrays of a format of rows, columns or blocks
// (formats/arrays.hpp). One chain per output, k ascending: the order of in-order csOS.
#pragma once

#include "epilogue.hpp"
#include "formats/storage.hpp"
#include "septet/explain.hpp"

namespace septet::detail {

/// Whether multiply_lists() takes this A: one of its formats.
bool has_lists(const PackedStorage& a);

/// C <- epilogue(A * B). With `instead`, nothing runs: it is filled with what would. Throws std::bad_alloc, before C is
/// touched.
void multiply_lists(const PackedStorage& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                    Explanation* instead);

}  // namespace septet::detail
