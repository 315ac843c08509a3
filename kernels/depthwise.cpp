// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions: channels side by side.
#include "kernels/depthwise.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/mac-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace {

template <class D>
HWY_INLINE hn::Vec<D> LoadPixels(D d, const float* x) {
  return hn::LoadU(d, x);
}
template <class D, class Byte>
HWY_INLINE hn::Vec<D> LoadPixels(D d, const Byte* x) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<Byte, D>(), x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V MultiplyAdd(D d, V sum, V weight, V x) {
  if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
    return FusedMultiplyAdd(d, sum, weight, x);
  } else {
    return hn::Add(sum, hn::Mul(weight, x));
  }
}

// Vectors of d, at most as long as the row. The last one ends with it: what it does again comes out the same.
template <class X, class D>
void AddTaps(D d, const DepthwiseCall& call) {
  using S = hn::TFromD<D>;
  const auto* const* x = reinterpret_cast<const X* const*>(call.x);
  const auto *weights = static_cast<const S*>(call.weights), *start = static_cast<const S*>(call.start);
  const Index lanes = static_cast<Index>(hn::Lanes(d)), last = call.channels - lanes;
  auto* sums = static_cast<S*>(call.sums);
  for (Index p = 0; p < call.pixels; ++p, x += call.taps, sums += call.channels) {
    for (Index first = 0; first < call.channels; first += lanes) {
      const Index c = first < last ? first : last;
      auto sum = hn::LoadU(d, start + c);
      for (Index t = 0; t < call.taps; ++t) {
        sum = MultiplyAdd(d, sum, hn::LoadU(d, weights + t * call.channels + c), LoadPixels(d, x[t] + c));
      }
      hn::StoreU(sum, d, sums + c);
    }
  }
}

template <class X, class S>
void Run(const DepthwiseCall& call) noexcept {
  const hn::ScalableTag<S> whole;
  const hn::CappedTag<S, 4> some;
  if (call.channels >= static_cast<Index>(hn::Lanes(whole))) return AddTaps<X>(whole, call);
  if (call.channels >= static_cast<Index>(hn::Lanes(some))) return AddTaps<X>(some, call);
  AddTaps<X>(hn::CappedTag<S, 1>(), call);
}

}  // namespace

DepthwiseKernels depthwise_table() {
  return {&Run<float, float>, &Run<std::int8_t, std::int32_t>, &Run<std::uint8_t, std::int32_t>};
}
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(DepthwiseKernels, depthwise_table)
}  // namespace septet::kernels
#endif
