// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A packed matrix as bytes, and back: docs/formats.md has the layout.
#pragma once

#include "storage.hpp"

#include <string>

namespace septet::detail {

std::vector<std::byte> serialize(const PackedStorage& packed);

/// Throws Error (bad_file, without an argument) that says the byte or the row, and what is wrong there.
std::shared_ptr<const PackedStorage> deserialize(const std::byte* bytes, Index size);

/// The checksum of a file: FNV-1a (Fowler, Noll, Vo) over words of 64 bits, its upper half folded into the lower one
/// after each. Every step is a bijection, so one changed word always shows.
class Checksum {
 public:
  void add(const std::byte* bytes, Index size);  ///< a multiple of 8
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

[[noreturn]] inline void throw_bad_file(const std::string& message) {
  throw Error(Status(Cause::bad_file, "", message));
}

/// The arrays of a format as they were read: everything that kernels rely on, or Error. Makes what is derived.
void check_arrays(PackedStorage& packed);
/// The same for the bytes of the bitmap formats; makes `live` and `tile_offset`.
void read_tsb(PackedStorage& packed);
void read_csb(PackedStorage& packed);

}  // namespace septet::detail
