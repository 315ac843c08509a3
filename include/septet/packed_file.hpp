// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A packed matrix in a file: written once, read on any CPU. docs/formats.md has the layout, byte by byte.
//
//   septet::save(packed, "layer.septet");
//   septet::PackedMatrix packed = septet::load("layer.septet");
//
// The file has a version and a checksum. What is read is checked like any other input: lengths, offsets, indices and
// their order, before anything is made of it; a file that was cut off, or changed in a single bit, is refused.
#pragma once

#include "septet/spmm.hpp"

#include <string>
#include <vector>

namespace septet {

/// Writes the file, or replaces it. On errors (bad_pointer, bad_file) none is left, and an old one is as it was.
SEPTET_API Status try_save(const PackedMatrix& packed, const std::string& path);
SEPTET_API void save(const PackedMatrix& packed, const std::string& path);

/// Reads it. `packed` is left alone unless the Status is ok. Causes: bad_file (with the byte), out_of_memory.
SEPTET_API Status try_load(const std::string& path, PackedMatrix& packed);
SEPTET_API PackedMatrix load(const std::string& path);

/// The same to and from memory.
SEPTET_API Status try_serialize(const PackedMatrix& packed, std::vector<std::byte>& bytes);
SEPTET_API Status try_deserialize(const void* bytes, Index size, PackedMatrix& packed);

}  // namespace septet
