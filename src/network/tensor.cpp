// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/tensor.hpp"

namespace septet::network {

Index TensorInfo::elements() const {
  Index product = 1;
  for (const Index size : shape) product *= size;
  return product;
}

Tensor::Tensor(TensorInfo info)
    : info_(std::move(info)), bytes_(static_cast<std::size_t>(info_.elements() * size_of(info_.type))) {}

}  // namespace septet::network
