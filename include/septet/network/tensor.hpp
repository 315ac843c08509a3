// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tensors of a network: a name, a type, a shape, and how integers stand for numbers. Row-major, images as NHWC.
#pragma once

#include "septet/matrix_view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace septet::network {

/// Memory of tensors: on a cache line, where vectors of a kernel's had better begin; much of it in large pages.
SEPTET_API void* allocate_elements(std::size_t bytes);
SEPTET_API void free_elements(void* data, std::size_t bytes);
template <class T>
struct ElementAllocator {
  using value_type = T;
  ElementAllocator() = default;
  template <class U>
  ElementAllocator(const ElementAllocator<U>& /*same*/) {}  // NOLINT(google-explicit-constructor): as every allocator
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_elements(count * sizeof(T))); }
  void deallocate(T* data, std::size_t count) { free_elements(data, count * sizeof(T)); }
  template <class U>
  bool operator==(const ElementAllocator<U>& /*other*/) const {
    return true;
  }
  template <class U>
  bool operator!=(const ElementAllocator<U>& /*other*/) const {
    return false;
  }
};

/// real = scale * (stored - zero_point). scale 0: not quantised.
struct Quantisation {
  float scale = 0;
  int zero_point = 0;
};

struct TensorInfo {
  std::string name;
  Type type = Type::f32;  ///< f32, f16, s8, u8 or s32
  std::vector<Index> shape;
  Quantisation quantisation;

  /// The product of the shape; 1 of a scalar.
  SEPTET_API Index elements() const;
  /// A dimension, counted from the last one if negative.
  Index dim(int i) const { return shape[static_cast<std::size_t>(i < 0 ? i + static_cast<int>(shape.size()) : i)]; }
};

/// Owns its elements, which begin on a cache line.
class Tensor {
 public:
  Tensor() = default;
  /// All zero bytes. Throws std::bad_alloc.
  SEPTET_API explicit Tensor(TensorInfo info);

  const TensorInfo& info() const { return info_; }
  /// Another tensor of as many bytes in the same memory; its elements are what lies there.
  void relabel(const TensorInfo& info) { info_ = info; }
  void set_quantisation(Quantisation quantisation) { info_.quantisation = quantisation; }
  /// Nothing was put into it: an operand left out.
  bool empty() const { return info_.shape.empty(); }
  void* data() { return bytes_.data(); }
  const void* data() const { return bytes_.data(); }
  std::size_t bytes() const { return bytes_.size(); }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(bytes_.data());
  }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(bytes_.data());
  }

 private:
  TensorInfo info_;
  std::vector<std::byte, ElementAllocator<std::byte>> bytes_;
};

}  // namespace septet::network
