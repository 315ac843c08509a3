// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which kernels run: the registry's arithmetics on the chosen instruction set.
#pragma once

#include "kernels/epilogue.hpp"
#include "kernels/strip.hpp"
#include "septet/gemm.hpp"

namespace septet::kernels {

enum class Arithmetic : std::uint8_t {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) name,
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
};

/// As in the registry: "f32_fused", …
const char* name(Arithmetic arithmetic);
/// The packed element type of an arithmetic.
Packed packed_of(Arithmetic arithmetic);
/// The arithmetic for operands of this accumulator type.
Arithmetic arithmetic_for(Type accumulator, Mac mac);

/// The kernels of `arithmetic` on the target in use.
const KernelSet& kernel_set(Arithmetic arithmetic);

/// The epilogue's kernels on the target in use.
const EpilogueKernels& epilogue_kernels();

/// Ok, or why the target that SEPTET_TARGET names cannot be used.
Status target_status();
bool target_ok();

}  // namespace septet::kernels
