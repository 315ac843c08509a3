// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse rows and blocks of f64.
#include "kernels/rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows_f64.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/instantiate.hpp"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
RowSet rows_f64_fused() { return MakeRowSet<FusedMac<double>>(); }
RowSet rows_f64_unfused() { return MakeRowSet<UnfusedMac<double>>(); }
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
SEPTET_EXPORT_TABLE(RowSet, rows_f64_fused)
SEPTET_EXPORT_TABLE(RowSet, rows_f64_unfused)
}  // namespace septet::kernels
#endif
