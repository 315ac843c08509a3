// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulated array's kernels for narrow accumulators.
#include "kernels/array.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/array_narrow.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/array-inl.h"
#include "kernels/instantiate.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
template <class Narrowing>
ArrayKernels MakeNarrow() {
  return MakeArrayKernels<NarrowArrayMac<Narrowing>>();
}
ArrayKernels array_narrow_f32_fused() { return MakeNarrow<NarrowMac<float, true>>(); }
ArrayKernels array_narrow_f32_unfused() { return MakeNarrow<NarrowMac<float, false>>(); }
ArrayKernels array_narrow_f16_fused() { return MakeNarrow<HalfFusedMac>(); }
ArrayKernels array_narrow_f64_fused() { return MakeNarrow<NarrowMac<double, true>>(); }
ArrayKernels array_narrow_f64_unfused() { return MakeNarrow<NarrowMac<double, false>>(); }
ArrayKernels array_narrow_s32() { return MakeNarrow<NarrowMac<std::int32_t, true>>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_f32_fused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_f32_unfused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_f16_fused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_f64_fused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_f64_unfused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_narrow_s32)
}  // namespace septet::kernels
#endif
