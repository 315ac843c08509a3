// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Strips of narrow accumulators.
#include "kernels/strip.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/strip_narrow.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/narrow_strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
KernelSet narrow_f32_fused() { return MakeNarrowSet<NarrowMac<float, true>, float>(); }
KernelSet narrow_f32_unfused() { return MakeNarrowSet<NarrowMac<float, false>, float>(); }
KernelSet narrow_f16_fused() { return MakeNarrowSet<HalfFusedMac, float>(); }
KernelSet narrow_f64_fused() { return MakeNarrowSet<NarrowMac<double, true>, double>(); }
KernelSet narrow_f64_unfused() { return MakeNarrowSet<NarrowMac<double, false>, double>(); }
KernelSet narrow_s32() { return MakeNarrowSet<NarrowMac<std::int32_t, true>, std::int16_t>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_ARITHMETIC(narrow_f32_fused)
SEPTET_EXPORT_ARITHMETIC(narrow_f32_unfused)
SEPTET_EXPORT_ARITHMETIC(narrow_f16_fused)
SEPTET_EXPORT_ARITHMETIC(narrow_f64_fused)
SEPTET_EXPORT_ARITHMETIC(narrow_f64_unfused)
SEPTET_EXPORT_ARITHMETIC(narrow_s32)
}  // namespace septet::kernels
#endif
