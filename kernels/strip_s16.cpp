// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Strips of s16 pairs, for s16, and for s8 and u8 less their zero points.
#include "kernels/strip.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/strip_s16.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
KernelSet s16_s32() { return MakeKernelSet<PairMac<std::int16_t>, std::int32_t>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_ARITHMETIC(s16_s32)
}  // namespace septet::kernels
#endif
