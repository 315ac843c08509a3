// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "matrix_file.hpp"

namespace septet::io {

/// Reads a file of septet::save(): the packed matrix, and its elements. They are dense where the format is, or where a
/// zero point other than 0 fills the gaps; else entries. Throws Error.
FileMatrix read_packed(const std::string& path);

}  // namespace septet::io
