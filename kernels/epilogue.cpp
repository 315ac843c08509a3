// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue's kernels.
#include "kernels/epilogue.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/epilogue.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "kernels/epilogue-inl.h"
#include "kernels/requantise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace septet::kernels::HWY_NAMESPACE {
EpilogueKernels EpilogueTable() {
  return {&FinishFloats<float>, &FinishFloats<double>, &FinishIntegers, &RequantiseAny, &ExpOfNegatives};
}
}  // namespace septet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::kernels {
HWY_EXPORT(EpilogueTable);
EpilogueKernels epilogue_table(std::int64_t target);
EpilogueKernels epilogue_table(std::int64_t target) {
  hwy::ChosenTarget chosen;  // an own one: the process-wide one belongs to other Highway users
  chosen.Update(target);
  return HWY_DISPATCH_TABLE(EpilogueTable)[chosen.GetIndex()]();
}
}  // namespace septet::kernels
#endif
