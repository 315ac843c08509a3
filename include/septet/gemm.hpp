// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The product. Start reading here.
//
//     C <- epilogue(alpha * A * B + beta * C)     A: m x k (weights; dense, sparse or packed)   B: k x n   C: m x n
//
//   std::vector<float> a(m * k), b(k * n), c(m * n);
//   septet::gemm(septet::row_major(a.data(), m, k), septet::row_major(b.data(), k, n),
//                septet::row_major(c.data(), m, n));
//
// Every output is one sequence of multiply-accumulates in an order that the options alone decide, so the bits do
// not depend on the CPU, its instruction set or the number of threads.
#pragma once

#include "septet/epilogue.hpp"
#include "septet/spmm.hpp"

namespace septet {

/// What to compute, and in which order. The defaults are a plain C = A * B.
struct GemmOptions {
  /// Rounded to the accumulator type. alpha = 1: sums start from round(beta * C). Any other alpha: they start from 0
  /// and C <- fma(alpha, sum, round(beta * C)). beta = 0 never reads C, alpha = 0 never reads A or B. Integers: both
  /// are whole numbers of 32 bits, and everything is modulo 2^32.
  double alpha = 1;
  double beta = 0;
  int a_zero_point = 0;  ///< s8, u8: subtracted from every element of A (a packed A brings its own)
  int b_zero_point = 0;  ///< s8, u8: subtracted from every element of B

  /// Where the sums start, instead of beta * C: an m x n view of the sums' type (a stride of 0 repeats a row or column:
  /// a bias). Needs alpha = 1 and beta = 0. No data pointer: no preload.
  ConstMatrix preload;

  Epilogue epilogue;  ///< bias, activation, requantisation, your own function: after the last multiply-accumulate

  /// automatic: dense A: dOS; CSR or CSC view: csOS in order (under fold_then_add dWS and sWS). An A that is packed for
  /// a sparse dataflow brings that, its array and its combining.
  Dataflow dataflow = Dataflow::automatic;
  ArrayShape array;  ///< a named dataflow's order may depend on it
  Accumulate accumulate = Accumulate::chained;
  Index fold_depth = 0;  ///< k per fold of fold_then_add; 0: the array's height. emulate() takes the height only
  Mac mac = Mac::fused;
  Combine combine;  ///< csOS only

  int threads = 0;  ///< most to use, up to 1024; 0: what OpenMP would. Small products stay on one. No bit depends on it
};

namespace detail {
/// What is not asked for costs nothing: small products take less time than filling in their options.
inline constexpr GemmOptions kDefaultOptions{};
}  // namespace detail

/// C <- epilogue(alpha * A * B + beta * C).
///
/// Types: f32 and f64 (A, B and C alike); bf16 or f16 (A and B alike, widened exactly, sums in f32) into f32 or into
/// their own type, rounded once, at the end; s8/u8 times s8/u8, or s16 times s16, into s32, or requantised into s8, u8
/// or s16.
/// Aliasing: C must not touch an element of A, B, the preload or the epilogue's operands; interleaved blocks of one
/// buffer are fine.
/// Empty dimensions are legal; k = 0 gives the preload.
/// Sparse A, or a sparse dataflow: elements equal to zero are skipped or injected as the format says, so a product
/// with Inf or NaN in B may differ from the dense one where 0 * Inf would have been.
/// Errors: bad_shape, bad_pointer, bad_stride, bad_type, bad_option, overlap, bad_structure, out_of_memory; C is
/// then untouched.
SEPTET_API Status try_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c,
                           const GemmOptions& options = detail::kDefaultOptions);
SEPTET_API void gemm(const Weights& a, const ConstMatrix& b, const Matrix& c,
                     const GemmOptions& options = detail::kDefaultOptions);

/// The same with a B that was packed with PackOptions::side = right. Its zero point is the one it was packed with.
SEPTET_API Status try_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c,
                           const GemmOptions& options = {});
SEPTET_API void gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options = {});

/// The instruction sets that the kernels were built for and this CPU has, best first, "portable" last.
/// SEPTET_TARGET in the environment, or set_target(), chooses one; an unknown name is an error, not a fallback.
SEPTET_API const char* const* supported_targets();  ///< ends with nullptr
SEPTET_API Status set_target(const char* name);     ///< nullptr: the best again
SEPTET_API const char* target();                    ///< the one in use

}  // namespace septet
