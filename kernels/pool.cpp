// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pools: channels side by side.
#include "kernels/pool.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "hwy/highway.h"
#include "kernels/instantiate.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// What becomes of a vector of channels: from the first tap, by the others, to out[p][c].
template <class T>
struct Greatest {
  using In = T;
  using Out = T;
  using Lane = T;
  template <class D>
  static HWY_INLINE hn::Vec<D> start(D d, const T* x) {
    return hn::LoadU(d, x);
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> next(D d, hn::Vec<D> most, const T* x) {
    const auto value = hn::LoadU(d, x);
    if constexpr (hwy::IsFloat<T>()) {
      // A NaN is no number: Eq, since Ne is false of it on some targets.
      const auto greater = hn::IfThenElse(hn::Gt(value, most), value, most);
      return hn::IfThenElse(hn::Eq(value, value), greater, value);
    } else {
      return hn::Max(value, most);
    }
  }
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> most, const PoolCall& call, Index /*p*/, T* out) {
    if constexpr (!hwy::IsFloat<T>()) {
      most = hn::Max(most, hn::Set(d, static_cast<T>(call.low)));
      most = hn::Min(most, hn::Set(d, static_cast<T>(call.high)));
    }
    hn::StoreU(most, d, out);
  }
};

template <class T>
struct Summing {
  using In = T;
  using Lane = std::conditional_t<hwy::IsFloat<T>(), float, std::int32_t>;
  template <class D>
  static HWY_INLINE hn::Vec<D> start(D d, const T* x) {
    return next(d, hn::Zero(d), x);
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> next(D d, hn::Vec<D> sum, const T* x) {
    if constexpr (hwy::IsFloat<T>()) {
      return hn::Add(sum, hn::LoadU(d, x));
    } else {
      return hn::Add(sum, hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, D>(), x)));
    }
  }
};

template <class T>
struct Sum : Summing<T> {
  using Out = typename Summing<T>::Lane;
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> sum, const PoolCall& /*call*/, Index /*p*/, Out* out) {
    hn::StoreU(sum, d, out);
  }
};

// n / count, rounded down, of lanes n >= 0: the f32 quotient is at most one off, since what fits a byte is exact to far
// less than 1.
template <class D>
HWY_INLINE hn::Vec<D> Quotient(D d, hn::Vec<D> n, hn::Vec<D> count) {
  const hn::Rebind<float, D> f;
  const auto one = hn::Set(d, 1);
  const auto about = hn::ConvertTo(d, hn::Div(hn::ConvertTo(f, n), hn::ConvertTo(f, count)));
  const auto rest = hn::Sub(n, hn::Mul(about, count));
  const auto up = hn::IfThenZeroElse(hn::Lt(rest, count), one);
  const auto down = hn::IfThenElseZero(hn::Lt(rest, hn::Zero(d)), one);
  return hn::Sub(hn::Add(about, up), down);
}

template <class T>
struct Average : Summing<T> {
  using Out = T;
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> sum, const PoolCall& call, Index p, T* out) {
    if constexpr (hwy::IsFloat<T>()) {
      hn::StoreU(hn::Div(sum, hn::Set(d, static_cast<float>(call.counts[p]))), d, out);
    } else {
      const auto count = static_cast<std::int32_t>(call.counts[p]);
      const auto size = Quotient(d, hn::Add(hn::Abs(sum), hn::Set(d, count / 2)), hn::Set(d, count));
      auto mean = hn::IfThenElse(hn::Lt(sum, hn::Zero(d)), hn::Neg(size), size);
      mean = hn::Min(hn::Max(mean, hn::Set(d, call.low)), hn::Set(d, call.high));
      const hn::Rebind<T, D> bytes;
      hn::StoreU(hn::DemoteTo(bytes, mean), bytes, out);
    }
  }
};

template <class Operation, class D>
HWY_INLINE void ReduceOne(D d, const PoolCall& call, Index p, const typename Operation::In* const* x, Index c,
                          typename Operation::Out* out) {
  auto v = Operation::start(d, x[0] + c);
  for (Index t = 1; t < call.taps; ++t) v = Operation::next(d, v, x[t] + c);
  Operation::store(d, v, call, p, out + c);
}

template <class Operation, class D>
HWY_INLINE void ReduceFour(D d, const PoolCall& call, Index p, const typename Operation::In* const* x, Index c,
                           typename Operation::Out* out) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  auto v0 = Operation::start(d, x[0] + c), v1 = Operation::start(d, x[0] + c + lanes);
  auto v2 = Operation::start(d, x[0] + c + 2 * lanes), v3 = Operation::start(d, x[0] + c + 3 * lanes);
  for (Index t = 1; t < call.taps; ++t) {
    const auto* pixel = x[t] + c;
    v0 = Operation::next(d, v0, pixel), v1 = Operation::next(d, v1, pixel + lanes);
    v2 = Operation::next(d, v2, pixel + 2 * lanes), v3 = Operation::next(d, v3, pixel + 3 * lanes);
  }
  Operation::store(d, v0, call, p, out + c);
  Operation::store(d, v1, call, p, out + c + lanes);
  Operation::store(d, v2, call, p, out + c + 2 * lanes);
  Operation::store(d, v3, call, p, out + c + 3 * lanes);
}

// Vectors of d, at most as long as the range: four at once, so that what is read of a pixel is some cache lines and
// additions have company. The last one ends with the range: what it does again comes out the same.
template <class Operation, class D>
void Reduce(D d, const PoolCall& call) {
  const auto* const* x = reinterpret_cast<const typename Operation::In* const*>(call.x);
  auto* out = static_cast<typename Operation::Out*>(call.out);
  const Index lanes = static_cast<Index>(hn::Lanes(d)), final = call.last - lanes;
  for (Index p = 0; p < call.pixels; ++p, x += call.taps, out += call.channels) {
    Index c = call.first;
    for (; c + 4 * lanes <= call.last; c += 4 * lanes) ReduceFour<Operation>(d, call, p, x, c, out);
    for (; c < call.last; c += lanes) ReduceOne<Operation>(d, call, p, x, c < final ? c : final, out);
  }
}

template <class Operation>
void Run(const PoolCall& from) noexcept {
  using Lane = typename Operation::Lane;
  const PoolCall call = from;  // what `out` points to cannot be a part of it
  const hn::ScalableTag<Lane> whole;
  const hn::CappedTag<Lane, 4> some;
  const Index channels = call.last - call.first;
  if (channels >= static_cast<Index>(hn::Lanes(whole))) return Reduce<Operation>(whole, call);
  if (channels >= static_cast<Index>(hn::Lanes(some))) return Reduce<Operation>(some, call);
  Reduce<Operation>(hn::CappedTag<Lane, 1>(), call);
}

}  // namespace

PoolKernels pool_table() {
  return {&Run<Greatest<float>>,  &Run<Greatest<std::int8_t>>, &Run<Greatest<std::uint8_t>>,
          &Run<Average<float>>,   &Run<Average<std::int8_t>>,  &Run<Average<std::uint8_t>>,
          &Run<Sum<std::int8_t>>, &Run<Sum<std::uint8_t>>};
}
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(PoolKernels, pool_table)
}  // namespace septet::kernels
#endif
