// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The C interface: everything that septet.hpp has, for C99 and for every language that calls C.
//
//     C <- epilogue(alpha * A * B + beta * C)     A: m x k (weights; dense, sparse or packed)   B: k x n   C: m x n
//
//   float a[2 * 3] = {…}, b[3 * 4] = {…}, c[2 * 4];
//   const septet_matrix a_view = {a, SEPTET_F32, 2, 3, 3, 1};          // row-major: strides 3 and 1
//   const septet_matrix b_view = {b, SEPTET_F32, 3, 4, 4, 1};
//   const septet_matrix c_view = {c, SEPTET_F32, 2, 4, 4, 1};
//   const septet_weights weights = {&a_view, NULL, NULL};
//   if (septet_gemm(&weights, &b_view, &c_view, NULL) != SEPTET_OK)
//     fprintf(stderr, "%s: %s\n", septet_error_argument(), septet_error_message());
//
// It gives the bits of the C++ interface, whose headers say more about the mathematics: septet/gemm.hpp first.
//
// Errors: a call that can fail returns a septet_status; what it should have written is untouched unless that is
// SEPTET_OK. A null pointer where something is needed is SEPTET_BAD_POINTER; a number that is none of an enumeration's,
// SEPTET_BAD_TYPE or SEPTET_BAD_OPTION. No C++ exception leaves the library.
//
// Lifetime: structs are read during the call and not kept; memory behind them belongs to the caller. A handle
// (septet_options, septet_packed, septet_report) belongs to whoever had it made, and goes back to its own _free.
//
// Threads: every function may be called from several threads at once. Calls share a handle as long as none of them
// sets or frees it.
#pragma once

#include "septet/export.h"

#include <stdint.h>  // NOLINT(modernize-deprecated-headers): a C header

