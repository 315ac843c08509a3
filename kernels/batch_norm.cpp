// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation: channels side by side; sums stay in registers from the first row to the last.
#include "kernels/batch_norm.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_norm.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "hwy/highway.h"
#include "kernels/instantiate.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> Wide(D d, const float* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
}
template <class D>
HWY_INLINE hn::Vec<D> Wide(D d, const double* from) {
  return hn::LoadU(d, from);
}

// h of element i, which is of channel c.
template <class D>
HWY_INLINE hn::Vec<D> Normal(D d, const BatchNormCall& call, Index i, Index c) {
  return hn::Mul(hn::Sub(Wide(d, call.x + i), Wide(d, call.mean + c)), Wide(d, call.inverse + c));
}

// What is added to the two sums.
struct Plain {
  template <class D>
  static HWY_INLINE void add(D d, const BatchNormCall& call, Index i, Index /*c*/, hn::Vec<D>& sum,
                             hn::Vec<D>& /*product*/) {
    sum = hn::Add(sum, Wide(d, call.x + i));
  }
};
struct Squares {
  template <class D>
  static HWY_INLINE void add(D d, const BatchNormCall& call, Index i, Index c, hn::Vec<D>& sum,
                             hn::Vec<D>& /*product*/) {
    const auto distance = hn::Sub(Wide(d, call.x + i), Wide(d, call.mean + c));
    sum = hn::Add(sum, hn::Mul(distance, distance));
  }
};
struct Slopes {
  template <class D>
  static HWY_INLINE void add(D d, const BatchNormCall& call, Index i, Index c, hn::Vec<D>& sum, hn::Vec<D>& product) {
    const auto slope = Wide(d, call.dy + i);
    sum = hn::Add(sum, slope);
    product = hn::Add(product, hn::Mul(slope, Normal(d, call, i, c)));
  }
};

// Vectors of channels from c on, down all rows.
template <class Addend, int kVectors, class D>
HWY_INLINE void AddDown(D d, const BatchNormCall& call, Index c) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  hn::Vec<D> sums[kVectors], products[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    sums[v] = hn::LoadU(d, call.sums + c + v * lanes);
    products[v] = call.products != nullptr ? hn::LoadU(d, call.products + c + v * lanes) : hn::Zero(d);
  }
  for (Index row = 0; row < call.rows; ++row) {
    for (int v = 0; v < kVectors; ++v) {
      const Index channel = c + v * lanes;
      Addend::add(d, call, row * call.channels + channel, channel, sums[v], products[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    hn::StoreU(sums[v], d, call.sums + c + v * lanes);
    if (call.products != nullptr) hn::StoreU(products[v], d, call.products + c + v * lanes);
  }
}

template <class Addend>
void AddRows(const BatchNormCall& call) noexcept {
  const hn::ScalableTag<double> whole;
  const hn::CappedTag<double, 1> one;
  const Index lanes = static_cast<Index>(hn::Lanes(whole));
  Index c = call.first;
  for (; c + 4 * lanes <= call.last; c += 4 * lanes) AddDown<Addend, 4>(whole, call, c);
  for (; c + lanes <= call.last; c += lanes) AddDown<Addend, 1>(whole, call, c);
  for (; c < call.last; ++c) AddDown<Addend, 1>(one, call, c);
}

// What becomes of an element.
struct Normalised {
  template <class D>
  static HWY_INLINE hn::Vec<D> of(D d, const BatchNormCall& call, Index i, Index c) {
    return hn::Add(hn::Mul(Normal(d, call, i, c), Wide(d, call.gamma + c)), Wide(d, call.beta + c));
  }
};
struct Slope {
  template <class D>
  static HWY_INLINE hn::Vec<D> of(D d, const BatchNormCall& call, Index i, Index c) {
    const auto tilt = hn::Mul(Normal(d, call, i, c), Wide(d, call.mean_product + c));
    const auto rest = hn::Sub(hn::Sub(Wide(d, call.dy + i), Wide(d, call.mean_slope + c)), tilt);
    return hn::Mul(hn::Mul(Wide(d, call.gamma + c), Wide(d, call.inverse + c)), rest);
  }
};

template <class Element, class D>
HWY_INLINE void MapOne(D d, const BatchNormCall& call, Index row, Index c) {
  const Index i = row * call.channels + c;
  const hn::Rebind<float, D> floats;
  hn::StoreU(hn::DemoteTo(floats, Element::of(d, call, i, c)), floats, call.out + i);
}

template <class Element>
void MapRows(const BatchNormCall& from) noexcept {
  const BatchNormCall call = from;  // what `out` points to cannot be a part of it
  const hn::ScalableTag<double> whole;
  const hn::CappedTag<double, 1> one;
  const Index lanes = static_cast<Index>(hn::Lanes(whole));
  for (Index row = 0; row < call.rows; ++row) {
    Index c = call.first;
    for (; c + lanes <= call.last; c += lanes) MapOne<Element>(whole, call, row, c);
    for (; c < call.last; ++c) MapOne<Element>(one, call, row, c);
  }
}

}  // namespace

BatchNormKernels batch_norm_table() {
  return {&AddRows<Plain>, &AddRows<Squares>, &AddRows<Slopes>, &MapRows<Normalised>, &MapRows<Slope>};
}
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(BatchNormKernels, batch_norm_table)
}  // namespace septet::kernels
#endif
