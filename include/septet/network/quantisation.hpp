// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From real numbers to the integers of quantised operators, by TensorFlow Lite's rules: what a network is made of, from
// scales.
#pragma once

#include "septet/epilogue.hpp"
#include "septet/network/tensor.hpp"

namespace septet::network {

/// multiplier * 2^(shift - 31), the multiplier in [2^30, 2^31); or 0.
struct Multiplier {
  std::int32_t multiplier = 0;
  int shift = 0;
};

/// The nearest one, ties away from 0 (kernels/internal/quantization_util.cc, QuantizeMultiplier()); real >= 0 and
/// finite. Below 2^-32: 0.
SEPTET_API Multiplier nearest_multiplier(double real);

/// What sums of a quantised product are multiplied by: scale of x * scale of the weights / scale of y. TensorFlow Lite
/// rounds the product to f32 where one scale is for all weights (kernels/kernel_util.cc,
/// GetQuantizedConvolutionMultipler()), and computes in f64 what is per output
/// (PopulateConvolutionQuantizationParams()).
inline double factor_of_sums(float x, float weight, float y, bool one_for_all) {
  const double product = one_for_all ? static_cast<double>(x * weight) : static_cast<double>(x) * double{weight};
  return product / double{y};
}
/// Under fp32_nearest_even; both rounded to f32 (ONNX Runtime, core/providers/cpu/quantization/qlinearconv.cc,
/// ComputeOutputScale()).
inline float float_factor_of_sums(float x, float weight, float y) { return x * weight / y; }

/// The least and the greatest of a quantised type.
struct IntegerRange {
  int low, high;
};
constexpr IntegerRange range_of(Type type) { return type == Type::u8 ? IntegerRange{0, 255} : IntegerRange{-128, 127}; }

/// round(x / scale) + zero point, ties away from 0, within the type's range; a NaN is 0 (AffineQuantize()).
SEPTET_API int nearest_quantised(float x, Type type, const Quantisation& quantisation);

/// What relu or relu6 leaves of a type's range; of another activation, all of it (kernels/kernel_util.cc,
/// CalculateActivationRangeQuantized()).
SEPTET_API IntegerRange activated_range(Activation activation, Type type, const Quantisation& quantisation);

}  // namespace septet::network
