// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// bf16 and f16 to f32, exactly; compiled once per target. Include guard by Highway's toggle.
#if defined(SEPTET_KERNELS_WIDEN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEPTET_KERNELS_WIDEN_INL_H_
#undef SEPTET_KERNELS_WIDEN_INL_H_
#else
#define SEPTET_KERNELS_WIDEN_INL_H_
#endif

#include "hwy/highway.h"
#include "septet/types.hpp"

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// to[i] <- from[i], i in [0, count). Narrow is Highway's name of the type.
template <class Narrow>
void WidenRow(const void* from, Index count, float* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<Narrow, decltype(d)> narrow;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const Narrow* row = static_cast<const Narrow*>(from);
  Index i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::PromoteTo(d, hn::LoadU(narrow, row + i)), d, to + i);
  if (i == count) return;
  HWY_ALIGN Narrow rest[hn::MaxLanes(decltype(d)())] = {};
  HWY_ALIGN float wide[hn::MaxLanes(decltype(d)())];
  std::memcpy(rest, row + i, static_cast<size_t>(count - i) * sizeof(Narrow));
  hn::Store(hn::PromoteTo(d, hn::LoadU(narrow, rest)), d, wide);
  std::memcpy(to + i, wide, static_cast<size_t>(count - i) * sizeof(float));
}

// Where the instructions are; element by element elsewhere, which the callers know how to do.
template <class KernelSet>
void AddWidening(KernelSet& set) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  set.widen_bf16 = &WidenRow<hwy::bfloat16_t>;
  set.widen_f16 = &WidenRow<hwy::float16_t>;
#else
  (void)set;
#endif
}

}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
