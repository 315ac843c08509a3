// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "large_pages.hpp"

#include <cstddef>
#include <memory>
#include <new>

namespace septet::detail {

struct FreeAligned {
  std::size_t alignment = 64;
  void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{alignment}); }
};

/// Uninitialised bytes on a cache line. Throws std::bad_alloc.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{FreeAligned().alignment}))) {}
  /// The same, for what lives long (large_pages.hpp).
  static AlignedBuffer in_large_pages(std::size_t bytes) {
    AlignedBuffer buffer;
    buffer.data_ = std::unique_ptr<std::byte, FreeAligned>(allocate_large(bytes), FreeAligned{large_alignment(bytes)});
    return buffer;
  }
  std::byte* data() const { return data_.get(); }

 private:
  std::unique_ptr<std::byte, FreeAligned> data_;
};

}  // namespace septet::detail
