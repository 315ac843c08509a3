// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How A is packed: what a .septet file was packed with, and over it the flags that are on the command line.
#pragma once

#include "io/matrix_file.hpp"
#include "options.hpp"

namespace septet::cli {

/// The zero point of a matrix: a .septet file's own, else the flag's. Refuses a flag that says another than the file.
int a_zero_point_of(const Flags& flags, const io::FileMatrix& a);
int b_zero_point_of(const Flags& flags, const io::FileMatrix& b);

/// The options of `stored` (empty: the defaults) with the flags that are given, and a preset's array, in their place.
/// Another format or dataflow brings the dataflow or the format that goes with it.
PackOptions packing_of(const Flags& flags, const PackedMatrix& stored);

/// Array, combining and zero point of A for a product: its file's, where no flag and no preset says otherwise.
void take_stored(const Flags& flags, const io::FileMatrix& a, GemmOptions& options);

/// Refuses flags that do not concern the format. automatic: A is not packed first; combining is the product's then.
void check_format_flags(const Flags& flags, Format format);

/// The packed matrix of a .septet file, if a product of `type` takes it as it is; else empty. Refuses flags, and a
/// preset's array, that it does not fit.
PackedMatrix as_stored(const Flags& flags, const io::FileMatrix& a, Type type);
/// The same for the array: formats that it does not stream are only a file's form, of a matrix for any array.
PackedMatrix as_streamed(const Flags& flags, const io::FileMatrix& a, Type type);

}  // namespace septet::cli
