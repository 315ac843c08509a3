// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "array_portable.hpp"

#include <cmath>

namespace septet::kernels {
namespace {

template <class T>
struct Fused {
  using Elem = T;
  static T step(T acc, T a, T b) { return std::fma(a, b, acc); }
};

template <class T>
struct Unfused {
  using Elem = T;
  static T step(T acc, T a, T b) { return acc + a * b; }  // contraction is off in this build
};

struct Modulo {
  using Elem = std::int32_t;
  static std::int32_t step(std::int32_t acc, std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(acc) +
                                     static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  }
};

template <class Mac>
void run_outputs(const OutputsCall& call) {
  using T = typename Mac::Elem;
  const auto at = [](const void* base, Index offset) { return static_cast<const T*>(base)[offset]; };
  for (Index h = 0; h < call.rows; ++h) {
    for (Index w = 0; w < call.width; ++w) {
      T& acc = static_cast<T*>(call.acc)[h * call.acc_stride + w];
      for (Index i = 0; i < call.steps; ++i) {
        const Index place = h * call.a_stride + w + call.steps - 1 - i;
        const T a = at(call.a, place);
        Index lane = 0;
        if (call.lanes > 0) lane = static_cast<Index>(at(call.lane, place));
        if (lane < 0 || (call.gated && a == T{0})) continue;
        acc = Mac::step(acc, a, at(call.b, lane * call.b_lane_stride + i * call.b_stride + w));
      }
    }
  }
}

template <class Mac>
void run_passing(const PassingCall& call) {
  using T = typename Mac::Elem;
  for (Index i = 0; i < call.steps; ++i) {
    for (Index w = 0; w < call.width; ++w) {
      T& sum = static_cast<T*>(call.sums)[i * call.sums_stride + w];
      for (Index h = 0; h < call.rows; ++h) {
        const T moves = static_cast<const T*>(call.streamed)[h * call.streamed_stride + w + call.steps - 1 - i];
        const T stays = static_cast<const T*>(call.kept)[h * call.kept_stride + w];
        const T weight = call.gate == Gate::kept ? stays : moves;
        if (call.gate != Gate::none && weight == T{0}) continue;
        sum = Mac::step(sum, moves, stays);
      }
    }
  }
}

template <class Mac>
ArrayKernels make() {
  return {&run_outputs<Mac>, &run_passing<Mac>};
}

}  // namespace

ArrayKernels portable_array(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::f32_fused:
      return make<Fused<float>>();
    case Arithmetic::f32_unfused:
      return make<Unfused<float>>();
    case Arithmetic::f64_fused:
      return make<Fused<double>>();
    case Arithmetic::f64_unfused:
      return make<Unfused<double>>();
    default:
      return make<Modulo>();
  }
}

}  // namespace septet::kernels
