// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrices in files: .npy (NumPy), .mtx (Matrix Market), .smtx (DLMC sparsity patterns), .septet (packed, of
// septet::save), and `random:…`, which makes one. Readers name the file, the line (text) or byte (.npy), and the cause
// of what they reject; memory follows the data that is really there, never a size that a header claims.
#pragma once

#include "septet/gemm.hpp"

#include <string>
#include <vector>

namespace septet::io {

class StagedFile;

/// Rows and columns, each, of a matrix whose size is only a claim: of a text file, an empty or a random matrix.
/// Per-row index arrays are made from it, and the product of two still fits 64 bits.
inline constexpr Index kMaxFileDimension = Index{1} << 24;

/// Bytes of a dense matrix that is made from less: from entries, or from a `random:…`.
inline constexpr Index kMaxDenseBytes = Index{1} << 33;

/// What one element of a file is.
enum class Element : std::uint8_t { f16, bf16, f32, f64, s8, u8, s16, u16, s32, u32, s64, u64, pattern, real, integer };

/// "f32", "s8", …; text fields keep their Matrix Market names ("real", "integer", "pattern").
const char* name(Element element);

/// One stored element of a coordinate file, 0-based.
struct Entry {
  std::int32_t row;
  std::int32_t col;
  double value;
};

/// A matrix as its file holds it.
struct FileMatrix {
  std::string path;
  Element element = Element::real;
  Index rows = 0;
  Index cols = 0;
  bool coordinate = false;  ///< true: `entries`; false: `bytes`
  /// Sorted by row, then column; symmetry expanded; duplicates summed; explicit zeros kept.
  std::vector<Entry> entries;
  std::vector<std::byte> bytes;  ///< row-major, native byte order; text arrays (.mtx array) as doubles
  std::string symmetry = "general";
  Index stored = 0;                 ///< entries in the file; elements of a dense one
  Index duplicates_stored = 0;      ///< coordinate: of them, those that repeat a position
  Index explicit_zeros_stored = 0;  ///< coordinate: of them, those that are zero
  PackedMatrix packed;              ///< .septet only: as it is packed there
};

/// Reads `path` by its ending, or makes `random:64x576,zeros=0.8,seed=1,dtype=f32` (all but the shape optional).
/// A one-dimensional .npy array is read as one row. `matrix` is left alone unless the Status is ok.
/// Causes: bad_file, bad_option (random:…), out_of_memory.
Status read_matrix(const std::string& path, FileMatrix& matrix);

/// A matrix with elements of one of the multiplied types, dense (row-major) or CSR, owning its memory.
struct OwnedMatrix {
  Type type = Type::f32;
  Index rows = 0;
  Index cols = 0;
  bool sparse = false;
  std::vector<std::byte> values;      ///< dense: rows * cols elements; sparse: one per entry
  std::vector<std::int64_t> row_ptr;  ///< sparse only
  std::vector<std::int64_t> col_idx;

  Matrix dense_view();
  SparseView sparse_view() const;
  /// Either of them, as the calls take A.
  Weights weights();
};

/// The type that a file speaks for itself: f32, f64, bf16, f16, s8, u8, s16, s32; none for text and other integers.
bool native_type(const FileMatrix& matrix, Type& type);

/// Converts to `type`. Floats round to nearest even (decimal text a second time: reading made it f64), and a finite
/// value that would round to infinity is rejected; an integer type rejects NaN, infinities, fractions and values out
/// of range. Either names the first offender. `densify`: expand a coordinate matrix to dense rows, at most
/// kMaxDenseBytes. `converted` is left alone unless the Status is ok. Causes: bad_file, out_of_memory.
Status convert(const FileMatrix& matrix, Type type, bool densify, OwnedMatrix& converted);

/// Writes a matrix of f32, f64, f16, s8, u8, s16 or s32 (NumPy has no bf16) as .npy version 1.0, C order: first to a
/// neighbouring temporary file, then renamed, so that an error leaves nothing behind and an old file whole. A symbolic
/// link stays one; what is there and is no regular file (a device, a pipe) is refused. Causes: bad_file, bad_shape,
/// bad_type, bad_pointer, out_of_memory.
Status write_npy(const std::string& path, const ConstMatrix& matrix);
/// The same into a file that the caller commits. Throws Error.
void write_npy(const StagedFile& staged, const ConstMatrix& matrix);

}  // namespace septet::io
