// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Strips of f32.
#include "kernels/strip.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/strip_f32.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/strip-inl.h"
#include "kernels/widen-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
template <class Mac>
KernelSet MakeF32() {
  KernelSet set = MakeKernelSet<Mac, float>();
  AddWidening(set);
  return set;
}
KernelSet f32_fused() { return MakeF32<FusedMac<float>>(); }
KernelSet f32_unfused() { return MakeF32<UnfusedMac<float>>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_ARITHMETIC(f32_fused)
SEPTET_EXPORT_ARITHMETIC(f32_unfused)
}  // namespace septet::kernels
#endif
