// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulated array's kernels for sums in full.
#include "kernels/array.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/array.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/array-inl.h"
#include "kernels/instantiate.hpp"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
ArrayKernels array_f32_fused() { return MakeArrayKernels<FusedArrayMac<float>>(); }
ArrayKernels array_f32_unfused() { return MakeArrayKernels<UnfusedArrayMac<float>>(); }
ArrayKernels array_f64_fused() { return MakeArrayKernels<FusedArrayMac<double>>(); }
ArrayKernels array_f64_unfused() { return MakeArrayKernels<UnfusedArrayMac<double>>(); }
ArrayKernels array_s16_s32() { return MakeArrayKernels<WordArrayMac>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(ArrayKernels, array_f32_fused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_f32_unfused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_f64_fused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_f64_unfused)
SEPTET_EXPORT_TABLE(ArrayKernels, array_s16_s32)
}  // namespace septet::kernels
#endif
