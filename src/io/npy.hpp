// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Arrays of NumPy (numpy.lib.format, versions 1.0, 2.0 and 3.0):
//
//   \x93NUMPY, version (2 bytes), header length (little-endian; 2 bytes, from version 2.0 on 4), header, elements
//
// The header is a Python dict literal, ended by a newline: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
#pragma once

#include "matrix_file.hpp"

#include <string_view>

namespace septet::io {

/// What a header says.
struct NpyHeader {
  Element element = Element::f32;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<Index> shape;
};

/// Throws Error. `offset` is where `header` begins in the file, for messages. Exactly the three keys, in any order.
NpyHeader parse_npy_header(const std::string& path, std::string_view header, Index offset);

/// An array of any number of dimensions, row-major and in native byte order.
struct NpyArray {
  std::string path;
  Element element = Element::f32;
  std::vector<Index> shape;
  Index elements = 0;
  std::vector<std::byte> bytes;
};

/// Throws Error. Fortran order and foreign byte order are put right.
NpyArray read_npy_array(const std::string& path);

/// Of an array of integers. Throws Error: of others, and of what is beyond Index.
std::vector<Index> integers_of(const NpyArray& array);

/// Writes the elements of an array, row-major and without gaps, of any Type but bf16, as version 1.0 into a file that
/// the caller commits. Throws Error.
void write_npy_array(const StagedFile& staged, Type type, const std::vector<Index>& shape, const void* elements);

/// Throws Error. The same as a matrix. An array of one dimension is read as one row, as
/// numpy.atleast_2d does; any other number of dimensions but two is refused.
FileMatrix read_npy(const std::string& path);

}  // namespace septet::io
