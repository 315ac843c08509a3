// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse rows and blocks of integers.
#include "kernels/rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows_s16.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
RowSet rows_s16_s32() { return MakeRowSet<WordMac>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(RowSet, rows_s16_s32)
}  // namespace septet::kernels
#endif