#ifdef __cplusplus
#define SEPTET_NOEXCEPT noexcept
extern "C" {
#else
#define SEPTET_NOEXCEPT
#endif

// ---- errors ----

/// Why a call was refused; septet/status.hpp says more.
typedef enum septet_status {
  SEPTET_OK,
  SEPTET_BAD_SHAPE,      ///< a negative dimension, operands that do not fit together, sizes beyond 64 bits
  SEPTET_BAD_POINTER,    ///< a null pointer where something is needed
  SEPTET_BAD_STRIDE,     ///< two outputs on the same element, or an extent beyond 64 bits
  SEPTET_BAD_TYPE,       ///< no element type, or types that are not multiplied with each other
  SEPTET_BAD_OPTION,     ///< an unknown key, a value out of range, or options that exclude each other
  SEPTET_OVERLAP,        ///< C touches an element of an operand
  SEPTET_BAD_STRUCTURE,  ///< sparse indices that are unsorted, duplicated, out of range or inconsistent
  SEPTET_OUT_OF_MEMORY,
  SEPTET_BAD_FILE  ///< cannot be read or written, or does not hold what it should
} septet_status;

/// The argument at fault ("a", "options.fold_depth") in the last call that failed on this thread; "" if none has. A
/// call that succeeds does not change it. The string stays until the next failure on this thread.
SEPTET_API const char* septet_error_argument(void) SEPTET_NOEXCEPT;

/// One line about the same failure, without the argument.
SEPTET_API const char* septet_error_message(void) SEPTET_NOEXCEPT;

// ---- operands ----

/// Element types, for fields and arguments called type. S32 is that of the sums and of outputs, never multiplied.
enum septet_type {
  SEPTET_F32,
  SEPTET_F64,
  SEPTET_S8,
  SEPTET_U8,
  SEPTET_S32,
  SEPTET_BF16,  ///< the upper half of a float
  SEPTET_F16,   ///< IEEE 754 binary16
  SEPTET_S16
};

/// A dense operand: element (i, j) is data[i * row_stride + j * col_stride]. Strides count elements and may be any
/// integer: a transpose is a swap of two, and an input repeats a row or a column with a stride of 0. Inputs are not
/// written to.
typedef struct septet_matrix {
  void* data;
  int32_t type;  ///< a septet_type
  int64_t rows, cols;
  int64_t row_stride, col_stride;
} septet_matrix;

/// How a septet_sparse is compressed.
enum septet_major { SEPTET_CSR, SEPTET_CSC };

/// A sparse operand over the caller's arrays: row i of a CSR (column, of a CSC) holds values[offsets[i] …
/// offsets[i + 1]) at the columns (rows) indices[…], 0-based and strictly ascending. rows + 1 (cols + 1) offsets, the
/// first 0.
typedef struct septet_sparse {
  int32_t major;        ///< a septet_major
  int32_t type;         ///< a septet_type: of the values
  int32_t index_bytes;  ///< 4 or 8: int32_t or int64_t offsets and indices
  int64_t rows, cols;
  const void* offsets;
  const void* indices;
  const void* values;
} septet_sparse;

/// A matrix in the order of the kernels, immutable: made by septet_pack(), multiplied any number of times.
typedef struct septet_packed septet_packed;

/// A as the calls take it: exactly one of the three is not null.
typedef struct septet_weights {
  const septet_matrix* dense;
  const septet_sparse* sparse;
  const septet_packed* packed;
} septet_weights;

// ---- options ----

/// What to compute, and how: GemmOptions, PackOptions and ArrayOptions of the C++ interface in one. A call reads those
/// that concern it; where it takes options, NULL stands for all defaults.
typedef struct septet_options septet_options;

/// Makes options that are all defaults: C = A * B. SEPTET_OUT_OF_MEMORY.
SEPTET_API septet_status septet_options_create(septet_options** options) SEPTET_NOEXCEPT;
/// NULL is fine.
SEPTET_API void septet_options_free(septet_options* options) SEPTET_NOEXCEPT;

/// Sets a number:
///
///   alpha, beta                    real; defaults 1 and 0. Whole numbers where the sums are S32
///   a_zero_point, b_zero_point     products of bytes: subtracted from every element
///   zero_point                     packing bytes: the value that counts as zero
///   threads                        most to use; 0, the default: what septet_threads() says
///   array.height, array.width      processing elements; default 16 each
///   fold_depth                     k per fold of accumulate = fold; 0, the default: the array's height
///   accumulator.bits               what a running sum is kept in: 16 to 32 bits of integers, 16 (an f16) of bf16 and
///                                  f16; 0, the default: all of S32, F32 or F64
///   fold_accumulator.bits          the same of what accumulate = fold adds the folds to
///   flush_subnormals               floats: 0, the default, or 1: subnormal elements, products and sums become zeros
///   combine.lanes, combine.window  csOS; defaults 4 and 16
///   strict_nonfinite               0, the default, or 1: zeros that a format stores are skipped where B has Inf, NaN
///   block.rows, block.cols         packing as bsr; default 4 each
///   slice.height, slice.window     packing as sell; defaults 16 and 256
///   group.n, group.m               packing as nm; defaults 2 and 4
///   tile_cols                      packing as tcsr; 0, the default: by the number of elements
///   expected_cols                  packing with neither format nor dataflow named: the quickest format for a B with
///                                  so many columns; 0, the default: dense stays dense, sparse is CSR
///   bandwidth                      the array's, in bytes per cycle; 0, the default: not a limit
///   a_word_bits                    of a word of A outside the array; 0, the default: its type's
///   memory.a_bytes, .b_bytes,      the emulated array's on-chip buffers (docs/memory.md); 0, the default: none
///     .c_bytes
///   memory.off_chip_bandwidth      between them and off-chip memory, in bytes per cycle; 0, the default: not a limit
///   epilogue.requantise.zero_point, epilogue.requantise.low, epilogue.requantise.high
///
/// SEPTET_BAD_OPTION, with the key as argument: an unknown key; NaN; for all but alpha and beta, a number that is not
/// whole or does not fit the option's integer. Whether the options make sense together is for the call that uses them
/// to say; its argument is then "options." and the key.
SEPTET_API septet_status septet_options_set_number(septet_options* options, const char* key,
                                                   double value) SEPTET_NOEXCEPT;

/// Sets a choice by its name, as on the command line; the default stands first:
///
///   dataflow                       auto, dOS, dWS, dIS, sOS, sWS, sIS, csOS
///   accumulate                     chained, fold
///   mac                            fused, unfused
///   combine.policy                 in-order, first-fit
///   timing                         serial, overlapped, scalesim
///   engine                         registers, plan, plain (emulation)
///   format                         auto, dense, csr, tsb, csb, csc, coo, bsr, ell, sell, bitmap, nm, tcsr: what
///                                  septet_pack() makes
///   side                           left, right: which operand septet_pack() packs
///   epilogue.activation            none, relu, relu6, gelu, sigmoid, tanh
///   epilogue.requantise.rounding   gemmlowp-double, single-half-up, single-half-away, truncate, floor,
///                                  fp32-nearest-even, single-half-even
///   epilogue.requantise.overflow   clamp, wrap
///   accumulator.overflow           wrap (the default), clamp: at every step
///   fold_accumulator.overflow      wrap (the default), clamp
///
/// SEPTET_BAD_OPTION, with the key as argument: an unknown key or name; the message lists those there are.
SEPTET_API septet_status septet_options_set_name(septet_options* options, const char* key,
                                                 const char* name) SEPTET_NOEXCEPT;

/// Sets the arithmetic of a real array or library at once (septet/presets.hpp): accumulate, fold_depth, mac, both
/// accumulators, flush_subnormals, the requantisation's rounding and overflow, and the array where the preset names
/// one. SEPTET_BAD_OPTION, argument "preset": there is none of this name; the message lists those there are.
SEPTET_API septet_status septet_options_apply_preset(septet_options* options, const char* preset) SEPTET_NOEXCEPT;
/// The presets' names: index 0, 1, … until NULL. They stay for good.
SEPTET_API const char* septet_preset_name(int64_t index) SEPTET_NOEXCEPT;

/// Sets an m x n operand of the product, or with NULL takes it away again. The struct is copied; the memory behind it
/// has to outlive the products.
///
///   preload                        where the sums start; of their type
///   epilogue.scale, epilogue.bias, epilogue.residual                  of the sums' type
///   epilogue.requantise.multiplier, epilogue.requantise.shift         S32
///   epilogue.requantise.scale                                         F32
///
/// A stride of 0 repeats: strides 1, 0 are one value per row, 0, 1 one per column, 0, 0 one for all
/// (septet/epilogue.hpp). SEPTET_BAD_OPTION: an unknown key; SEPTET_BAD_TYPE, SEPTET_BAD_POINTER: a matrix without a
/// type, or without data.
SEPTET_API septet_status septet_options_set_matrix(septet_options* options, const char* key,
                                                   const septet_matrix* matrix) SEPTET_NOEXCEPT;

/// A finished tile of sums: rows [m0, m1) and columns [n0, n1) of C.
typedef struct septet_tile {
  void* sums;    ///< row-major, may be changed in place
  int32_t type;  ///< SEPTET_F32, SEPTET_F64 or SEPTET_S32
  int64_t ld;    ///< elements from one row to the next
  int64_t m0, m1, n0, n1;
} septet_tile;

/// Called once for every tile, from several threads at once; must return, and not throw.
typedef void (*septet_tile_function)(void* user, const septet_tile* tile);

/// Sets your own step of the epilogue, between activation and requantisation; a null function takes it away.
SEPTET_API septet_status septet_options_set_tile_function(septet_options* options, septet_tile_function function,
                                                          void* user) SEPTET_NOEXCEPT;

/// Called by septet_emulate(), on its thread, with the folds done and the folds there are.
typedef void (*septet_progress_function)(void* user, int64_t done, int64_t total);

/// Sets who is told how far septet_emulate() is; a null function: nobody.
SEPTET_API septet_status septet_options_set_progress_function(septet_options* options,
                                                              septet_progress_function function,
                                                              void* user) SEPTET_NOEXCEPT;

/// Sets memory for what a dense product copies on its way, so that it allocates none: as much as
/// septet_gemm_workspace_bytes() says, at any address, apart from all operands, used by one call at a time. NULL and 0:
/// septet's own again.
SEPTET_API septet_status septet_options_set_workspace(septet_options* options, void* workspace,
                                                      int64_t bytes) SEPTET_NOEXCEPT;

/// A caller's own way to run things side by side: calls task(context, i) once for every i from 0 to count - 1, from any
/// threads, in any order, one after the other if need be; returns when all have returned.
typedef void (*septet_parallel_for)(void* user, int count, void (*task)(void* context, int i), void* context);

/// Sets it, instead of OpenMP; a null function: OpenMP again.
SEPTET_API septet_status septet_options_set_parallel_for(septet_options* options, septet_parallel_for function,
                                                         void* user) SEPTET_NOEXCEPT;

// ---- products ----

/// C <- epilogue(alpha * A * B + beta * C).
///
/// Types: F32 and F64 (A, B and C alike); BF16 or F16 (A and B alike; sums in F32) into F32 or their own type; S8/U8
/// times S8/U8, or S16 times S16, into S32, or requantised into S8, U8 or S16.
/// Shapes: A m x k, B k x n, C m x n; empty ones are legal.
/// Aliasing: C must not touch an element of any other operand; blocks of one buffer that interleave are fine.
/// Errors: all but SEPTET_BAD_FILE; C is then untouched.
SEPTET_API septet_status septet_gemm(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                                     const septet_options* options) SEPTET_NOEXCEPT;

/// The same with a B that was packed with side = right. Its zero point is the one it was packed with.
SEPTET_API septet_status septet_gemm_packed_b(const septet_matrix* a, const septet_packed* b, const septet_matrix* c,
                                              const septet_options* options) SEPTET_NOEXCEPT;

/// A batch: C_i <- epilogue(alpha * A_i * B_i + beta * C_i), i = 0 … count - 1, bit for bit as one call each.
/// a, b and c are the first matrices; the strides say how many elements further the next one begins: any integer, 0
/// where all products share an A or a B. Preload and epilogue are shared by all. No C may touch another, or an operand.
/// Errors as septet_gemm(), also for the arguments count, a_stride, b_stride and c_stride; no C is touched, except
/// where memory runs out under a sparse dataflow. count = 0: the matrices are not looked at.
SEPTET_API septet_status septet_gemm_batch(int64_t count, const septet_matrix* a, int64_t a_stride,
                                           const septet_matrix* b, int64_t b_stride, const septet_matrix* c,
                                           int64_t c_stride, const septet_options* options) SEPTET_NOEXCEPT;

/// What septet_options_set_workspace() has to bring for these products, in bytes, with these options, the target in use
/// and as many threads as they would use now. Operands may lack their data. 0: none is needed, the product is sparse,
/// or would be refused. Errors: null pointers and types that are none.
SEPTET_API septet_status septet_gemm_workspace_bytes(const septet_weights* a, const septet_matrix* b,
                                                     const septet_matrix* c, const septet_options* options,
                                                     int64_t* bytes) SEPTET_NOEXCEPT;
SEPTET_API septet_status septet_gemm_packed_b_workspace_bytes(const septet_matrix* a, const septet_packed* b,
                                                              const septet_matrix* c, const septet_options* options,
                                                              int64_t* bytes) SEPTET_NOEXCEPT;
SEPTET_API septet_status septet_gemm_batch_workspace_bytes(int64_t count, const septet_matrix* a,
                                                           const septet_matrix* b, const septet_matrix* c,
                                                           const septet_options* options,
                                                           int64_t* bytes) SEPTET_NOEXCEPT;

/// What septet_gemm() would do with these, and why: nothing is computed.
typedef struct septet_explanation septet_explanation;

/// Makes one, a new handle. Errors as the product's; `explanation` is then untouched.
SEPTET_API septet_status septet_explain(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                                        const septet_options* options,
                                        septet_explanation** explanation) SEPTET_NOEXCEPT;
SEPTET_API septet_status septet_explain_packed_b(const septet_matrix* a, const septet_packed* b, const septet_matrix* c,
                                                 const septet_options* options,
                                                 septet_explanation** explanation) SEPTET_NOEXCEPT;
/// NULL is fine.
SEPTET_API void septet_explanation_free(septet_explanation* explanation) SEPTET_NOEXCEPT;
/// All of it, a fact a line ("kernel", "threads", "blocks", …; septet/explain.hpp). The string lives as long as the
/// handle; "" for NULL.
SEPTET_API const char* septet_explanation_text(const septet_explanation* explanation) SEPTET_NOEXCEPT;

// ---- packed matrices ----

/// Copies A into the order that a dataflow streams, without its zeros unless the format is dense; with side = right, a
/// dense B. Reads the options dataflow, format, array, combine, zero_point, side, block, slice, group, tile_cols and
/// expected_cols. `packed` gets a new handle.
/// Errors: as septet_gemm(), for what there is; `packed` is then untouched.
SEPTET_API septet_status septet_pack(const septet_weights* a, const septet_options* options,
                                     septet_packed** packed) SEPTET_NOEXCEPT;
/// NULL is fine.
SEPTET_API void septet_packed_free(septet_packed* packed) SEPTET_NOEXCEPT;

/// Writes every element to A, of the same shape and type. Zeros come back as +0, or as the zero point.
SEPTET_API septet_status septet_unpack(const septet_packed* packed, const septet_matrix* a) SEPTET_NOEXCEPT;

/// The same pattern with new values: those of A where `packed` stores an element. SEPTET_BAD_STRUCTURE: A has one that
/// it does not. `updated` gets a new handle.
SEPTET_API septet_status septet_update_values(const septet_packed* packed, const septet_weights* a,
                                              septet_packed** updated) SEPTET_NOEXCEPT;

/// To a file and back, on any CPU. SEPTET_BAD_FILE: it cannot be written, or is not one, cut off or changed; an old
/// file is then as it was, and `packed` untouched.
SEPTET_API septet_status septet_save(const septet_packed* packed, const char* path) SEPTET_NOEXCEPT;
SEPTET_API septet_status septet_load(const char* path, septet_packed** packed) SEPTET_NOEXCEPT;

/// What a packed matrix is, and what it was packed with. Names are those of septet_options_set_name(), never "auto",
/// and stay for good.
typedef struct septet_packed_info {
  int32_t type;  ///< a septet_type
  int64_t rows, cols;
  int64_t nnz;             ///< elements that are not zero
  int64_t values_bytes;    ///< what the elements take, exactly
  int64_t metadata_bytes;  ///< what says where they belong
  const char* format;
  const char* dataflow;
  const char* side;
  int64_t array_height, array_width;
  int32_t combine_lanes, combine_window;
  const char* combine_policy;
  int32_t zero_point;
} septet_packed_info;

SEPTET_API septet_status septet_packed_get_info(const septet_packed* packed, septet_packed_info* info) SEPTET_NOEXCEPT;

// ---- the emulated array ----

/// What a run on the array cost.
typedef struct septet_report septet_report;

/// septet_gemm() on an emulated array: the same bits, and a report, a new handle. Reads timing, engine, bandwidth, the
/// memory system and the progress function, too. C and `report` are untouched unless the status is SEPTET_OK; but
/// where what the progress function throws ends the run, parts of C may have been written.
SEPTET_API septet_status septet_emulate(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                                        const septet_options* options, septet_report** report) SEPTET_NOEXCEPT;

/// The same report in closed form, for A (its pattern) times a k x n matrix of b_type.
SEPTET_API septet_status septet_cycles(const septet_weights* a, int64_t n, int32_t b_type,
                                       const septet_options* options, septet_report** report) SEPTET_NOEXCEPT;

/// The same for a dense m x k A, from the shape alone.
SEPTET_API septet_status septet_cycles_of_shape(int64_t m, int64_t n, int64_t k, int32_t a_type, int32_t b_type,
                                                const septet_options* options, septet_report** report) SEPTET_NOEXCEPT;

/// The words of the sizes, in their order; types as septet_type.
enum {
  SEPTET_SIZES_VERSION,   ///< 1
  SEPTET_SIZES_DATAFLOW,  ///< 1 dOS, 2 dWS, 3 dIS, 4 sOS, 5 sWS, 6 sIS, 7 csOS
  SEPTET_SIZES_M,
  SEPTET_SIZES_N,
  SEPTET_SIZES_K,
  SEPTET_SIZES_HEIGHT,  ///< of the array
  SEPTET_SIZES_WIDTH,
  SEPTET_SIZES_LANES,       ///< csOS: columns that a step may hold; else 1
  SEPTET_SIZES_TIMING,      ///< 0 serial, 1 overlapped, 2 scalesim
  SEPTET_SIZES_ACCUMULATE,  ///< 0 chained, 1 fold-then-add
  SEPTET_SIZES_PRELOAD,     ///< 1: sums start from what C's memory holds
  SEPTET_SIZES_A_BYTES,     ///< length of the image of A
  SEPTET_SIZES_A_TYPE,
  SEPTET_SIZES_B_TYPE,
  SEPTET_SIZES_SUM_TYPE,
  SEPTET_SIZES_A_ZERO_POINT,  ///< two's complement
  SEPTET_SIZES_B_ZERO_POINT,
  SEPTET_SIZES_WORDS  ///< how many there are
};

/// What a hardware array finds in its memories (septet/emulation/memory_image.hpp, docs/images.md): the
/// SEPTET_SIZES_WORDS words that its controller is started with, and A as the dataflow streams it, for A times a k x n
/// matrix of b_type. Reads the options of septet_emulate(). `image` gets sizes[SEPTET_SIZES_A_BYTES] bytes, or is NULL:
/// then the sizes alone are written. Errors: as septet_emulate(); SEPTET_BAD_SHAPE, "capacity": fewer bytes than the
/// image has. Nothing is then written.
SEPTET_API septet_status septet_memory_image(const septet_weights* a, int64_t n, int32_t b_type,
                                             const septet_options* options, uint32_t* sizes, void* image,
                                             int64_t capacity) SEPTET_NOEXCEPT;

/// NULL is fine.
SEPTET_API void septet_report_free(septet_report* report) SEPTET_NOEXCEPT;

/// The keys of the counts, in their order: index 0, 1, … until NULL. They stay for good.
SEPTET_API const char* septet_report_key(int64_t index) SEPTET_NOEXCEPT;

/// A count by its key: "cycles", "macs_issued", "reads_a_words", … (septet/emulation/report.hpp has them with their
/// units), and what a memory system adds: "cycles_with_memory", "off_chip_reads_a_bytes", …
/// (septet/emulation/memory.hpp; not among septet_report_key()'s, 0 without one). SEPTET_BAD_OPTION: an unknown key.
SEPTET_API septet_status septet_report_count(const septet_report* report, const char* key,
                                             int64_t* count) SEPTET_NOEXCEPT;

/// What the run costs by the default table of energies (docs/memory.md): "energy_total_pj", "energy_mac_pj", …
/// (septet/emulation/energy.hpp has them). SEPTET_BAD_OPTION: an unknown key.
SEPTET_API septet_status septet_report_energy(const septet_report* report, const char* key,
                                              double* picojoules) SEPTET_NOEXCEPT;

/// Useful multiply-accumulates per processing element and cycle: 0 to 1.
SEPTET_API septet_status septet_report_utilization(const septet_report* report, double* utilization) SEPTET_NOEXCEPT;

/// The name of the dataflow that ran, never "auto". It stays for good.
SEPTET_API septet_status septet_report_dataflow(const septet_report* report, const char** dataflow) SEPTET_NOEXCEPT;

// ---- this machine, this library ----

/// The instruction sets that the kernels were built for and this CPU has, best first, NULL last.
SEPTET_API const char* const* septet_supported_targets(void) SEPTET_NOEXCEPT;
/// Uses one of them from now on, in all threads; NULL: the best. No bit depends on it. SEPTET_BAD_OPTION: not one of
/// them.
SEPTET_API septet_status septet_set_target(const char* name) SEPTET_NOEXCEPT;
/// The one in use.
SEPTET_API const char* septet_target(void) SEPTET_NOEXCEPT;

/// The most threads that products of this process use from now on, 1 to 1024; SEPTET_BAD_OPTION otherwise.
/// septet/threads.hpp has the policy: options, this, SEPTET_NUM_THREADS, OMP_NUM_THREADS, affinity and quota.
SEPTET_API septet_status septet_set_threads(int32_t n) SEPTET_NOEXCEPT;
/// Back to what the environment and the machine say.
SEPTET_API void septet_reset_threads(void) SEPTET_NOEXCEPT;
/// How many a large product would use now.
SEPTET_API int32_t septet_threads(void) SEPTET_NOEXCEPT;

/// "major.minor.patch" of the library that is running.
SEPTET_API const char* septet_version(void) SEPTET_NOEXCEPT;

#ifdef __cplusplus
}  // extern "C"
#endif
