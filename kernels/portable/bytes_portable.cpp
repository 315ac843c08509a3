// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bytes_portable.hpp"

#include "kernels/bytes_element.hpp"

namespace septet::kernels {
namespace {

template <class T>
void rescale(const RescaleCall& call) noexcept {
  for (Index j = 0; j < call.count; ++j) {
    static_cast<std::uint8_t*>(call.out)[j] = rescaled_byte(call, static_cast<const T*>(call.x)[j]);
  }
}

template <class T>
void add(const AddCall& call) noexcept {
  const T *x0 = static_cast<const T*>(call.x[0]), *x1 = static_cast<const T*>(call.x[1]);
  for (Index j = 0; j < call.count; ++j) static_cast<std::uint8_t*>(call.out)[j] = added_byte(call, x0[j], x1[j]);
}

void quantise(const QuantiseCall& call) noexcept {
  for (Index j = 0; j < call.count; ++j) static_cast<std::uint8_t*>(call.out)[j] = quantised_byte(call, call.x[j]);
}

template <class T>
void dequantise(const DequantiseCall& call) noexcept {
  for (Index j = 0; j < call.count; ++j) call.out[j] = dequantised(call, static_cast<const T*>(call.x)[j]);
}

}  // namespace

ByteKernels portable_bytes() {
  return {&rescale<std::int8_t>,    &rescale<std::uint8_t>,   &add<std::int8_t>, &add<std::uint8_t>, &quantise,
          &dequantise<std::int8_t>, &dequantise<std::uint8_t>};
}

}  // namespace septet::kernels
