// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which kernels run: the registry's arithmetics on the chosen instruction set.
#pragma once

#include "kernels/array.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/bytes.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/narrow.hpp"
#include "kernels/pool.hpp"
#include "kernels/rows.hpp"
#include "kernels/strip.hpp"
#include "septet/gemm.hpp"

namespace septet::kernels {

enum class Arithmetic : std::uint8_t {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) name,
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
};

/// While one lives, its thread keeps to the target that was in use when the first of them was made: everything that a
/// call sizes and runs is then of one piece, whatever set_target() does meanwhile.
class PinnedTarget {
 public:
  PinnedTarget() : PinnedTarget(in_use()) {}
  /// The same one as another thread's: in_use() there.
  explicit PinnedTarget(const void* target);
  ~PinnedTarget();
  PinnedTarget(const PinnedTarget&) = delete;
  PinnedTarget& operator=(const PinnedTarget&) = delete;
  static const void* in_use();

 private:
  const void* before_;
};

/// As in the registry: "f32_fused", …
const char* name(Arithmetic arithmetic);
/// The packed element type of an arithmetic.
Packed packed_of(Arithmetic arithmetic);
/// The arithmetic for operands of this accumulator type.
Arithmetic arithmetic_for(Type accumulator, Mac mac);
/// The one that does every step as it is stated.
Arithmetic narrow_arithmetic_for(Type accumulator, Mac mac, const Narrow& narrow);

/// The kernels of `arithmetic` on the target in use.
const KernelSet& kernel_set(Arithmetic arithmetic);

/// The kernels of sparse rows.
const RowSet& row_set(Arithmetic arithmetic);

/// The kernels of the emulated array.
const ArrayKernels& array_kernels(Arithmetic arithmetic);

/// The epilogue's kernels on the target in use.
const EpilogueKernels& epilogue_kernels();

/// The kernels of depthwise convolutions on the target in use.
const DepthwiseKernels& depthwise_kernels();

/// The kernels of batch normalisation on the target in use.
const BatchNormKernels& batch_norm_kernels();

/// The kernels of pools, and of quantised bytes, on the target in use.
const PoolKernels& pool_kernels();
const ByteKernels& byte_kernels();

/// Ok, or why the target that SEPTET_TARGET names cannot be used.
Status target_status();
bool target_ok();

}  // namespace septet::kernels
