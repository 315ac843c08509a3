// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The operators on this CPU, one at a time. Types and shapes have been checked (network.hpp, validate()). Integer
// operators have the bits of TensorFlow Lite's reference kernels; f32 ones do what operators.hpp says, in the order of
// elements, rounding every step once, with septet's own activations.
#pragma once

#include "septet/gemm.hpp"
#include "septet/network/network.hpp"

#include <functional>
#include <vector>

namespace septet::network {

/// A product of a step: C is m x n of sums (s32, f32), before bias and requantisation.
struct GemmCall {
  ConstMatrix a;        ///< weights
  ConstMatrix b;        ///< inputs
  Matrix c;             ///< the output, or sums where there is no epilogue
  GemmOptions options;  ///< zero points and the epilogue
  Index group = 0;      ///< which of the step's products
};
/// Does it: on the CPU (gemm) or the emulated array. Throws Error.
using Gemm = std::function<void(const GemmCall&)>;

/// Who multiplies, and how much at once.
struct Execution {
  Gemm gemm;  ///< none: septet::gemm with its defaults, or kernels that read images where they lie; the same bits
  /// Most bytes of inputs that a convolution gathers (im2col) for one call; several calls then make up a product,
  /// columns after columns. 0: no limit, a call is a whole product, as an array's cycles are counted.
  Index gather_bytes = Index{4} << 20;
  /// A convolution's groups as one product, whose A has their weights on its diagonal and zeros (zero points)
  /// elsewhere: what a sparse dataflow skips. One call, whatever gather_bytes says. Integers: the same bits.
  bool join_groups = false;
};

/// y <- the step's operator of x. y has its type and shape (Tensor(info)). sums: if not null, becomes the products'
/// sums with the bias, before requantisation (s32) or activation (f32), of y's shape; left alone by what is no
/// product. Throws Error, std::bad_alloc.
SEPTET_API void execute(const Step& step, const std::vector<const Tensor*>& x, Tensor& y,
                        const Execution& execution = {}, Tensor* sums = nullptr);

}  // namespace septet::network
