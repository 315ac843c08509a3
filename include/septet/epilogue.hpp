// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What happens to a sum between its last multiply-accumulate and C, once per output, while its tile is still in cache:
//
//     sum <- fma(alpha, sum, round(beta * C))     where alpha is not 1 (gemm.hpp)
//     sum <- sum * scale                          every step rounds once, to the accumulator's type
//     sum <- sum + bias
//     sum <- sum + residual
//     sum <- activation(sum)
//     your function, on the whole tile of sums
//     C   <- requantise(sum), or sum
//
// Each step is left out unless it is asked for. Operands are m x n views; a stride of 0 repeats a value, so that one
// per row is per_row(data, m, n), one per column per_column(data, m, n), and one for all per_tensor(data, m, n).
//
//   septet::GemmOptions options;
//   options.epilogue.bias = septet::per_row(bias.data(), m, n);
//   options.epilogue.activation = septet::Activation::gelu;
//   septet::gemm(a, b, c, options);
//
// Your own step, here leaky relu in xsimd (tests/epilogue/xsimd_test.cpp runs it). It gets plain memory, so it may
// be compiled with flags of its own:
//
//   const auto leaky_relu = [](const septet::MatrixView<float>& sums, septet::Index /*m0*/, septet::Index /*n0*/) {
//     using Batch = xsimd::batch<float>;
//     for (septet::Index i = 0; i < sums.rows; ++i) {
//       float* row = &sums(i, 0);
//       septet::Index j = 0;
//       for (; j + septet::Index(Batch::size) <= sums.cols; j += Batch::size) {
//         const Batch x = Batch::load_unaligned(row + j);
//         xsimd::select(x < Batch(0.f), x * Batch(0.01f), x).store_unaligned(row + j);
//       }
//       for (; j < sums.cols; ++j) row[j] = row[j] < 0 ? row[j] * 0.01f : row[j];
//     }
//   };
//   options.epilogue.function = septet::tile_function<float>(leaky_relu);
//
// A sum of s32, for the s8 output of a quantised layer with one multiplier and shift per channel:
//
//   options.epilogue.requantise.multiplier = septet::per_row(multiplier.data(), m, n);
//   options.epilogue.requantise.shift = septet::per_row(shift.data(), m, n);
//   options.epilogue.requantise.zero_point = -128;
//   septet::gemm(a, b, septet::row_major(output_s8.data(), m, n), options);
#pragma once

#include "septet/matrix_view.hpp"

#include <limits>

namespace septet {

/// relu: 0 where x <= 0 (also for -0), else x. relu6: at most 6 as well. gelu: x * (1 + erf(x / sqrt 2)) / 2.
/// sigmoid: 1 / (1 + exp(-x)). A NaN stays one. s32 sums: none and relu.
///
/// The bits are the same on every instruction set. Largest error in ulp of the result, measured: f32, all 2^32 inputs:
/// gelu 0.503, sigmoid 0.502, tanh 0.508, so rounded correctly but for near ties; f64, millions of random inputs: gelu
/// 3.6, sigmoid 2.3, tanh 2.6. Ends: gelu(-inf) = -0, gelu(-0) = -0, tanh(-0) = -0; subnormal results are right, too.
enum class Activation : std::uint8_t { none, relu, relu6, gelu, sigmoid, tanh };

/// How an s32 sum x becomes round(x * multiplier * 2^(shift - 31)), or round(x * scale).
enum class Rounding : std::uint8_t {
  /// gemmlowp's two roundings, TensorFlow Lite's default: x * 2^max(shift, 0) modulo 2^32; then
  /// SaturatingRoundingDoublingHighMul (the product's upper half, ties up); then RoundingDivideByPOT (ties away from
  /// 0).
  gemmlowp_double,
  single_half_up,    ///< one rounding of the exact product, ties towards +infinity
  single_half_away,  ///< one rounding of the exact product, ties away from 0
  truncate,          ///< the exact product, towards 0
  floor,             ///< the exact product, towards -infinity: an arithmetic shift that drops bits
  /// float(x) * scale in f32, both to nearest even; then to the nearest integer, ties to even, saturating to s32.
  fp32_nearest_even,
  /// One rounding of the exact product, ties to even: RISC-V's rounding mode rne of fixed point, Gemmini's shift.
  single_half_even,
};

/// The names that the C interface takes ("relu6", "single-half-up", …).
SEPTET_API const char* name(Activation activation);
SEPTET_API const char* name(Rounding rounding);

/// s32 sums to an s8, u8 or s16 C:  C <- clamp(round(…) + zero_point, low, high). On if there is a multiplier or a
/// scale.
struct Requantise {
  ConstMatrix multiplier;  ///< s32, m x n: in units of 2^-31
  ConstMatrix shift;       ///< s32, m x n: to the left, -31 to 30. No data pointer: 0
  ConstMatrix scale;       ///< f32, m x n, finite; instead of multiplier and shift, under fp32_nearest_even
  int zero_point = 0;      ///< of the output's type
  Rounding rounding = Rounding::gemmlowp_double;
  Overflow overflow = Overflow::clamp;
  /// Narrower bounds than the output type's own, under clamp (a fused relu6: the quantised 0 and 6).
  int low = std::numeric_limits<int>::min();
  int high = std::numeric_limits<int>::max();

  bool enabled() const { return multiplier.data != nullptr || scale.data != nullptr; }
};

/// A finished tile: rows [m0, m1) and columns [n0, n1) of the output.
struct Tile {
  void* sums;  ///< row-major, of the accumulator's type; may be changed in place
  Type type;   ///< f32, f64 or s32
  Index ld;    ///< elements from one row to the next
  Index m0, m1, n0, n1;

  template <class T>
  MatrixView<T> view() const {
    return {static_cast<T*>(sums), m1 - m0, n1 - n0, ld, 1};
  }
};

/// Your own step: called once for every tile, from several threads at once, for tiles of any size that together
/// cover the output; never where the output is empty. It must not throw. Only what it does with one element alone,
/// or with its place, is independent of how the work is cut.
struct TileFunction {
  void (*call)(void* user, const Tile& tile) = nullptr;
  void* user = nullptr;
};

/// Makes a TileFunction of `f(const MatrixView<T>& sums, Index m0, Index n0)`; refers to f, which has to outlive the
/// product and to be callable from several threads. T: the accumulator's type.
template <class T, class F>
TileFunction tile_function(F& f) {
  return {[](void* user, const Tile& tile) { (*static_cast<F*>(user))(tile.view<T>(), tile.m0, tile.n0); },
          const_cast<void*>(static_cast<const void*>(&f))};
}

/// See the top of this file. Views without a data pointer are steps left out; C must not touch any of them. The sums'
/// type is f32 for bf16 and f16, too: those are rounded once, when C is stored.
struct Epilogue {
  ConstMatrix scale;     ///< of the sums' type, f32 or f64
  ConstMatrix bias;      ///< of the sums' type; s32 adds modulo 2^32
  ConstMatrix residual;  ///< of the sums' type; s32 adds modulo 2^32
  Activation activation = Activation::none;
  TileFunction function;
  Requantise requantise;  ///< s32 sums only; needs beta = 0

  /// Nothing happens to a sum.
  bool empty() const {
    return scale.data == nullptr && bias.data == nullptr && residual.data == nullptr &&
           activation == Activation::none && function.call == nullptr && !requantise.enabled() &&
           requantise.shift.data == nullptr;
  }
};

}  // namespace septet
