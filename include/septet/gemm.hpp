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
#include "septet/threads.hpp"

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

  /// automatic: dense A: dOS; sparse view: csOS in order (under fold_then_add dWS and sWS). An A that is packed for
  /// a sparse dataflow brings that, its array and its combining.
  Dataflow dataflow = Dataflow::automatic;
  ArrayShape array;  ///< a named dataflow's order may depend on it
  Accumulate accumulate = Accumulate::chained;
  Index fold_depth = 0;  ///< k per fold of fold_then_add; 0: the array's height. emulate() takes the height only
  Mac mac = Mac::fused;
  /// Narrower sums than the type's own, as real arrays have them. `accumulator`: the running sum (of the whole chain,
  /// or of one fold). `fold_accumulator`: under fold_then_add, what the folds are added to.
  Accumulator accumulator;
  Accumulator fold_accumulator;
  /// Floats: elements of A and B, the start of a sum, products (unfused) and sums that are subnormal (of f16
  /// accumulators: subnormal as an f16) become zeros of their sign. The epilogue keeps them.
  bool flush_subnormals = false;
  Combine combine;  ///< csOS only
  /// Sparse products: a zero that a format injects (bsr, nm, tsb) or update_values() left is multiplied like any
  /// weight, and 0 * Inf is NaN. true: where B holds Inf or NaN, those are skipped like all others (but what an update
  /// left in a first-fit csb). Costs a scan of B, and a copy of A's non-zeros where it finds some. Not under
  /// fold_then_add, nor with flush_subnormals.
  bool strict_nonfinite = false;

  int threads = 0;           ///< most to use, up to 1024; 0: as threads.hpp says. Small products stay on one
  ParallelFor parallel_for;  ///< instead of OpenMP

  /// Memory for what a dense product copies and keeps on its way: with it, a call allocates nothing. As much as
  /// gemm_workspace_bytes() says (less is bad_option), on any address, apart from all operands; used by one call at a
  /// time. Null: the calling thread keeps memory of its own. Sparse products pack and plan in memory that they allocate
  /// either way.
  void* workspace = nullptr;
  Index workspace_bytes = 0;
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

/// What GemmOptions::workspace has to hold for this product: operands of these shapes, strides and types (their data
/// may be missing), these options, the target in use and as many threads as it would use now, or one, as within a
/// parallel region. 0 if it needs none, is sparse, or would be refused.
SEPTET_API Index gemm_workspace_bytes(const Weights& a, const ConstMatrix& b, const Matrix& c,
                                      const GemmOptions& options = detail::kDefaultOptions);
SEPTET_API Index gemm_workspace_bytes(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c,
                                      const GemmOptions& options = detail::kDefaultOptions);

/// A batch: C_i <- epilogue(alpha * A_i * B_i + beta * C_i), i = 0 … count - 1, bit for bit as one call each.
///
///   septet::gemm_batch(count, septet::row_major(a.data(), m, k), m * k, septet::row_major(b.data(), k, n), k * n,
///                      septet::row_major(c.data(), m, n), m * n);
///
/// `a`, `b` and `c` are views of the first matrices; the strides say how many elements further the next one begins: any
/// integer, also negative, and 0 where all products share an A or a B. count = 0: nothing is looked at. The preload and
/// the operands of an epilogue are shared by all; an epilogue's function is called with the tiles of each.
/// Aliasing: no C may touch another C, any A or B, or what is shared.
/// Small products of floats run back to back without a call for each, so this is where to bring them by the thousand.
/// Errors as try_gemm(), and bad_shape "count", bad_stride "a_stride" …; no C is touched, except where memory runs out
/// under a sparse dataflow.
SEPTET_API Status try_gemm_batch(Index count, const ConstMatrix& a, Index a_stride, const ConstMatrix& b,
                                 Index b_stride, const Matrix& c, Index c_stride,
                                 const GemmOptions& options = detail::kDefaultOptions);
SEPTET_API void gemm_batch(Index count, const ConstMatrix& a, Index a_stride, const ConstMatrix& b, Index b_stride,
                           const Matrix& c, Index c_stride, const GemmOptions& options = detail::kDefaultOptions);
/// As gemm_workspace_bytes(), for a batch.
SEPTET_API Index gemm_batch_workspace_bytes(Index count, const ConstMatrix& a, const ConstMatrix& b, const Matrix& c,
                                            const GemmOptions& options = detail::kDefaultOptions);

/// The instruction sets that the kernels were built for and this CPU has, best first, "portable" last.
/// SEPTET_TARGET in the environment, or set_target(), chooses one; an unknown name is an error, not a fallback.
SEPTET_API const char* const* supported_targets();  ///< ends with nullptr
SEPTET_API Status set_target(const char* name);     ///< nullptr: the best again
SEPTET_API const char* target();                    ///< the one in use

}  // namespace septet
