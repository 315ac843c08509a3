// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory whose neighbour cannot be touched: a read or write one byte too far is a segmentation fault. POSIX only.
//
//   GuardedBuffer buffer(m * k * sizeof(float), GuardedBuffer::Side::end);
//   auto a = septet::row_major(buffer.as<float>(), m, k);
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace septet::support {

/// `bytes` bytes between two PROT_NONE pages. `end`: the last byte touches the page behind; `begin`: the first byte
/// touches the page in front. The rest of the pages in between is filled with 0x5A.
class GuardedBuffer {
 public:
  enum class Side { begin, end };

  GuardedBuffer(std::size_t bytes, Side side) : bytes_(bytes) {
    page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    inner_ = (bytes + page_ - 1) / page_ * page_;
    void* map = mmap(nullptr, inner_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    map_ = static_cast<unsigned char*>(map);
    if (inner_ != 0) {
      if (mprotect(map_ + page_, inner_, PROT_READ | PROT_WRITE) != 0) {
        munmap(map_, inner_ + 2 * page_);
        throw std::bad_alloc();
      }
      std::memset(map_ + page_, kFill, inner_);
    }
    data_ = map_ + page_ + (side == Side::end ? inner_ - bytes : 0);
  }
  GuardedBuffer(GuardedBuffer&& other) noexcept { swap(other); }
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer() {
    if (map_ != nullptr) munmap(map_, inner_ + 2 * page_);
  }

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// `bytes` must be a multiple of T's alignment.
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

  /// From now on a write to the data is a segmentation fault, too.
  void make_read_only() {
    if (inner_ != 0 && mprotect(map_ + page_, inner_, PROT_READ) != 0) throw std::bad_alloc();
  }
  /// True if the bytes of the open pages that are not data have not been written.
  bool slack_intact() const {
    for (const unsigned char* p = map_ + page_; p < map_ + page_ + inner_; ++p) {
      if ((p < data_ || p >= data_ + bytes_) && *p != kFill) return false;
    }
    return true;
  }

 private:
  static constexpr int kFill = 0x5A;

  void swap(GuardedBuffer& other) noexcept {
    std::swap(map_, other.map_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(inner_, other.inner_);
    std::swap(page_, other.page_);
  }

  unsigned char* map_ = nullptr;
  unsigned char* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t inner_ = 0;  ///< bytes of the open pages
  std::size_t page_ = 0;
};

}  // namespace septet::support
