// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The contract of the epilogue's kernels: one row, or a part of one, of a finished tile.
//
// Elements are independent, every operation on them is rounded as written here, and the rest of a row that does not
// fill a vector takes the same operations: the bits do not depend on the instruction set, nor on where a row is cut.
#pragma once

#include "septet/epilogue.hpp"

namespace septet::kernels {

/// One operand of a row: absent, a value for each column, or one for all.
template <class T>
struct RowOperand {
  const T* data = nullptr;
  bool repeated = false;
};

/// out[j] <- activation(sum * scale + bias + residual), each step rounded, where sum is sums[j] or, if `scaled`,
/// fma(alpha, sums[j], round(beta * old[j])). Integers are modulo 2^32 and have no scale. out may be sums.
template <class T>
struct FinishCall {
  const T* sums = nullptr;
  T* out = nullptr;
  Index count = 0;
  bool scaled = false;
  T alpha = 1;
  T beta = 0;
  RowOperand<T> old;  ///< absent: beta is 0
  RowOperand<T> scale;
  RowOperand<T> bias;
  RowOperand<T> residual;
  Activation activation = Activation::none;
};

/// out[j] <- requantise(sums[j] + bias[j]), the sum modulo 2^32, in `rows` rows with the same operands; see
/// septet/epilogue.hpp. `out` has `type`, whose range or less is [low, high].
struct RequantiseCall {
  const std::int32_t* sums = nullptr;
  void* out = nullptr;
  Index count = 0;
  Index rows = 1, sums_row = 0, out_row = 0;  ///< elements from row to row
  Type type = Type::s8;
  RowOperand<std::int32_t> bias;  ///< absent: 0
  RowOperand<std::int32_t> multiplier;
  RowOperand<std::int32_t> shift;  ///< absent: 0
  RowOperand<float> scale;         ///< fp32_nearest_even only, instead of the two
  Rounding rounding = Rounding::gemmlowp_double;
  Overflow overflow = Overflow::clamp;
  std::int32_t zero_point = 0;
  std::int32_t low = 0;
  std::int32_t high = 0;
};

/// The epilogue's kernels on one instruction set.
struct EpilogueKernels {
  void (*finish_f32)(const FinishCall<float>&) noexcept;
  void (*finish_f64)(const FinishCall<double>&) noexcept;
  void (*finish_s32)(const FinishCall<std::int32_t>&) noexcept;
  void (*requantise)(const RequantiseCall&) noexcept;
  /// data[j] <- e^data[j], of data[j] <= 0 or NaN.
  void (*exp_f32)(float* data, Index count) noexcept;
};

}  // namespace septet::kernels
