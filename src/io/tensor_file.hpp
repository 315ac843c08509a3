// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tensors of a network in .npy files.
#pragma once

#include "septet/network/tensor.hpp"
#include "staged_file.hpp"

#include <string>

namespace septet::io {

/// An array of f32, f16, s8, u8 or s32, of any shape but a scalar's. The tensor is named after the file; it is not
/// quantised. Throws Error.
network::Tensor read_tensor(const std::string& path);

/// "2 x 3 x 4".
std::string shape_text(const std::vector<Index>& shape);

/// Into a file that the caller commits. Throws Error.
void write_tensor(const StagedFile& staged, const network::Tensor& tensor);

}  // namespace septet::io
