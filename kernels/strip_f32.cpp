// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Strips of f32.
#include "kernels/strip.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/strip_f32.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
KernelSet f32_fused() { return MakeKernelSet<FusedMac<float>, float>(); }
KernelSet f32_unfused() { return MakeKernelSet<UnfusedMac<float>, float>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_ARITHMETIC(f32_fused)
SEPTET_EXPORT_ARITHMETIC(f32_unfused)
}  // namespace septet::kernels
#endif
