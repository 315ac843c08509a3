// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "pool_portable.hpp"

#include <algorithm>
#include <type_traits>

namespace septet::kernels {
namespace {

float greater(float a, float b) { return b > a || b != b ? b : a; }
template <class T>
T greater(T a, T b) {
  return b > a ? b : a;
}

// out <- f(x[0] …, a pixel, a channel) for every output.
template <class In, class Out, class F>
void for_each_output(const PoolCall& call, F&& f) {
  const auto* const* x = reinterpret_cast<const In* const*>(call.x);
  auto* out = static_cast<Out*>(call.out);
  for (Index p = 0; p < call.pixels; ++p, x += call.taps, out += call.channels) {
    for (Index c = call.first; c < call.last; ++c) out[c] = f(x, p, c);
  }
}

template <class T>
void greatest(const PoolCall& call) noexcept {
  for_each_output<T, T>(call, [&](const T* const* x, Index /*p*/, Index c) {
    T most = x[0][c];
    for (Index t = 1; t < call.taps; ++t) most = greater(most, x[t][c]);
    if constexpr (!std::is_same_v<T, float>) most = static_cast<T>(std::clamp<int>(most, call.low, call.high));
    return most;
  });
}

template <class S, class T>
S sum_of(const PoolCall& call, const T* const* x, Index c) {
  S sum = 0;
  for (Index t = 0; t < call.taps; ++t) sum += static_cast<S>(x[t][c]);
  return sum;
}

void average_floats(const PoolCall& call) noexcept {
  for_each_output<float, float>(call, [&](const float* const* x, Index p, Index c) {
    return sum_of<float>(call, x, c) / static_cast<float>(call.counts[p]);
  });
}

template <class T>
void average_bytes(const PoolCall& call) noexcept {
  for_each_output<T, T>(call, [&](const T* const* x, Index p, Index c) {
    const auto sum = Index{sum_of<std::int32_t>(call, x, c)}, count = call.counts[p];
    const Index mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return static_cast<T>(std::clamp<Index>(mean, call.low, call.high));
  });
}

template <class T>
void sum(const PoolCall& call) noexcept {
  for_each_output<T, std::int32_t>(
      call, [&](const T* const* x, Index /*p*/, Index c) { return sum_of<std::int32_t>(call, x, c); });
}

}  // namespace

PoolKernels portable_pool() {
  return {&greatest<float>,  &greatest<std::int8_t>,      &greatest<std::uint8_t>,
          &average_floats,   &average_bytes<std::int8_t>, &average_bytes<std::uint8_t>,
          &sum<std::int8_t>, &sum<std::uint8_t>};
}

}  // namespace septet::kernels
