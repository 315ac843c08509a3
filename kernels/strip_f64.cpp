// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Strips of f64.
#include "kernels/strip.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/strip_f64.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
KernelSet f64_fused() { return MakeKernelSet<FusedMac<double>, double>(); }
KernelSet f64_unfused() { return MakeKernelSet<UnfusedMac<double>, double>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_ARITHMETIC(f64_fused)
SEPTET_EXPORT_ARITHMETIC(f64_unfused)
}  // namespace septet::kernels
#endif
