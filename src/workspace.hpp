// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aligned_buffer.hpp"
#include "septet/types.hpp"

namespace septet::detail {

/// Memory for one product. A thread keeps it from one product to the next, so that small and medium products do not pay
/// for fresh pages; a product within a product (a caller's epilogue function that multiplies) gets memory of its own.
class Workspace {
 public:
  /// `bytes` bytes on a cache line; none for 0. Throws std::bad_alloc.
  explicit Workspace(Index bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  char* data() const { return data_; }

 private:
  char* data_ = nullptr;
  bool takes_kept_ = false;
  AlignedBuffer own_;
};

/// The thread's own objects are gone: this is a destructor that runs after theirs.
bool thread_is_ending();

}  // namespace septet::detail
