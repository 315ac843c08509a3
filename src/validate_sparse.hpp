// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse views' part of the public edge.
#pragma once

#include "septet/formats/sparse_view.hpp"
#include "septet/matrix_view.hpp"
#include "septet/status.hpp"

namespace septet::detail {

/// Offsets, indices and their order; reads all of them.
Status validate_sparse(const SparseView& view, const char* argument);
/// Does C touch one of the three arrays of a (validated) sparse view?
bool overlaps_sparse(const ConstMatrix& c, const SparseView& a);

}  // namespace septet::detail
