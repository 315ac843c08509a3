// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrices out of nothing: `random:MxK[,zeros=0.8 or 80%][,seed=1][,dtype=TYPE]`, the same on every platform.
//
//   f32, f64      k * 2^-24 for whole k, 0 < |k| < 2^24, uniformly; f64 has the values of f32
//   bf16, f16     the values of f32, rounded to nearest even; none becomes zero
//   s8, u8, s16   every value but zero, uniformly
//
// Then exactly round(zeros * M * K) elements become zero: those of least magnitude (magnitude pruning), of equal ones
// the first.
#pragma once

#include "matrix_file.hpp"

#include <string_view>

namespace septet::io {

/// Does `path` name a random matrix rather than a file?
bool is_random_spec(std::string_view path);

/// Throws Error(bad_option). At most kMaxFileDimension rows or columns and kMaxDenseBytes bytes.
FileMatrix make_random(const std::string& text);

}  // namespace septet::io
