// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparsity patterns of the Deep Learning Matrix Collection (Gale, Zaharia, Young, Elsen: Sparse GPU Kernels for Deep
// Learning, SC 2020): CSR without values, in three lines, 0-based.
//
//   rows, cols, nnz
//   row offsets                  (rows + 1 of them)
//   column indices               (nnz of them; within a row in any order)
#pragma once

#include "matrix_file.hpp"

namespace septet::io {

/// Throws Error. Every value is 1. With nnz = 0 the third line may be empty or missing.
FileMatrix read_smtx(const std::string& path);

}  // namespace septet::io
