// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "depthwise_portable.hpp"

#include <cmath>

namespace septet::kernels {
namespace {

float multiply_add(float sum, float weight, float x) { return std::fma(weight, x, sum); }
std::int32_t multiply_add(std::int32_t sum, std::int32_t weight, std::int32_t x) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                   static_cast<std::uint32_t>(weight) * static_cast<std::uint32_t>(x));
}

template <class X, class S>
void run(const DepthwiseCall& call) noexcept {
  const auto* const* x = reinterpret_cast<const X* const*>(call.x);
  const auto *weights = static_cast<const S*>(call.weights), *start = static_cast<const S*>(call.start);
  auto* sums = static_cast<S*>(call.sums);
  for (Index p = 0; p < call.pixels; ++p, x += call.taps, sums += call.channels) {
    for (Index c = 0; c < call.channels; ++c) sums[c] = start[c];
    for (Index t = 0; t < call.taps; ++t) {
      const S* row = weights + t * call.channels;
      for (Index c = 0; c < call.channels; ++c) sums[c] = multiply_add(sums[c], row[c], static_cast<S>(x[t][c]));
    }
  }
}

}  // namespace

DepthwiseKernels portable_depthwise() {
  return {&run<float, float>, &run<std::int8_t, std::int32_t>, &run<std::uint8_t, std::int32_t>};
}

}  // namespace septet::kernels
