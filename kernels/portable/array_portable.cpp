// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "array_portable.hpp"

#include "kernels/narrow.hpp"

#include <cmath>

namespace septet::kernels {
namespace {

// MACs, made of the call's Narrow (null for sums in full).
template <class T>
struct FusedMac {
  using Elem = T;
  explicit FusedMac(const Narrow*) {}
  T step(T acc, T a, T b) const { return std::fma(a, b, acc); }
};

template <class T>
struct UnfusedMac {
  using Elem = T;
  explicit UnfusedMac(const Narrow*) {}
  T step(T acc, T a, T b) const { return acc + a * b; }  // contraction is off in this build
};

template <class T>
struct PairMac {
  using Elem = std::int32_t;
  explicit PairMac(const Narrow*) {}
  Elem step(Elem acc, Elem a, Elem b) const {
    return static_cast<Elem>(static_cast<std::uint32_t>(acc) +
                             static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  }
};

template <class T, bool kFused>
struct PortableNarrowMac {
  using Elem = T;
  explicit PortableNarrowMac(const Narrow* narrow) : sum(narrow->sum) {}
  T step(T acc, T a, T b) const { return narrow_step<kFused>(sum, acc, a, b); }
  NarrowSum sum;
};

template <class Mac>
void run_outputs(const OutputsCall& call) {
  using T = typename Mac::Elem;
  const Mac mac(call.narrow);
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
        acc = mac.step(acc, a, at(call.b, lane * call.b_lane_stride + i * call.b_stride + w));
      }
    }
  }
}

template <class Mac>
void run_passing(const PassingCall& call) {
  using T = typename Mac::Elem;
  const Mac mac(call.narrow);
  for (Index i = 0; i < call.steps; ++i) {
    for (Index w = 0; w < call.width; ++w) {
      T& sum = static_cast<T*>(call.sums)[i * call.sums_stride + w];
      for (Index h = 0; h < call.rows; ++h) {
        const T moves = static_cast<const T*>(call.streamed)[h * call.streamed_stride + w + call.steps - 1 - i];
        const T stays = static_cast<const T*>(call.kept)[h * call.kept_stride + w];
        const T weight = call.gate == Gate::kept ? stays : moves;
        if (call.gate != Gate::none && weight == T{0}) continue;
        sum = mac.step(sum, moves, stays);
      }
    }
  }
}

template <class Mac>
ArrayKernels make() {
  return {&run_outputs<Mac>, &run_passing<Mac>};
}

using f32 = float;
using f64 = double;
using s16 = std::int16_t;

}  // namespace

ArrayKernels portable_array(Arithmetic arithmetic) {
  switch (arithmetic) {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) \
  case Arithmetic::name:                          \
    return make<mac<packed>>();
#define SEPTET_NARROW_ARITHMETIC(name, packed, acc, fused) \
  case Arithmetic::name:                                   \
    return make<PortableNarrowMac<acc, fused>>();
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
  }
  return {};
}

}  // namespace septet::kernels
