// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrix Market files (Boisvert, Pozo, Remington: The Matrix Market Exchange Formats, NISTIR 5935, 1996):
//
//   %%MatrixMarket matrix <coordinate|array> <real|double|integer|pattern> <general|symmetric|skew-symmetric>
//   % comments
//   rows cols entries            (array: rows cols)
//   row col value                (1-based; pattern: no value; array: one value per line, column by column)
#pragma once

#include "matrix_file.hpp"

namespace septet::io {

/// Throws Error. Words of the first line in any case; comments and blank lines anywhere after it. A symmetric file
/// holds the lower triangle alone; a skew-symmetric one has zeros, if anything, on its diagonal.
FileMatrix read_matrix_market(const std::string& path);

}  // namespace septet::io
