// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/tensor.hpp"

#include "src/large_pages.hpp"

#include <new>

namespace septet::network {

void* allocate_elements(std::size_t bytes) { return detail::allocate_large(bytes); }
void free_elements(void* data, std::size_t bytes) {
  ::operator delete (data, std::align_val_t{detail::large_alignment(bytes)});
}

Index TensorInfo::elements() const {
  Index product = 1;
  for (const Index size : shape) product *= size;
  return product;
}

Tensor::Tensor(TensorInfo info)
    : info_(std::move(info)), bytes_(static_cast<std::size_t>(info_.elements() * size_of(info_.type))) {}

}  // namespace septet::network
