// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory for operands: page-aligned, zeroed, with some bytes after the end for libraries that read past it. Copies of a
// Buffer are the same memory; copy() makes another.
#pragma once

#include "septet/types.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace septet::bench {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index bytes) : bytes_(bytes) {
    constexpr std::size_t kPage = 4096, kSlack = 1024;
    const std::size_t size = (static_cast<std::size_t>(bytes) + kSlack + kPage - 1) / kPage * kPage;
    data_.reset(std::aligned_alloc(kPage, size), Free{});
    if (data_ == nullptr) throw std::bad_alloc();
    std::memset(data_.get(), 0, size);
  }

  Buffer copy() const {
    Buffer twin(bytes_);
    std::memcpy(twin.data(), data(), static_cast<std::size_t>(bytes_));
    return twin;
  }

  template <class T = void>
  T* data() const {
    return static_cast<T*>(data_.get());
  }
  Index bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::shared_ptr<void> data_;
  Index bytes_ = 0;
};

}  // namespace septet::bench
